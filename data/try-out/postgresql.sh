# Part of run.sh: with --store postgresql, a PostgreSQL server of this instance, in $HOME_DIR/postgresql. It is
# reached by a unix socket in $SOCKETS only, which no other user can connect to.

POSTGRESQL_BINARIES='' # the directory of its programs
POSTGRESQL_USER=''     # that the server runs as; empty: this one

# Of the version that made the files; else the newest.
find_postgresql() {
	local version='' folder

	[ ! -f "$HOME_DIR/postgresql/PG_VERSION" ] || version=$(cat "$HOME_DIR/postgresql/PG_VERSION")
	for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
		[ -x "$folder/initdb" ] && [ -x "$folder/createdb" ] || continue
		[ -z "$version" ] || [ "$folder" = "/usr/lib/postgresql/$version/bin" ] || continue
		POSTGRESQL_BINARIES=$folder
	done
	[ -n "$POSTGRESQL_BINARIES" ] ||
		die "there are no programs of PostgreSQL${version:+ $version} in /usr/lib/postgresql; install postgresql"
	[ "$(id -u)" = 0 ] || return 0
	# The server refuses to run as root.
	for POSTGRESQL_USER in postgres nobody; do
		! id -u "$POSTGRESQL_USER" >/dev/null 2>&1 || return 0
	done
	die "there is no user postgres or nobody for the server; do not run this as root"
}

# OPTIONS-OF-SETPRIV... COMMAND...: replaces this shell by a program of PostgreSQL. Root's home may be a place that
# the server's user cannot enter, so the program may pass any directory.
become_postgresql() {
	[ -z "$POSTGRESQL_USER" ] || set -- --reuid "$POSTGRESQL_USER" --regid "$(id -gn "$POSTGRESQL_USER")" \
		--clear-groups --inh-caps +dac_override --ambient-caps +dac_override "$@"
	exec setsid setpriv "$@"
}

# COMMAND...: runs one and waits for it; its output is in the log.
run_postgresql() {
	(become_postgresql --pdeathsig KILL "$@") </dev/null >>"$HOME_DIR/log/postgresql.log" 2>&1 9>&-
}

fail_postgresql() {
	stop_postgresql
	die "$1; see $HOME_DIR/log/postgresql.log"
}

# The files get their name when they are complete.
make_database() {
	local new=$HOME_DIR/postgresql.new

	[ ! -d "$HOME_DIR/postgresql" ] || return 0
	printf 'polytask: making a database in %s\n' "$HOME_DIR/postgresql"
	rm -rf -- "$new"
	mkdir -m 0700 "$new"
	[ -z "$POSTGRESQL_USER" ] || chown "$POSTGRESQL_USER" "$new"
	run_postgresql "$POSTGRESQL_BINARIES/initdb" -D "$new" -U polytask --auth=trust --encoding=UTF8 --locale=C ||
		die "initdb failed; see $HOME_DIR/log/postgresql.log"
	mv "$new" "$HOME_DIR/postgresql"
}

# SIGINT ends the connections and stops the server. Like polytaskd it inherits the lock of the directory, so that the
# next start waits for its end. No server runs while this script has the lock, whatever a file says.
start_postgresql() {
	local deadline=$((SECONDS + 60))

	find_postgresql
	make_database
	rm -f -- "$HOME_DIR/postgresql/postmaster.pid" "$SOCKETS"/.s.PGSQL.5432{,.lock}
	(become_postgresql --pdeathsig INT "$POSTGRESQL_BINARIES/postgres" -D "$HOME_DIR/postgresql" \
		-c "unix_socket_directories=\"$SOCKETS\"" -c unix_socket_permissions=0700 -c listen_addresses= \
		-c port=5432 -c max_connections=200 -c max_wal_size=256MB) \
		</dev/null >>"$HOME_DIR/log/postgresql.log" 2>&1 &
	POSTGRESQL_PID=$!
	until "$POSTGRESQL_BINARIES/pg_isready" -q -h "$SOCKETS" -p 5432 9>&-; do
		alive "$POSTGRESQL_PID" || fail_postgresql "PostgreSQL did not start"
		[ $SECONDS -lt $deadline ] || fail_postgresql "PostgreSQL does not answer"
		sleep 0.1
	done
}

# The database and its tables, if they do not exist yet; those of an older build are brought to this one.
prepare_database() {
	local log=$HOME_DIR/log/postgresql.log

	(polytaskctl store check) >>"$log" 2>&1 && return 0
	run_postgresql "$POSTGRESQL_BINARIES/createdb" -h "$SOCKETS" -p 5432 -U polytask polytask || true
	(polytaskctl store init || polytaskctl store upgrade) >>"$log" 2>&1 ||
		fail_postgresql "the tables cannot be made"
}

stop_postgresql() {
	alive "$POSTGRESQL_PID" || return 0
	kill -INT "$POSTGRESQL_PID" 2>/dev/null || true
	wait "$POSTGRESQL_PID" 2>/dev/null || true
	POSTGRESQL_PID=''
}

# The value of the option store. A byte that has a meaning in a URL is encoded.
store_url() {
	local LC_ALL=C text=$SOCKETS out='' byte

	while [ -n "$text" ]; do
		byte=${text:0:1}
		text=${text:1}
		[[ $byte =~ [A-Za-z0-9/._-] ]] || printf -v byte %%%02X $(($(printf %d "'$byte") & 255))
		out+=$byte
	done
	printf 'postgresql:///polytask?user=polytask&host=%s' "$out"
}
