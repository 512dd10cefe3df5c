#!/bin/bash
# Part of `bootstrap run --demo`: creates a task of a random API every two seconds, so that the console has something to
# show. After ten minutes it creates one every twenty seconds, so that an instance that is left alone stays small. The
# sandbox carries the tasks out. One in twelve fails, is tried again or is cancelled.
#
# usage: clients.sh CURL-OPTIONS URL
set -u

CURL=$1
TASKS=$2/v1/tasks
NAMES=("nightly report" "trailer" "season 2, episode 4" "master" "inspections of May" "clone of database_01")
KINDS=(encode package thumbnails report)

pick() {
	local -n words=$1

	printf '%s' "${words[RANDOM % ${#words[@]}]}"
}

# The fields that clients of the dialect send.
task() {
	local number=$((RANDOM * 32768 + RANDOM)) word='' name

	case $((RANDOM % 36)) in
	0) word=' sandbox-fail' ;;
	1) word=' sandbox-retry' ;;
	2) word=' sandbox-cancel' ;;
	esac
	name="$(pick NAMES)$word"
	case $((RANDOM % 6)) in
	0) printf '{"dialect": "virtshell", "fields": {"description": "%s"}}' "$name" ;;
	1) printf '{"dialect": "vionlabs", "fields": {"inventory_id": "item-%d%s", "product": "adbreaks", "version": "1.0"}}' \
		$number "${word// /-}" ;;
	2) printf '{"dialect": "fourhse", "fields": {"handler": "ExportHandler", "request": "%s"}}' "$name" ;;
	3) printf '{"dialect": "idol", "fields": {"master-type": "hd", "url": "https://files.example.com/%d.wav", ' $number
		printf '"md5": "82ec2f5bc5372ef72332606fa74209d1", "attachable": {"type": "tracks", "id": "%d"}}}' $number ;;
	*) printf '{"kind": "%s", "fields": {"name": "%s", "file": "%d.mov"}}' "$(pick KINDS)" "$name" $number ;;
	esac
}

while sleep $((SECONDS < 600 ? 2 : 20)); do
	# A failure is ignored: the service may be stopped or busy.
	task | curl -K "$CURL" -o /dev/null -m 5 --json @- "$TASKS" 2>/dev/null
done
