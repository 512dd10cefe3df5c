#!/bin/bash
# `bootstrap run`: one whole instance, polytaskd and nginx, in the foreground and in one directory. Ctrl-C
# stops it; its tasks and credentials stay for the next start.
#
# usage: run.sh [--dry-run] [--demo] [--port PORT] [--home DIR] [--store bdb|postgresql]
#
# --demo also starts the sandbox, a worker that simulates every task of the tenant demo, and clients.sh, which creates
# tasks of all APIs.
# The programs are those of the build tree $POLYTASK_BUILD, by default the source tree. --dry-run only
# checks the options.
set -euo pipefail

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
BUILD=${POLYTASK_BUILD:-$SOURCE}
CONSOLE=$SOURCE/data/console/dist # also with another build tree
PORT=8443
HOME_DIR=$SOURCE/run
STORE='' # bdb or postgresql
DRY_RUN=''
DEMO=''
NGINX_PID=''
POLYTASKD_PID=''
POSTGRESQL_PID=''
SANDBOX_PID=''
CLIENTS_PID=''
TIMER_PID=''
WHY=''
# A log of more bytes is rotated; how often they are looked at. Tests set both. A program that ends between two
# commands of the loop is noticed then, too.
LOG_BYTES=${POLYTASK_LOG_BYTES:-67108864}
LOG_SECONDS=${POLYTASK_LOG_SECONDS:-10}

# shellcheck source=data/try-out/credentials.sh
. "$SOURCE/data/try-out/credentials.sh"
# shellcheck source=data/try-out/services.sh
. "$SOURCE/data/try-out/services.sh"
# shellcheck source=data/try-out/postgresql.sh
. "$SOURCE/data/try-out/postgresql.sh"

die() {
	printf 'polytask: %s\n' "$*" >&2
	exit 1
}

refuse() {
	printf 'polytask: %s\n' "$1" >&2
	cat >&2 <<-'END'
		usage: ./bootstrap run [--demo] [--port PORT] [--home DIR] [--store bdb|postgresql]
		       PORT from 1 to 65535, by default 8443; DIR by default ./run
	END
	exit 2
}

read_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--port | --home | --store)
			[ $# -ge 2 ] || refuse "$1 needs a value"
			case $1 in
			--port) PORT=$2 ;;
			--home) HOME_DIR=$2 ;;
			--store) STORE=$2 ;;
			esac
			shift
			;;
		--port=*) PORT=${1#*=} ;;
		--home=*) HOME_DIR=${1#*=} ;;
		--store=*) STORE=${1#*=} ;;
		--demo) DEMO=yes ;;
		--dry-run) DRY_RUN=yes ;;
		*) refuse "unknown option: $1" ;;
		esac
		shift
	done
	[[ $PORT =~ ^[1-9][0-9]{0,4}$ ]] && [ "$PORT" -le 65535 ] ||
		refuse "not a port from 1 to 65535: $PORT"
	[ -n "$HOME_DIR" ] || refuse "--home needs a directory"
	case $STORE in
	'' | bdb | postgresql) ;;
	*) refuse "not bdb or postgresql: $STORE" ;;
	esac
	HOME_DIR=$(realpath -m -- "$HOME_DIR")
	check_name "$SOURCE" "move the clone to another directory"
	check_name "$HOME_DIR" "choose another directory with --home DIR"
}

# PATH REMEDY: the path is written into the configuration of nginx, of polytaskd, and into demo.env.
check_name() {
	case $1 in
	*[\'\"\\\;\{\}\|\&\#\$\`\*\?\[\]]* | *[[:cntrl:]]*)
		die "the path $1 contains a quote or one of \\ ; { } | & # \$ \` * ? [ ]; $2"
		;;
	esac
}

# Creates the instance's directory and takes its lock.
take_home() {
	umask 077
	mkdir -p "$HOME_DIR" 2>/dev/null || die "cannot create the directory $HOME_DIR"
	HOME_DIR=$(cd "$HOME_DIR" && pwd -P) || die "cannot enter the directory $HOME_DIR"
	# test -w would succeed for root on a read-only file system.
	( : >"$HOME_DIR/.writable" ) 2>/dev/null || die "the directory $HOME_DIR is not writable"
	rm -f "$HOME_DIR/.writable"
	# polytaskd inherits the lock: if this script is killed, the directory stays locked until polytaskd
	# has stopped.
	exec 9>"$HOME_DIR/bootstrap.lock"
	flock -n 9 && return 0
	printf 'polytask: another instance uses %s; waiting 5 s for its end\n' "$HOME_DIR"
	flock -w 5 9 || die "another instance is running in $HOME_DIR; use another directory with --home DIR"
}

# A directory keeps the kind of store that it was made with. STORE_IS_NEW: it has none yet.
choose_store() {
	local had=''

	[ ! -d "$HOME_DIR/store/data" ] || had=bdb
	[ ! -d "$HOME_DIR/postgresql" ] || had=postgresql
	STORE_IS_NEW=''
	[ -n "$had" ] || STORE_IS_NEW=yes
	[ -z "$STORE" ] || [ -z "$had" ] || [ "$STORE" = "$had" ] ||
		die "the store in $HOME_DIR is of the kind $had; use another directory with --home DIR"
	STORE=${STORE:-${had:-bdb}}
}

make_folders() {
	mkdir -p "$HOME_DIR/log" "$HOME_DIR/nginx" "$HOME_DIR/tls" "$HOME_DIR/conf"
}

port_is_taken() {
	(exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null ||
		(exec 3<>"/dev/tcp/::1/$PORT") 2>/dev/null
}

# Creates a private directory in a place where every user can create files. Fails if the name is a link
# or belongs to another user.
own_directory() {
	mkdir -m 0700 "$1" 2>/dev/null || true
	[ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && chmod 0700 "$1"
}

# Berkeley DB's regions and nginx's cache belong on a tmpfs, but in some containers it is too small. A
# socket's path is limited to 107 bytes.
choose_places() {
	local name

	name=polytask-$(id -u)-$(printf '%s' "$HOME_DIR" | sha256sum | cut -c1-12)
	MEMORY=/dev/shm/$name
	if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" != tmpfs ] ||
		[ "$(df --output=avail -BM /dev/shm | tail -1 | tr -dc 0-9)" -lt 256 ] ||
		! own_directory "$MEMORY"; then
		MEMORY=$HOME_DIR/memory
		own_directory "$MEMORY" || die "cannot create the directory $MEMORY"
	fi
	WEB_USER=''
	SOCKETS=$HOME_DIR
	if [ "$(id -u)" = 0 ]; then
		choose_web_places "$name"
	elif [ ${#HOME_DIR} -gt 85 ]; then
		SOCKETS=${XDG_RUNTIME_DIR:-/tmp}/$name
		own_directory "$SOCKETS" || die "cannot create the directory $SOCKETS"
		printf 'polytask: the path %s is too long for sockets; they are in %s\n' \
			"$HOME_DIR" "$SOCKETS"
	fi
}

# Started by root, nginx's workers run as another user, which may have no access to HOME_DIR. The files that they
# open by name are in memory. polytaskd stays root, without capabilities except one (polytaskd(8), SECURITY).
choose_web_places() {
	for WEB_USER in www-data nobody; do
		! id -u "$WEB_USER" >/dev/null 2>&1 || break
	done
	id -u "$WEB_USER" >/dev/null 2>&1 || die "there is no user www-data or nobody for nginx; do not run this as root"
	if [ "$MEMORY" = "$HOME_DIR/memory" ]; then
		rmdir "$MEMORY" 2>/dev/null || true
		MEMORY=/run/$1
		own_directory "$MEMORY" || die "cannot create the directory $MEMORY"
	fi
	SOCKETS=$MEMORY
	chmod 0711 "$MEMORY"
	rm -rf -- "$MEMORY/openapi" "$MEMORY/console"
	mkdir -p "$MEMORY/nginx" "$MEMORY/console"
	cp -r -- "$BUILD/data/openapi" "$MEMORY/openapi"
	[ ! -d "$CONSOLE" ] || cp -r -- "$CONSOLE/." "$MEMORY/console"
	chmod 0711 "$MEMORY/nginx"
	chmod -R a+rX "$MEMORY/openapi" "$MEMORY/console"
}

write_certificate() {
	local tls=$HOME_DIR/tls

	[ -f "$tls/key.pem" ] &&
		openssl x509 -in "$tls/cert.pem" -noout -checkend 86400 >/dev/null 2>&1 && return 0
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 800 \
		-keyout "$tls/key.pem" -out "$tls/cert.pem" -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1 >"$HOME_DIR/log/openssl.log" 2>&1 ||
		die "openssl could not create a certificate; see $HOME_DIR/log/openssl.log"
	chmod 0600 "$tls/key.pem"
}

# Lines of polytask.conf: who may connect to the FastCGI sockets.
socket_owner() {
	if [ -n "$WEB_USER" ]; then
		printf 'socket_mode = 0660\ngroup = %s\npeer_user = %s\n' \
			"$(id -gn "$WEB_USER")" "$WEB_USER"
	else
		printf 'socket_mode = 0600\npeer_user = %s\n' "$(id -un)"
	fi
}

# Lines of polytask.conf: what becomes of tasks that no worker carries out.
work_options() {
	if [ -n "$DEMO" ]; then
		printf '# A task that the sandbox keeps forever ends by itself.\n'
		printf 'policy = all attempt_timeout=60s attempts=2 retry_first=1s\n'
	else
		printf "# No backend carries out Uplynk's tasks here.\nuplynk_complete = 1\n"
	fi
}

write_polytask_conf() {
	cat >"$HOME_DIR/polytask.conf" <<-END
		# Written by bootstrap at every start; see polytask.conf(5)
		home = $HOME_DIR/store
		$([ "$STORE" = bdb ] || printf 'store = %s\n' "$(store_url)")
		regions = $MEMORY/regions
		socket = $SOCKETS/polytask.sock
		$(socket_owner)
		control = $SOCKETS/control.sock
		$(work_options)
		# All requests of a trial or a measurement come from one user.
		principal_rate = 20000
		principal_burst = 40000
	END
}

write_nginx_conf() {
	local user='' temp=$HOME_DIR/nginx openapi=$BUILD/data/openapi console=$CONSOLE template
	local listen="listen 127.0.0.1:$PORT ssl http2;"

	if [ -n "$WEB_USER" ]; then
		user="user $WEB_USER $(id -gn "$WEB_USER");" temp=$MEMORY/nginx
		openapi=$MEMORY/openapi console=$MEMORY/console
	fi
	! grep -qs '^00000000000000000000000000000001 ' /proc/net/if_inet6 ||
		listen+=" listen [::1]:$PORT ssl http2;"
	for template in "$SOURCE"/nginx/{nginx,polytask-*}.conf.in "$BUILD"/nginx/polytask-dialects-*.conf.in; do
		sh "$SOURCE/data/fill.sh" USER="$user" HOME="$HOME_DIR" TEMP="$temp" CONF="$HOME_DIR/conf" \
			SOCKET="$SOCKETS/polytask.sock" READ_SOCKET="$SOCKETS/polytask.sock.read" \
			CACHE="$MEMORY/authorized" \
			RATE=10 BURST=50 CONNECTIONS=2048 ORIGINS='' \
			NAMES='localhost 127.0.0.1 [::1]' LISTEN="$listen" \
			PLAIN_LISTEN='' ACME="$HOME_DIR" \
			CERTIFICATE="$HOME_DIR/tls/cert.pem" CERTIFICATE_KEY="$HOME_DIR/tls/key.pem" \
			ACCESS_LOG="$HOME_DIR/log/nginx-access.log" OPENAPI="$openapi" CONSOLE="$console" \
			<"$template" >"$HOME_DIR/conf/$(basename "$template" .in)"
	done
	mv "$HOME_DIR/conf/nginx.conf" "$HOME_DIR/nginx.conf"
}

# A path for a shell, in quotes if it needs them.
shown() {
	case $1 in
	*[[:space:]\(\)\<\>\~\!]*) printf "'%s'" "$1" ;;
	*) printf '%s' "$1" ;;
	esac
}

print_demo_commands() {
	cat <<-END
		polytask: ready on $POLYTASK_URL, with a sandbox
		It simulates every task of the tenant demo, in a few seconds. A new one, of a random API, is created every two seconds.

		$(console_lines)

		Try, in another terminal: create a task as a VirtShell client does, and look at it until it has ended.

		  . $(shown "$HOME_DIR/demo.env")
		  tasks=\$POLYTASK_URL/api/virtshell/v1/tasks
		  id=\$(curl -K "\$POLYTASK_CURL" --json '{"description": "clone virtual machine database_01"}' "\$tasks/" |
		    sed 's/.*"task_id":"\([^"]*\)".*/\1/')
		  curl -K "\$POLYTASK_CURL" "\$tasks/\$id"
		  sleep 5; curl -K "\$POLYTASK_CURL" "\$tasks/\$id"

		README has calls of the other APIs, and how to ask the sandbox for failures. Ctrl-C stops the service; the
		tasks stay in $HOME_DIR.
	END
}

print_commands() {
	cat <<-END
		polytask: ready on $POLYTASK_URL

		$(console_lines)

		Try, in another terminal: create a task as a VirtShell client does, find it among all tasks,
		report that it is done, and see the client's view of it.

		  . $(shown "$HOME_DIR/demo.env")
		  curl -K "\$POLYTASK_CURL" --json '{"description": "clone virtual machine database_01"}' \\
		    "\$POLYTASK_URL/api/virtshell/v1/tasks/"
		  curl -K "\$POLYTASK_CURL" "\$POLYTASK_URL/v1/tasks?dialect=virtshell"
		  id=\$(curl -K "\$POLYTASK_CURL" "\$POLYTASK_URL/v1/tasks?dialect=virtshell&sort=-created&limit=1" |
		    sed 's/.*"id":"\([^"]*\)".*/\1/')
		  curl -K "\$POLYTASK_CURL" -X PATCH --json '{"state": "succeeded"}' "\$POLYTASK_URL/v1/tasks/\$id"
		  curl -K "\$POLYTASK_CURL" "\$POLYTASK_URL/api/virtshell/v1/tasks/\$id"

		README has calls of the other APIs. Ctrl-C stops the service; the tasks stay in $HOME_DIR.
	END
}

stop_on_request() {
	printf '\npolytask: stopping\n'
	stop_services
	printf 'polytask: stopped; the tasks are in %s\n' "$HOME_DIR"
	exit 0
}

run() {
	take_home
	choose_store
	make_folders
	! port_is_taken || die "port $PORT is in use; use another one with --port PORT"
	NGINX=$(PATH=$PATH:/usr/sbin:/sbin command -v nginx) && [ -x "$BUILD/polytaskd" ] ||
		die "the programs are not built, or nginx is missing"
	choose_places
	write_certificate
	write_polytask_conf
	write_nginx_conf
	trap 'stop_on_request' INT TERM HUP
	[ "$STORE" = bdb ] || { start_postgresql && prepare_database; }
	start_polytaskd
	# Commands that reach a running service take a tenth of the time.
	wait_until commands_succeed
	write_demo_env
	[ -z "$DEMO" ] || write_sandbox_token
	start_nginx
	wait_until first_request_succeeds
	if [ -n "$DEMO" ]; then
		start_sandbox
		start_clients
		print_demo_commands
	else
		print_commands
	fi
	wait_until_one_ends
	stop_services
	die "$WHY"
}

read_options "$@"
[ -n "$DRY_RUN" ] || run
