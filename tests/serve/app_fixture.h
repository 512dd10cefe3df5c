#pragma once
/*
 * An application over an empty store in memory, and one exchange. Requests are built parameter by
 * parameter, as the web server sends them. Each test gets a new store and a new limiter.
 */
#include "lib/check.h"
#include "serve/app.h"

#define TASKS	    "/api/virtshell/v1/tasks"
#define REQUEST_ID  "0123456789abcdef0123456789abcdef"
#define BODY_LIMIT  1000
#define REQUEST_NOW 1454433171000 /* 2016-02-02T17:12:51Z */

struct app_fixture {
	struct store *store;
	struct limit limit;
	struct app app; /* limits are off: set app.limit to use them */
	struct exchange exchange;
	struct buf scratch;
};

/* Setup and teardown of each test; *state is the fixture. */
int app_fixture_open(void **state);
int app_fixture_close(void **state);
#define APP_TEST(function) \
	cmocka_unit_test_setup_teardown(function, app_fixture_open, app_fixture_close)

/* Starts a new request, which has no parameters yet. */
void app_begin(struct app_fixture *f, const char *method, const char *uri, const char *body);
void app_param(struct app_fixture *f, const char *name, const char *value);
/* The parameters that nginx sets for an authorized request. */
void app_principal(struct app_fixture *f, const char *tenant, const char *user, const char *dialect,
	const char *rights);
/* Answers the request and reads a list to its end. Returns the status code. */
int app_answer(struct app_fixture *f);
/* A whole request of user "ann" of tenant "demo", who may read and write in the dialect. */
int app_ask(struct app_fixture *f, const char *method, const char *uri, const char *body);

/* Creates a VirtShell task and writes its path to uri. */
void app_make_task(struct app_fixture *f, char uri[128]);

struct str app_body(struct app_fixture *f);
/* Whether the response head contains the text. */
bool app_head_has(struct app_fixture *f, const char *text);
