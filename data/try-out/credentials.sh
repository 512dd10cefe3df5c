# Part of run.sh: the users and credentials of the instance, and demo.env and demo.curl, the only files that
# hold their secrets in clear text.

# Calls with a redirection are in parentheses: bash runs a trap within the function, with its redirection.
polytaskctl() {
	"$BUILD/polytaskctl" -c "$HOME_DIR/polytask.conf" "$@" 9>&-
}

# Keeps the credentials that demo.env has already, and adds those that are missing from it.
write_demo_env() {
	local names='VIRTSHELL_(USER|KEY)|POLYTASK_TOKEN|VIONLABS_KEY|UPLYNK_(OWNER|KEY)|FOURHSE_TOKEN'

	names+='|IDOL_(TOKEN|USER|PASSWORD)|OTHER_TOKEN'
	[ -z "$STORE_IS_NEW" ] || rm -f "$HOME_DIR/demo.env"
	: >"$HOME_DIR/demo.secrets"
	[ ! -e "$HOME_DIR/demo.env" ] ||
		grep -E "^($names)='[^']+'\$" "$HOME_DIR/demo.env" >"$HOME_DIR/demo.secrets" || true
	add_demo_user demo demo read,write,work,admin POLYTASK_TOKEN
	add_demo_key VIRTSHELL_USER VIRTSHELL_KEY
	add_demo_token POLYTASK_TOKEN demo demo
	add_demo_token VIONLABS_KEY demo vionlabs
	add_demo_key UPLYNK_OWNER UPLYNK_KEY --id "$(openssl rand -hex 16)"
	add_demo_token FOURHSE_TOKEN demo fourhse
	add_demo_token IDOL_TOKEN demo idol
	add_demo_password IDOL_USER IDOL_PASSWORD
	add_demo_user other other read,write,work OTHER_TOKEN
	add_demo_token OTHER_TOKEN other other
	# The URL depends on this start's port; the secrets are kept.
	cat >"$HOME_DIR/demo.env.new" - "$HOME_DIR/demo.secrets" <<-END
		POLYTASK_URL='https://localhost:$PORT'
		POLYTASK_CACERT='$HOME_DIR/tls/cert.pem'
		POLYTASK_CURL='$HOME_DIR/demo.curl'
	END
	# For `polytaskctl work`.
	echo 'export POLYTASK_URL POLYTASK_CACERT POLYTASK_TOKEN' >>"$HOME_DIR/demo.env.new"
	mv "$HOME_DIR/demo.env.new" "$HOME_DIR/demo.env"
	rm -f "$HOME_DIR/demo.secrets"
	# shellcheck disable=SC1091
	. "$HOME_DIR/demo.env"
	# The services need none of them in their environment.
	export -n POLYTASK_URL POLYTASK_CACERT POLYTASK_TOKEN
	# Options of curl, so that its command line shows no secret. The body ends without a newline.
	cat >"$HOME_DIR/demo.curl" <<-END
		silent
		show-error
		write-out = "\\n"
		cacert = "$POLYTASK_CACERT"
		header = "Authorization: Bearer $POLYTASK_TOKEN"
	END
}

has_secret() {
	grep -q "^$1=" "$HOME_DIR/demo.secrets"
}

keep_secret() {
	printf "%s='%s'\n" "$1" "$2" >>"$HOME_DIR/demo.secrets"
}

has_user() {
	polytaskctl user list | cut -f 1 | grep -x "$1" >/dev/null
}

# NAME TENANT RIGHTS VARIABLE: VARIABLE holds a token of this user; if it is set, the user exists.
add_demo_user() {
	has_secret "$4" || has_user "$1" ||
		(polytaskctl user add "$1" --tenant "$2" --rights "$3") >/dev/null ||
		give_up "cannot add the user $1"
}

# A token that was revoked remains in the list for some time.
has_live_token() {
	polytaskctl token list | grep "^$1"$'\t.*\tlive$' >/dev/null
}

# The credential of the sandbox. It may write, to cancel a task that asks for it.
write_sandbox_token() {
	[ ! -s "$HOME_DIR/sandbox.token" ] || ! has_user sandbox || ! has_live_token sandbox || return 0
	has_user sandbox ||
		(polytaskctl user add sandbox --tenant demo --rights read,write,work) >/dev/null ||
		give_up "cannot add the user sandbox"
	(polytaskctl token revoke sandbox) >/dev/null 2>&1 || true
	(polytaskctl token add sandbox --label sandbox) >"$HOME_DIR/sandbox.token" ||
		give_up "cannot add the token of the sandbox"
}

# VARIABLE USER LABEL
add_demo_token() {
	local token

	has_secret "$1" && return 0
	# A token that is lost from demo.env must not stay valid.
	(polytaskctl token revoke "$3") >/dev/null 2>&1 || true
	token=$(polytaskctl token add "$2" --label "$3") || give_up "cannot add the token $1"
	keep_secret "$1" "$token"
}

# NAME-VARIABLE PASSWORD-VARIABLE
add_demo_password() {
	local password

	has_secret "$1" && has_secret "$2" && return 0
	password=$(openssl rand -hex 16)
	polytaskctl password set demo <<<"$password" || give_up "cannot set the password of the user demo"
	sed -i -E "/^($1|$2)=/d" "$HOME_DIR/demo.secrets"
	keep_secret "$1" demo
	keep_secret "$2" "$password"
}

# ID-VARIABLE SECRET-VARIABLE [OPTION...]: half of a pair is replaced, like none.
add_demo_key() {
	local key id=$1 secret=$2

	shift 2
	has_secret "$id" && has_secret "$secret" && return 0
	key=$(polytaskctl key add demo "$@") || give_up "cannot add the key $id"
	sed -i -E "/^($id|$secret)=/d" "$HOME_DIR/demo.secrets"
	keep_secret "$id" "$(sed -n 's/^id: //p' <<<"$key")"
	keep_secret "$secret" "$(sed -n 's/^secret: //p' <<<"$key")"
}

# The demo user's password is that of IDOL's clients, because a login is the same for all APIs.
console_lines() {
	if [ -f "$CONSOLE/index.html" ]; then
		cat <<-END
			The console is at $POLYTASK_URL/console/: log in as $IDOL_USER with the password
			$IDOL_PASSWORD. The browser warns of the certificate, which is self-signed.
		END
	else
		printf 'There is no console: it has not been built (this needs npm).'
	fi
}
