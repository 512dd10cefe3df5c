#pragma once
/*
 * Members of the log line of an authorization or a login. Never contains a token, signature, secret
 * or password, nor a name from the request unless a user or key has this name.
 */
#include "auth/principal.h"
#include "auth/user_name.h"

struct auth_log_entry {
	const char *reason;	  /* of the refusal, a constant; NULL: accepted */
	const char *credential;	  /* its kind, a constant; NULL: none was looked for */
	char key[AUTH_NAME_MAX];  /* id of the key used, if it exists; else empty */
	char name[USER_NAME_MAX]; /* of the user logging in, if the user exists; else empty */
};
