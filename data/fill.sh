#!/bin/sh
# Fills in a template: replaces each @NAME@ by its value and drops the comment "# Placeholders: ..." up to
# the next empty line. A line with @NAME[]@ is written once for each word of the value. Fails if a name has no
# value. Used by make, by the try-out instance and by tests/e2e.
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
function value(name) {
	if (!(name in values)) {
		print "fill.sh: no value for @" name "@" >"/dev/stderr"
		failed = 1
	}
	return values[name]
}
function filled(rest, line) {
	line = ""
	while (match(rest, /@[A-Za-z_]+@/)) {
		line = line substr(rest, 1, RSTART - 1) value(substr(rest, RSTART + 1, RLENGTH - 2))
		rest = substr(rest, RSTART + RLENGTH)
	}
	return line rest
}
/^# Placeholders:/ { dropping = 1 }
dropping && $0 != "" { next }
{ dropping = 0 }
match($0, /@[A-Za-z_]+\[\]@/) {
	before = substr($0, 1, RSTART - 1)
	after = substr($0, RSTART + RLENGTH)
	count = split(value(substr($0, RSTART + 1, RLENGTH - 4)), words, " ")
	for (i = 1; i <= count; i++)
		print filled(before) words[i] filled(after)
	next
}
{ print filled($0) }
END { exit failed }' "$@"
