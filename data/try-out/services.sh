# Part of run.sh: starts and stops polytaskd, nginx, the sandbox and clients.sh; stops PostgreSQL.

# setsid: Ctrl-C reaches only this script, which chooses the order. pdeathsig: the kernel ends the services
# when this script is killed.
start_polytaskd() {
	# One of an instance that was killed.
	rm -f -- "$SOCKETS/control.sock"
	setsid setpriv --pdeathsig TERM \
		"$BUILD/polytaskd" -c "$HOME_DIR/polytask.conf" </dev/null \
		>>"$HOME_DIR/log/polytaskd.log" 2>&1 &
	POLYTASKD_PID=$!
}

start_nginx() {
	setsid setpriv --pdeathsig QUIT \
		"$NGINX" -p "$HOME_DIR" -e "$HOME_DIR/log/nginx-error.log" -c "$HOME_DIR/nginx.conf" \
		</dev/null >>"$HOME_DIR/log/nginx-error.log" 2>&1 9>&- &
	NGINX_PID=$!
}

# One worker for the tasks of all dialects in the tenant demo. A task takes 2 seconds on average (polytaskctl(8), WORKERS).
start_sandbox() {
	setsid setpriv --pdeathsig KILL \
		"$BUILD/polytaskctl" work --simulate --seconds 2 --jobs 64 --lease 10 --name sandbox \
		--url "$POLYTASK_URL" --ca "$POLYTASK_CACERT" --token-file "$HOME_DIR/sandbox.token" \
		</dev/null >>"$HOME_DIR/log/sandbox.log" 2>&1 9>&- &
	SANDBOX_PID=$!
}

# Creates the tasks that the sandbox carries out.
start_clients() {
	setsid setpriv --pdeathsig KILL bash "$SOURCE/data/try-out/clients.sh" "$HOME_DIR/demo.curl" "$POLYTASK_URL" \
		</dev/null >>"$HOME_DIR/log/sandbox.log" 2>&1 9>&- &
	CLIENTS_PID=$!
}

stop_clients() {
	[ -n "$CLIENTS_PID" ] || return 0
	kill -KILL -- "-$CLIENTS_PID" 2>/dev/null || true
	wait "$CLIENTS_PID" 2>/dev/null || true
	CLIENTS_PID=''
}

alive() {
	[ -n "$1" ] && kill -0 "$1" 2>/dev/null
}

# At the second signal it gives its tasks back instead of waiting for their end.
stop_sandbox() {
	local tries

	alive "$SANDBOX_PID" || return 0
	kill -TERM "$SANDBOX_PID" 2>/dev/null || true
	sleep 0.1
	kill -TERM "$SANDBOX_PID" 2>/dev/null || true
	for ((tries = 0; tries < 50; tries++)); do
		alive "$SANDBOX_PID" || break
		sleep 0.1
	done
	kill -KILL "$SANDBOX_PID" 2>/dev/null || true
	wait "$SANDBOX_PID" 2>/dev/null || true
	SANDBOX_PID=''
}

# nginx first: it finishes its requests while polytaskd still answers them.
stop_services() {
	local tries

	trap '' INT TERM HUP
	stop_timer
	stop_clients
	stop_sandbox
	if alive "$NGINX_PID"; then
		kill -QUIT "$NGINX_PID" 2>/dev/null || true
		for ((tries = 0; tries < 100; tries++)); do
			alive "$NGINX_PID" || break
			sleep 0.1
		done
		kill -TERM "$NGINX_PID" 2>/dev/null || true
		wait "$NGINX_PID" 2>/dev/null || true
	fi
	# nginx's workers survive a master that was killed, and hold the port; they are in its process group.
	[ -z "$NGINX_PID" ] || kill -KILL -- "-$NGINX_PID" 2>/dev/null || true
	if alive "$POLYTASKD_PID"; then
		kill -TERM "$POLYTASKD_PID" 2>/dev/null || true
		wait "$POLYTASKD_PID" 2>/dev/null || true
	fi
	stop_postgresql
	NGINX_PID=''
	POLYTASKD_PID=''
	# Both use memory; the next start creates them again.
	rm -rf -- "$MEMORY/regions" "$MEMORY/authorized"
	[ -z "$WEB_USER" ] || rm -rf -- "$MEMORY/nginx" "$MEMORY/openapi" "$MEMORY/console"
	rm -f -- "$SOCKETS"/{polytask.sock,polytask.sock.read,control.sock}
	[ "$SOCKETS" = "$HOME_DIR" ] || rmdir -- "$SOCKETS" 2>/dev/null || true
	rmdir -- "$MEMORY" 2>/dev/null || true
}

# Prints which service ended; fails if all run. The sandbox is no service: its end does not end them.
ended_service() {
	if ! alive "$POLYTASKD_PID"; then
		echo "polytaskd ended; see $HOME_DIR/log/polytaskd.log"
	elif [ -n "$NGINX_PID" ] && ! alive "$NGINX_PID"; then
		echo "nginx ended; see $HOME_DIR/log/nginx-error.log"
	elif [ "$STORE" = postgresql ] && ! alive "$POSTGRESQL_PID"; then
		echo "PostgreSQL ended; see $HOME_DIR/log/postgresql.log"
	else
		return 1
	fi
}

note_end_of_sandbox() {
	[ -n "$SANDBOX_PID" ] && ! alive "$SANDBOX_PID" || return 0
	SANDBOX_PID=''
	printf 'polytask: note: the sandbox ended, the service goes on without it; see %s\n' \
		"$HOME_DIR/log/sandbox.log"
}

# Keeps one older part of each log, as FILE.1. All programs append, so that they go on at the beginning of a file
# that was truncated. Lines that are written after the copy and before that are lost.
rotate_logs() {
	local log

	for log in "$HOME_DIR"/log/*.log; do
		[ "$(stat -c %s -- "$log")" -gt "$LOG_BYTES" ] || continue
		cp -- "$log" "$log.1" && : >"$log" ||
			printf 'polytask: note: cannot rotate %s\n' "$log"
	done
}

stop_timer() {
	[ -n "$TIMER_PID" ] || return 0
	kill "$TIMER_PID" 2>/dev/null || true
	wait "$TIMER_PID" 2>/dev/null || true
	TIMER_PID=''
}

# Sets WHY to a sentence about the service that has ended.
wait_until_one_ends() {
	until WHY=$(ended_service); do
		note_end_of_sandbox
		rotate_logs
		setpriv --pdeathsig KILL sleep "$LOG_SECONDS" </dev/null 9>&- &
		TIMER_PID=$!
		# shellcheck disable=SC2086
		wait -n "$NGINX_PID" "$POLYTASKD_PID" "$TIMER_PID" $POSTGRESQL_PID $SANDBOX_PID || true
		stop_timer
	done
}

# die, after the end of the services.
give_up() {
	stop_services
	die "$@"
}

commands_succeed() {
	[ -S "$SOCKETS/control.sock" ] && (polytaskctl status) >/dev/null 2>&1
}

first_request_succeeds() {
	curl -s -o /dev/null -f -m 5 --noproxy '*' --cacert "$POLYTASK_CACERT" -K - \
		"$POLYTASK_URL/api/virtshell/v1/tasks/status/none" 9>&- \
		<<<"header = \"Authorization: Bearer $POLYTASK_TOKEN\""
}

# CONDITION: a command. Gives up after a minute, or when a service ends.
wait_until() {
	local deadline=$((SECONDS + 60)) why

	until "$1"; do
		! why=$(ended_service) || give_up "$why"
		[ $SECONDS -lt $deadline ] || give_up "no response after 60 seconds; see the logs in $HOME_DIR/log"
		sleep 0.1
	done
}
