#!/bin/sh
# Installs the linter of the OpenAPI documents beside this script, from npm's registry: the versions and sums
# of package-lock.json. Without npm or network the test of the documents is skipped.
folder=$(dirname "$0")

command -v npm >/dev/null || exit 0
cmp -s "$folder/package-lock.json" "$folder/node_modules/installed.json" && exit 0
if (cd "$folder" && timeout 300 npm ci --no-audit --no-fund \
	--ignore-scripts --fetch-retries 1 --fetch-timeout 30000) >"$folder/npm.log" 2>&1; then
	cp "$folder/package-lock.json" "$folder/node_modules/installed.json"
else
	printf 'polytask: npm could not install the linter; see %s\n' "$folder/npm.log"
fi
