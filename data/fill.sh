#!/bin/sh
# Fills in a template: replaces each @NAME@ by its value and drops the comment "# Placeholders: ..." up to
# the next empty line. Fails if a name has no value. Used by make, by the try-out instance and by tests/e2e.
#
# usage: fill.sh NAME=VALUE... <template >file
exec ${AWK:-awk} '
BEGIN {
	for (i = 1; i < ARGC; i++) {
		equals = index(ARGV[i], "=")
		values[substr(ARGV[i], 1, equals - 1)] = substr(ARGV[i], equals + 1)
	}
	ARGC = 1
}
/^# Placeholders:/ { dropping = 1 }
dropping && $0 != "" { next }
{
	dropping = 0
	line = ""
	while (match($0, /@[A-Za-z_]+@/)) {
		name = substr($0, RSTART + 1, RLENGTH - 2)
		if (!(name in values)) {
			print "fill.sh: no value for @" name "@" >"/dev/stderr"
			failed = 1
		}
		line = line substr($0, 1, RSTART - 1) values[name]
		$0 = substr($0, RSTART + RLENGTH)
	}
	print line $0
}
END { exit failed }' "$@"
