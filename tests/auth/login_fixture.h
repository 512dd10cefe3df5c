#pragma once
/*
 * Requests to the token endpoint, on the store of auth_fixture.h, where ann has a password.
 */
#include "auth/auth_fixture.h"
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
