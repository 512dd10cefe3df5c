#!/bin/sh
# Builds, installs and distributes the console's files for make. They are built in the source tree, in dist/ beside this
# script, so that a release contains them and needs no npm.
#
# usage: files.sh build              builds them if a source is newer
#        files.sh install DIR        copies them to DIR, and removes those of an earlier version
#        files.sh distribute DIR     copies them to DIR, the tree of a release
#
# Reads CONSOLE (m4/console.m4) and the programs NODE, NPM and INSTALL_DATA from the environment.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd -P)
INPUTS='src index.html build.mjs package.json package-lock.json'
BUILT=$HERE/dist/index.html

say() {
	printf 'polytask: %s\n' "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# Compares files only: the times of folders change when files are copied or removed.
is_current() {
	# shellcheck disable=SC2086
	[ -f "$BUILT" ] && [ -z "$(cd "$HERE" && find $INPUTS -type f -newer "$BUILT")" ]
}

# Installs npm's packages. tests/lib/npm_install.sh uses the same stamp, a copy of the lock file.
fetch() {
	cmp -s "$HERE/package-lock.json" "$HERE/node_modules/installed.json" && return 0
	(cd "$HERE" && "$NPM" ci --ignore-scripts --no-audit --no-fund --fetch-retries 1 \
		--fetch-retry-mintimeout 1000 --fetch-timeout 30000) >"$HERE/npm.log" 2>&1 || return 1
	cp "$HERE/package-lock.json" "$HERE/node_modules/installed.json"
}

build() {
	! is_current || return 0
	case $CONSOLE in
	build) ;;
	built)
		[ -f "$BUILT" ] || die "the console's files are gone since configure: run configure again"
		say "note: the console's files are older than its sources, and there is no npm to build them"
		return 0
		;;
	*) return 0 ;;
	esac
	# test -w would succeed for root on a read-only file system.
	(: >"$HERE/npm.log") 2>/dev/null || die "the console is not built, and $HERE is not writable:" \
		"build it there, or give configure --without-console"
	fetch || die "npm could not fetch what builds the console, see $HERE/npm.log:" \
		"./configure --without-console leaves it out"
	(cd "$HERE" && "$NODE" build.mjs) ||
		die "the console could not be built; ./configure --without-console leaves it out"
}

# Installs index.html last and removes old files after that: at any time a browser finds the files that the page names.
install_to() {
	case $CONSOLE in
	build | built) ;;
	*) return 0 ;;
	esac
	mkdir -p "$1/assets"
	# shellcheck disable=SC2086
	$INSTALL_DATA "$HERE"/dist/assets/* "$1/assets"
	# shellcheck disable=SC2086
	$INSTALL_DATA "$HERE"/dist/index.html "$HERE"/dist/index.html.gz "$1"
	for file in "$1"/assets/*; do
		[ -e "$HERE/dist/assets/${file##*/}" ] || rm -f -- "$file"
	done
}

# make copies the folder of the tests whole: removes npm's packages from the copy, which do not belong to a release.
distribute_to() {
	rm -rf -- "$1"/tests/*/node_modules "$1"/tests/*/npm.log
	if is_current; then
		cp -Rp "$HERE/dist" "$1/dist"
	else
		say "note: the release has no built console; who builds it needs npm"
	fi
}

case ${1-}:$# in
build:1) build ;;
install:2) install_to "$2" ;;
distribute:2) distribute_to "$2" ;;
*) die "usage: files.sh build | install DIR | distribute DIR" ;;
esac
