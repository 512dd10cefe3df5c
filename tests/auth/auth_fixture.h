#pragma once
/*
 * A store with users, tokens and keys, and requests to the authorizer as nginx sends them: the
 * default parameters with up to CHANGES_MAX of them changed.
 */
#include "auth/authorize.h"
#include "auth/key.h"
#include "auth/signature.h"
#include "auth/token_change.h"
#include "lib/check.h"
#include "store/auth_table.h"
#include "store/fixture.h"
#include "task/right.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define DATE   "Fri, 01 Jul 2011 19:37:58 +0000"
#define NOW    ((int64_t)1309549078000)
#define SECOND ((int64_t)1000)
#define SKEW   ((int64_t)15 * 60 * 1000)
/* Terms of a credential that is created NOW. */
#define TERMS(name, granted, end)    \
	(&(struct credential_terms){ \
		.user = name, .rights = (granted), .expires = (end), .created = NOW })
/* Of GET /api/virtshell/v1/tasks/ at DATE: the first example of src/dialect/virtshell/README.md. */
#define VECTOR_SIGNATURE "T+TwZlD+qtxigiFzwOkg7qyUl24="

#define VIRTSHELL_HEADER     "HTTP_X_VIRTSHELL_AUTHORIZATION"
#define AUTHORIZATION_HEADER "HTTP_AUTHORIZATION"
#define API_KEY		     "HTTP_X_API_KEY"

/* The example of src/dialect/uplynk/README.md. */
#define OWNER	     "abcdef0123456789abcdef0123456789"
#define OWNER_SECRET "0123456789abcdefghij"
#define OWNER_MSG                                     \
	"eNqrVorPL89LLVKyUlBKTEpOSU0zMDQyNjE1M7ewROc" \
	"r6SgoxZdk5qYWlyTmFgB1GJqZmVgaGFiaGtYCAANbFE8="
#define OWNER_SIG    "db21f676b35ce581a964150a663679c911dac618c0e776263587260f401e726f"
#define OWNER_TIME   ((int64_t)1664900951000)
#define UPLYNK_QUERY "/api/v4/managed-slicer/ingest-points/tasks?"
#define UPLYNK_SKEW  ((int64_t)300 * 1000)

struct param {
	const char *name, *value;
};

#define DIALECT(name)                      \
	{                                  \
		"POLYTASK_DIALECT", (name) \
	}
#define URI(text)                      \
	{                              \
		"ORIGINAL_URI", (text) \
	}
#define CHANGES_MAX 4

/* A request without a credential that VECTOR_SIGNATURE signs. Ends with a NULL name. */
extern const struct param default_params[];

extern struct store *store;
extern struct user ann; /* rights read, write; keys "ann", "reader", "old" (expired), OWNER */
extern char token[AUTH_TOKEN_MAX]; /* of ann, right read */
extern char expired[AUTH_TOKEN_MAX];
extern struct err err;
extern struct auth_log_entry log_entry; /* of the last authorize_request() */

/* Set before the tests: the store is in files, as for values that need more than a page. */
extern bool store_in_files;
int open_store(void **state);
int open_empty_store(void **state);
int close_store(void **state);
#define CHECK_STORED(function) cmocka_unit_test_setup_teardown(function, open_store, close_store)
#define CHECK_EMPTY(function) \
	cmocka_unit_test_setup_teardown(function, open_empty_store, close_store)

struct user add_user(const char *name, unsigned rights);
/* The current token of the label. Ends the test if there is none. */
struct token find_token(const char *label);
/* why: a PRINCIPAL_ reason, "" if the token must be unknown, NULL if it must be accepted. */
void assert_token(const char *text, int64_t now, const char *why);

/* Remove ended credentials of the whole table; return how many (token_purge, key_purge). */
unsigned purge_tokens(const char *label, int64_t before);
unsigned purge_keys(int64_t before);

/* Writes a record directly, for instance one of an older version. */
void put_record(enum store_table table, const char *key, const char *record);

/* A change to NULL omits the parameter. */
void fill_request(struct request *request, const struct param changes[CHANGES_MAX]);
void authorize_request(const struct request *request, struct response *response);
bool has_header(const struct response *response, const char *name, const char *value);
void assert_refused(
	const struct request *request, const char *name, int status, const char *reason);
void assert_accepted(const struct request *request, const char *rights, const char *dialect);
void assert_params_accepted(
	const struct param changes[CHANGES_MAX], const char *rights, const char *dialect);

/* Status and reason of a refusal by VirtShell's policy, for assert_refused(). */
#define ACCESS	  403, AUTH_DENIED
#define MISSING	  403, AUTH_MISSING
#define EXPIRED	  403, AUTH_EXPIRED
#define REVOKED	  403, AUTH_REVOKED
#define SIGNATURE 403, AUTH_MISMATCH
#define SKEWED	  403, AUTH_SKEWED
