#!/bin/sh
# Runs every fuzz target for a number of seconds (default: 10) on a copy of its corpus, as many of them at
# once as the second argument says (default: 1), and prints a line for each. The targets are those of the
# build directory: $top_builddir, or the current directory. The input of a failure is kept in the directory
# that is printed.
set -u

seconds=${1:-10}
at_once=${2:-1}
for number in "$seconds" "$at_once"; do
	case $number in
	'' | *[!0-9]* | 0)
		echo "usage: $0 [seconds per target] [targets at once]" >&2
		exit 2
		;;
	esac
done
here=$(cd "$(dirname "$0")" && pwd) || exit 2
build=${top_builddir:-.}
work=$(mktemp -d "${TMPDIR:-/tmp}/polytask-fuzz.XXXXXX") || exit 2
passed=0
failed=0

# The parser rejects longer inputs by their length alone.
max_len()
{
	case $1 in
	json | dialect | uplynk_signature) echo 4096 ;;
	request) echo 10240 ;;
	fcgi | record | import) echo 2048 ;;
	*) echo 512 ;;
	esac
}

run()
{
	program=$build/tests/fuzz/fuzz_$1
	mkdir "$work/$1"
	cp "$here/corpus/$1"/* "$work/$1/" || return
	chmod u+w "$work/$1"/*
	"$program" -max_total_time="$seconds" -max_len="$(max_len "$1")" -timeout=10 -rss_limit_mb=1024 \
		-print_final_stats=1 -artifact_prefix="$work/$1-" "$work/$1" >"$work/$1.log" 2>&1 &&
		: >"$work/$1.passed"
}

# All targets take the same time, so the next ones begin when all of these have ended.
count=0
for folder in "$here"/corpus/*/; do
	run "$(basename "$folder")" &
	count=$((count + 1))
	[ $((count % at_once)) -gt 0 ] || wait
done
wait
for folder in "$here"/corpus/*/; do
	target=$(basename "$folder")
	if [ -e "$work/$target.passed" ]; then
		passed=$((passed + 1))
		units=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$target.log")
		echo "ok $target: $units inputs"
	else
		failed=$((failed + 1))
		echo "not ok $target: see $work/$target.log"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -gt 0 ] || rm -r "$work"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
