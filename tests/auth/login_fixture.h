#pragma once
/*
 * Requests to the token endpoint, on the store of auth_fixture.h, where ann has a password.
 */
#include "auth/auth_fixture.h"
#include "auth/login_tokens.h"
#include "auth/token_endpoint.h"

#define PASSWORD "correct horse"
#define FORM	 "grant_type=password&username=ann&password="

/* Reset before each test: no limit of failed logins. */
extern struct token_endpoint endpoint;

int open_login(void **state);
#define CHECK_LOGIN(function) cmocka_unit_test_setup_teardown(function, open_login, close_store)

void set_password(const char *user, const char *password);
/* Fills in log_entry, too. */
void post_from(const char *address, const char *method, struct str body, struct response *response);
void post(const char *method, struct str body, struct response *response);

/* ---- below the endpoint ---- */

#define REFRESH_END (NOW + (int64_t)LOGIN_REFRESH_S * 1000)
#define ACCESS_END  (NOW + (int64_t)LOGIN_ACCESS_S * 1000)

extern struct login_tokens tokens; /* of ann, from open_logged_in() */

/* As open_login(), with a login of ann. */
int open_logged_in(void **state);
#define CHECK_TOKENS(function) \
	cmocka_unit_test_setup_teardown(function, open_logged_in, close_store)

bool renew(const char *text, unsigned asked, int64_t now, struct login_tokens *made);
/* why: "" if the token is unknown. */
void assert_no_renewal(const char *text, int64_t now, const char *why);
void revoke_token(const char *text, int64_t now);
