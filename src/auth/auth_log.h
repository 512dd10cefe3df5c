#pragma once
/*
 * Members of the log line of an authorization or of a request to the token endpoint. Never contains
 * a token, signature, secret or password, nor a name from the request unless a user or key has this
 * name.
 */
#include "auth/principal.h"
#include "auth/user_name.h"

struct auth_log_entry {
	const char *reason;	  /* of the refusal, a constant; NULL: accepted */
	const char *credential;	  /* its kind, a constant; NULL: none was looked for */
	char key[AUTH_NAME_MAX];  /* id of the key used, if it exists; else empty */
	const char *call;	  /* to the token endpoint, a constant; NULL: not known */
	char name[USER_NAME_MAX]; /* of its user, if the user exists; else empty */
};
