#!/bin/sh
# Runs a test program. cmocka calls a skipped test "not ok N # SKIP", which TAP counts as a failure.
exec 4>&1
status=$({ { "$@"; echo $? >&3; } | sed 's/^not ok \([0-9]* # SKIP\)/ok \1/' >&4; } 3>&1)
exit "$status"
