#!/bin/sh
# Installs what tests need from npm's registry in the folders of its arguments: the versions and sums of
# package-lock.json. Without npm or network the tests that need it are skipped.
command -v npm >/dev/null || exit 0
for folder in "$@"; do
	cmp -s "$folder/package-lock.json" "$folder/node_modules/installed.json" && continue
	if (cd "$folder" && timeout 300 npm ci --no-audit --no-fund \
		--ignore-scripts --fetch-retries 1 --fetch-timeout 30000) >"$folder/npm.log" 2>&1; then
		cp "$folder/package-lock.json" "$folder/node_modules/installed.json"
	else
		printf 'polytask: npm could not install the packages; see %s\n' "$folder/npm.log"
	fi
done
