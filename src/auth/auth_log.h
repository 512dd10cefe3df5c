#pragma once
/*
 * What the log says of a decision of the authorizer or of a login: never a token, a signature, a
 * secret or a password, nor what a client sent in the place of a name.
 */
#include "auth/principal.h"

struct auth_log_entry {
	const char *reason;	  /* a constant: why not; NULL: let in */
	const char *credential;	  /* a constant: of what kind; NULL: none was looked for */
	char key[AUTH_NAME_MAX];  /* the id of the key that was named, if there is such a key */
	char name[AUTH_NAME_MAX]; /* of the user who logs in, if there is one of that name */
};
