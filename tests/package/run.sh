#!/bin/bash
# Builds the Debian package, and installs, uses, upgrades, removes and purges it in a fresh Debian 12 with systemd,
# in a container without a network. As root on Debian 12, with the packages debhelper, mmdebstrap, systemd-container
# and those of ./bootstrap; by hand, because it needs Debian's mirrors. `make package-check` runs it.
#
# usage: tests/package/run.sh [PACKAGE.deb [BEFORE.deb]]
#
# PACKAGE.deb is tested instead of a new build. The upgrade is from BEFORE.deb, by default the same package with
# a lower version. POLYTASK_PACKAGE_WORK names a directory for the files, which are kept then. Prints each step with its
# seconds; the first failure ends the test.
set -euo pipefail

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
WORK=${POLYTASK_PACKAGE_WORK:-$(mktemp -d /var/tmp/polytask-package-XXXXXX)}
ROOT=$WORK/root
SUITE=bookworm
LEADER=''
CONTAINER=''

die() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

# TEXT COMMAND...: runs the command with its output in a log; a failure shows the end of it.
step() {
	local text=$1 begun=$EPOCHREALTIME

	shift
	if ! "$@" </dev/null >"$WORK/step.log" 2>&1; then
		tail -n 40 "$WORK/step.log" >&2
		die "$text"
	fi
	awk -v text="$text" -v begun="$begun" -v ended="$EPOCHREALTIME" \
		'BEGIN { printf "%-64s %6.1f s\n", text, ended - begun }'
}

clean_up() {
	stop_container || true
	[ -n "${POLYTASK_PACKAGE_WORK-}" ] || rm -rf --one-file-system "$WORK"
}

# ---- packages ----

build_package() {
	rm -rf "$WORK/build"
	mkdir -p "$WORK/build/polytask"
	tar -xf "$1" --strip-components=1 -C "$WORK/build/polytask"
	cd "$WORK/build/polytask"
	DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -us -uc -b
	cp "$WORK"/build/polytask_*.deb "$WORK/package.deb"
}

check_with_lintian() {
	local found

	found=$(lintian --allow-root "$WORK/package.deb")
	printf '%s\n' "$found"
	[ -z "$found" ]
}

lower_version() {
	rm -rf "$WORK/lower"
	dpkg-deb -R "$WORK/package.deb" "$WORK/lower"
	sed -i 's/^\(Version: .*\)/\1~1/' "$WORK/lower/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$WORK/lower" "$WORK/before.deb"
}

# ---- the container ----

# A minimal system with systemd, and the packages that polytask needs as files in apt's cache.
make_root() {
	rm -rf --one-file-system "$ROOT"
	mmdebstrap --variant=minbase --include=systemd-sysv,curl "$SUITE" "$ROOT"
	cp "$WORK/package.deb" "$WORK/before.deb" "$SOURCE/debian/tests/first-task" "$ROOT/root"
	systemd-nspawn -q -D "$ROOT" --register=no --keep-unit --pipe /bin/sh -c \
		'apt-get update && apt-get install -y --no-install-recommends --download-only /root/before.deb'
}

start_container() {
	systemd-nspawn -q -D "$ROOT" --register=no --keep-unit --private-network --console=read-only -b \
		</dev/null >"$WORK/console.log" 2>&1 &
	CONTAINER=$!
	local tries

	for ((tries = 0; tries < 300; tries++)); do
		LEADER=$(pgrep -P "$CONTAINER" -x systemd || true)
		[ -z "$LEADER" ] || ! inside systemctl is-system-running --wait >/dev/null || return 0
		[ -z "$LEADER" ] || ! inside systemctl is-system-running | grep -Eq '^(running|degraded)$' || return 0
		sleep 0.1
	done
	return 1
}

inside() {
	nsenter -t "$LEADER" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

stop_container() {
	[ -n "$CONTAINER" ] || return 0
	[ -z "$LEADER" ] || inside systemctl poweroff >/dev/null 2>&1 || true
	for _ in {1..200}; do
		kill -0 "$CONTAINER" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$CONTAINER" 2>/dev/null || true
	wait "$CONTAINER" 2>/dev/null || true
	CONTAINER='' LEADER=''
}

apt() {
	inside apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@"
}

expect() {
	local text=$1

	shift
	inside "$@" >"$WORK/step.log" 2>&1 || {
		cat "$WORK/step.log" >&2
		inside journalctl -q --no-pager -n 20 -u polytaskd.socket -u polytaskd.service -u nginx >&2 || true
		die "$text"
	}
	printf '  %s\n' "$text"
}

# The same for what may take a few seconds, such as a reload of nginx.
expect_soon() {
	local tries

	for ((tries = 0; tries < 50; tries++)); do
		! inside "${@:2}" >/dev/null 2>&1 || break
		sleep 0.1
	done
	expect "$@"
}

expect_not() {
	local text=$1

	shift
	! inside "$@" >/dev/null 2>&1 || die "$text"
	printf '  %s\n' "$text"
}

# ---- the tests ----

answers() {
	curl -sS -o /dev/null -m 20 --cacert /etc/polytask/tls/cert.pem https://localhost/v1/tasks
}

# The page, and the script that it names.
console() {
	curl -sS -f -m 20 --cacert /etc/polytask/tls/cert.pem https://localhost/console/ |
		sed -n 's|.*src="\([^"]*\)".*|https://localhost\1|p' |
		xargs curl -sS -f -m 20 --cacert /etc/polytask/tls/cert.pem | grep -q .
}

# Installs the new version while a client sends one request after another: each is answered by the service.
upgrade() {
	inside sh -c 'while [ ! -e /root/upgraded ]; do
		curl -s -o /dev/null -m 30 -w "%{http_code}\n" --cacert /etc/polytask/tls/cert.pem \
			-H "Authorization: Bearer $(sed "s/token=//; s/ .*//" /root/kept)" https://localhost/v1/tasks
	done >/root/statuses' &
	local client=$!

	apt install /root/package.deb
	inside touch /root/upgraded
	wait "$client"
}

test_install() {
	step "install in a minimal system" apt install /root/before.deb
	expect "both units are enabled" systemctl is-enabled polytaskd.socket polytaskd.service
	expect "both units are active" systemctl is-active polytaskd.socket polytaskd.service
	expect "the site answers with its certificate" sh -c "$(declare -f answers); answers"
	expect "the console is served" sh -c "$(declare -f console); console"
	expect "nginx's own site still answers" curl -sf -o /dev/null http://127.0.0.1/
	expect "no unit has failed" sh -c '[ -z "$(systemctl --failed --no-legend)" ]'
	step "user, token, task, restart, task" inside /root/first-task /root/kept
}

test_boot() {
	step "power off" stop_container
	step "boot" start_container
	expect_soon "the task is there" /root/first-task /root/kept
}

test_upgrade() {
	inside sh -c 'echo "# changed" >>/etc/polytask/polytask.conf'
	step "upgrade under requests" upgrade
	sort "$ROOT/root/statuses" | uniq -c | sed 's/^/  requests meanwhile, and their status:/'
	expect "no request failed meanwhile" sh -c '[ -s /root/statuses ] && ! grep -qvx 200 /root/statuses'
	expect "the new version is installed" sh -c \
		'[ "$(dpkg-query -W -f "\${Version}" polytask)" = "$(dpkg-deb -f /root/package.deb Version)" ]'
	expect "the task is there" /root/first-task /root/kept
	expect "the changed configuration is kept" grep -qx '# changed' /etc/polytask/polytask.conf
}

# The commands of polytaskd(8), BACKUP and RESTORE.
test_restore() {
	inside mkdir -p /srv/backup
	step "backup" inside polytaskctl backup /srv/backup/2026-12-01
	inside systemctl stop polytaskd.socket polytaskd.service
	step "restore" inside polytaskctl restore --home /var/lib/polytask-new /srv/backup/2026-12-01
	inside mv /var/lib/polytask /var/lib/polytask-old
	inside mv /var/lib/polytask-new /var/lib/polytask
	inside systemctl reset-failed polytaskd.socket polytaskd.service
	inside systemctl start polytaskd.socket polytaskd.service
	expect_soon "the task is there" /root/first-task /root/kept
	inside rm -r /var/lib/polytask-old /srv/backup
}

test_remove() {
	step "remove" apt remove polytask
	expect_not "the service is stopped" systemctl is-active polytaskd.socket polytaskd.service
	expect "the tasks and the configuration are kept" test -e /var/lib/polytask/data -a -e /etc/polytask/polytask.conf
	expect "nginx starts without the package" systemctl restart nginx
	expect_not "the site is gone" curl -sk -m 5 https://localhost/v1/tasks
	inside rm /etc/nginx/sites-enabled/polytask
	step "install again" apt install /root/package.deb
	expect_not "a site that was disabled stays disabled" curl -sk -m 5 https://localhost/v1/tasks
	inside ln -s ../sites-available/polytask /etc/nginx/sites-enabled/
	expect "polytask-site loads it" polytask-site
	expect_soon "the task is there" /root/first-task /root/kept
}

test_purge() {
	step "purge" apt purge polytask
	printf '  left after purge:\n'
	inside find /etc /usr /lib/systemd /var /run -xdev -name '*polytask*' -not -path '/var/lib/dpkg/*' \
		-not -path '/sys/*' | sed 's/^/    /'
	inside sh -c 'grep -h polytask /etc/passwd /etc/group' | sed 's/^/    /'
	expect_not "nothing of the package is left" sh -c \
		'find /etc /usr /lib/systemd /var /run -xdev -name "*polytask*" | grep -v ^/var/lib/dpkg/'
	expect "nginx starts" systemctl restart nginx
}

# What the site must not do to other sites.
test_refused() {
	inside sh -c 'echo "map_hash_max_size 4096;" >/etc/nginx/conf.d/sizes.conf'
	step "install beside a site that sets nginx's hash tables" apt install /root/package.deb
	expect_not "the site is not enabled" test -e /etc/nginx/sites-enabled/polytask
	expect "nginx starts" systemctl restart nginx
	inside sh -c 'echo "variables_hash_max_size 2048; variables_hash_bucket_size 256; server_names_hash_max_size 2048;
		server_names_hash_bucket_size 512; map_hash_bucket_size 512;" >>/etc/nginx/conf.d/sizes.conf'
	inside sed -i -e 's/4096/8192/' /etc/nginx/conf.d/sizes.conf
	inside sed -i -e 's/^hash_sizes = .*/hash_sizes = no/' -e 's/^names = .*/names = localhost tasks.example.com/' \
		-e 's/^plain_listen =.*/plain_listen = listen 80;/' /etc/polytask/site.conf
	inside ln -s ../sites-available/polytask /etc/nginx/sites-enabled/
	expect "polytask-site loads it with other sizes" polytask-site
	expect_soon "a name of site.conf is served" sh -c '
		curl -sk -o /dev/null -w "%{http_code}" --resolve tasks.example.com:443:127.0.0.1 \
			https://tasks.example.com/v1/tasks | grep -x 401'
	expect_soon "the port without TLS redirects" sh -c '
		curl -s -o /dev/null -w "%{http_code}" --resolve tasks.example.com:80:127.0.0.1 \
			http://tasks.example.com/v1/tasks | grep -x 308'
	inside sed -i 's/^rate = .*/rate = fast/' /etc/polytask/site.conf
	expect_not "a wrong value is refused" polytask-site
	step "purge" apt purge polytask
	inside rm /etc/nginx/conf.d/sizes.conf
	inside systemctl restart nginx
	inside systemd-run -q --unit=other systemd-socket-activate -l 443 /bin/cat
	sleep 0.5
	step "install beside another program on port 443" apt install /root/package.deb
	expect_not "the site is not enabled" test -e /etc/nginx/sites-enabled/polytask
	expect "the service is active" systemctl is-active polytaskd.socket polytaskd.service
	expect "nginx starts" systemctl restart nginx
	step "purge" apt purge polytask
}

[ "$(id -u)" = 0 ] || die "must be run by root"
mkdir -p "$WORK"
trap clean_up EXIT
case ${1-} in
*.deb) cp "$1" "$WORK/package.deb" ;;
*.tar.xz) step "build the package, without its tests" build_package "$(realpath "$1")" ;;
*) die "needs a release or a package" ;;
esac
step "lintian" check_with_lintian
if [ -n "${2-}" ]; then
	cp "$2" "$WORK/before.deb"
else
	lower_version >/dev/null
fi
step "a minimal Debian, packages downloaded" make_root
step "boot" start_container
test_install
test_boot
test_upgrade
test_restore
test_remove
test_purge
test_refused
step "power off" stop_container
printf 'passed\n'
