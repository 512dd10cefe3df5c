#pragma once
/*
 * A store with users, tokens and keys in it, and the authorizer asked about requests as nginx puts
 * them. A request is the ordinary one below with up to CHANGES parameters changed.
 */
#include "auth/authorize.h"
#include "auth/key.h"
#include "auth/signature.h"
#include "auth/token_change.h"
#include "lib/check.h"
#include "store/fixture.h"
#include "task/right.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define DATE   "Fri, 01 Jul 2011 19:37:58 +0000"
#define NOW    ((int64_t)1309549078000)
#define SKEW   ((int64_t)15 * 60 * 1000)
/* What a credential made NOW is to be. */
#define TERMS(name, some, end)       \
	(&(struct credential_terms){ \
		.user = name, .rights = (some), .expires = (end), .created = NOW })
/* GET /api/virtshell/v1/tasks/ of localhost:8080 at DATE: the first vector of src/dialect/virtshell/README.md. */
#define VECTOR_SIGNATURE "T+TwZlD+qtxigiFzwOkg7qyUl24="

#define VIRTSHELL_HEADER     "HTTP_X_VIRTSHELL_AUTHORIZATION"
#define AUTHORIZATION_HEADER "HTTP_AUTHORIZATION"
#define API_KEY		     "HTTP_X_API_KEY"

/* The computed vector of contract §2.5. */
#define OWNER	     "abcdef0123456789abcdef0123456789"
#define OWNER_SECRET "0123456789abcdefghij"
#define OWNER_MSG                                     \
	"eNqrVorPL89LLVKyUlBKTEpOSU0zMDQyNjE1M7ewROc" \
	"r6SgoxZdk5qYWlyTmFgB1GJqZmVgaGFiaGtYCAANbFE8="
#define OWNER_SIG   "db21f676b35ce581a964150a663679c911dac618c0e776263587260f401e726f"
#define OWNER_TIME  ((int64_t)1664900951000)
#define UPLYNK_SKEW ((int64_t)300 * 1000)

struct param {
	const char *name, *value;
};

#define CHANGES_MAX 4

/* The first vector without a credential; it ends with an empty name. */
extern const struct param default_params[];

extern struct store *store;
extern struct user ann; /* may read and write; her keys are "ann", "reader", "old", OWNER */
extern char token[AUTH_TOKEN_MAX], expired[AUTH_TOKEN_MAX];
extern struct err err;
extern struct auth_log_entry log_entry; /* what the authorizer noted of the last question */

int open_store(void **state);
int close_store(void **state);
#define CHECK_STORED(function) cmocka_unit_test_setup_teardown(function, open_store, close_store)

/* A change to NULL leaves the parameter out. */
void fill_request(struct request *request, const struct param changes[CHANGES_MAX]);
void authorize_request(const struct request *request, struct response *response);
bool has_header(const struct response *response, const char *name, const char *value);
void assert_refused(
	const struct request *request, const char *name, int status, const char *reason);
void assert_let_in(const struct request *request, const char *rights, const char *dialect);
void assert_params_let_in(
	const struct param changes[CHANGES_MAX], const char *rights, const char *dialect);

#define ACCESS	  403, AUTH_DENIED
#define MISSING	  403, AUTH_MISSING
#define EXPIRED	  403, AUTH_EXPIRED
#define REVOKED	  403, AUTH_REVOKED
#define SIGNATURE 403, AUTH_MISMATCH
#define SKEWED	  403, AUTH_SKEWED
