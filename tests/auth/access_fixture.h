#pragma once
/* Operations on users and credentials (auth/access.h), on the store of auth_fixture.h. */
#include "auth/access.h"
#include "auth/auth_fixture.h"

extern struct result access_result; /* of the last operation; freed by the next one */

int open_access(void **state);
int close_access(void **state);
#define CHECK_ACCESS(function) cmocka_unit_test_setup_teardown(function, open_access, close_access)

/* Carries out an operation of the tenant demo, in slices of one step, by a user with this id. */
bool access_try(const struct op_access *access, const char *id, int64_t now);
const struct access_answer *access_do(const struct op_access *access, const char *id, int64_t now);
/* The credential of that label, which must be the only one. */
struct access_credential access_find(const char *label, int64_t now);
/* The names, or labels, of the answer, separated by spaces. */
const char *access_names(const struct access_answer *answer);
/* Carries out an action on a credential; true if it succeeds. */
bool access_act(enum access_action action, const char *id, struct optional_time end, int64_t now);
