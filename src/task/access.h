#pragma once
/*
 * The users of a tenant and their credentials (OP_ACCESS). auth/access.h, not the store, carries
 * the operation out. The answer belongs to struct result. Times are ms since the epoch.
 */
#include "base/buf.h"
#include "base/id.h"
#include "base/optional_time.h"

#define ACCESS_PAGE_MAX	    200 /* rows of one answer */
#define ACCESS_NAME_SIZE    255 /* of a user, with the NUL */
#define ACCESS_LABEL_SIZE   64
#define ACCESS_DIALECT_SIZE 64
#define ACCESS_ID_SIZE	    112 /* of a credential, with the NUL */

enum access_state {
	ACCESS_LIVE = 1,
	ACCESS_REPLACED, /* tokens only: rotated, and valid until the overlap ends */
	ACCESS_EXPIRED,
	ACCESS_REVOKED,
	ACCESS_STATES
};

enum access_type {
	ACCESS_TOKEN = 1, /* made by an operator */
	ACCESS_LOGIN,	  /* all tokens of one login */
	ACCESS_KEY,	  /* of signed requests */
	ACCESS_TYPES
};

struct access_user {
	struct id id;
	char name[ACCESS_NAME_SIZE];
	unsigned rights;
	enum access_state state;
	int64_t created;
	struct optional_time expires;
	bool has_password;
	struct optional_time password_changed; /* absent: not known */
	struct optional_time password_expires;
	enum access_state password_state;
};

struct access_credential {
	char id[ACCESS_ID_SIZE]; /* opaque: it is neither a secret nor the hash of one */
	enum access_type type;
	char label[ACCESS_LABEL_SIZE];
	struct id user;
	char user_name[ACCESS_NAME_SIZE];
	unsigned rights;
	char dialects[ACCESS_DIALECT_SIZE]; /* names joined by commas; empty: all */
	int64_t created;		    /* of a login: its last renewal */
	struct optional_time expires;
	enum access_state state;
};

enum access_action {
	ACCESS_USERS = 1,   /* a page of users, by name */
	ACCESS_USER,	    /* the user op.id; ERR_NOT_FOUND, here and for all below but a page */
	ACCESS_USER_END,    /* sets its end; ERR_CONFLICT if it is revoked or the actor itself */
	ACCESS_USER_REVOKE, /* permanent; ERR_CONFLICT for the actor itself */
	ACCESS_CREDENTIALS, /* a page of credentials, the newest first */
	ACCESS_CREDENTIAL,
	/* ERR_CONFLICT for a login, a revoked key, or a token that is not live or was replaced. */
	ACCESS_CREDENTIAL_END,
	ACCESS_CREDENTIAL_REVOKE, /* permanent */
	ACCESS_ACTIONS
};

struct op_access {
	enum access_action action;
	struct str credential;	  /* its id */
	struct optional_time end; /* the two _END actions; absent: never */
	bool has_user;		  /* CREDENTIALS: only those of op.id */
	unsigned types, states;	  /* CREDENTIALS: bits 1 << enum; 0: all */
	unsigned limit;		  /* pages: 1 to ACCESS_PAGE_MAX */
	struct str after;	  /* pages: access_answer.next; empty: from the start */
};

struct access_run;

/* The rows of a page, or one row: the user or credential after the action. Owns its members. */
struct access_answer {
	struct access_user *users;
	size_t user_count;
	struct access_credential *credentials;
	size_t credential_count;
	struct buf next;	/* empty: no rows follow */
	struct access_run *run; /* private to auth/; NULL: the operation is complete */
	void (*free_run)(struct access_run *run);
	size_t memory; /* bytes of rows and run */
};

/* Also ends an operation that is not complete. NULL is allowed. */
void access_answer_free(struct access_answer *answer);
