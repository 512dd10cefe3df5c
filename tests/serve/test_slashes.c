/* Doubled and trailing slashes in the addresses of each dialect, as their pages have them. */
#include <stdio.h>

#include "serve/app_fixture.h"

#define ITEM "/tasks/catalog-item/x/product/adbreaks/version/1"

/* A task that does not exist is 404, too: these are lists and methods, which need none. */
static const struct {
	const char *method, *uri;
	int status;
	const char *head; /* of the response, or NULL */
} rows[] = {
	{ "GET", "/v1/tasks", 200, NULL },
	{ "GET", "/v1/tasks/", 200, NULL },
	{ "GET", "/v1/tasks//", 404, NULL },
	{ "GET", "/v1//tasks", 404, NULL },
	{ "GET", "//v1/tasks", 404, NULL },
	{ "GET", "/v1//tasks/", 404, NULL },
	{ "GET", "/v1/%2Ftasks", 404, NULL },
	{ "GET", "/v1//", 404, NULL },
	{ "GET", "/v1%2Ftasks", 404, NULL },
	{ "GET", "/v1/tasks%2F", 404, NULL },
	{ "PUT", "/v1/tasks/", 405, "Allow: GET, HEAD, POST, OPTIONS\r\n" },
	{ "PUT", "/v1/tasks//", 404, NULL },
	{ "OPTIONS", "/v1/tasks/", 204, "Allow: GET, HEAD, POST, OPTIONS\r\n" },
	{ "OPTIONS", "/v1//tasks", 404, NULL },

	{ "GET", "/tasks/catalog-item/x", 200, NULL },
	{ "GET", "/tasks/catalog-item/x/", 307, "Location: /tasks/catalog-item/x\r\n" },
	{ "GET", "/tasks/catalog-item/x//?a=/", 307, "Location: /tasks/catalog-item/x?a=/\r\n" },
	{ "POST", ITEM "//", 307, "Location: " ITEM "\r\n" },
	{ "PUT", ITEM "/", 307, "Location: " ITEM "\r\n" },
	{ "OPTIONS", ITEM "/", 307, "Location: " ITEM "\r\n" },
	{ "GET", "/tasks//catalog-item/x", 404, NULL },
	{ "GET", "/tasks/catalog-item//x/", 404, NULL },
	{ "GET", "//tasks/catalog-item/x/", 404, NULL },
	{ "GET", "/tasks/catalog-item/x/product/", 404, NULL },
	{ "GET", "/tasks/catalog-item/x/?key=k", 200, NULL },
	{ "GET", "/tasks/catalog-item/x//?key=k", 200, NULL },
	{ "GET", "/tasks//catalog-item/x?key=k", 404, NULL },

	{ "GET", "/api/v4/managed-slicer/ingest-points/tasks", 200, NULL },
	{ "GET", "/api/v4/managed-slicer/ingest-points/tasks/", 200, NULL },
	{ "GET", "/api/v4/managed-slicer/ingest-points/tasks//", 404, NULL },
	{ "GET", "/api/v4/managed-slicer//ingest-points/tasks", 404, NULL },

	{ "GET", "/v2/task/index", 200, NULL },
	{ "GET", "/v2/task/index/", 404, NULL },
	{ "GET", "/v2/task//index", 404, NULL },
	{ "PATCH", "/v2/task/index", 405, "Allow: " },
	{ "PATCH", "/v2/task/index/", 404, NULL },
	{ "OPTIONS", "/v2/task/index/", 404, NULL },

	{ "GET", "/api/v2/import-tasks", 200, NULL },
	{ "GET", "/api/v2/import-tasks/", 200, NULL },
	{ "GET", "//api//v2///import-tasks//", 200, NULL },
	{ "OPTIONS", "/api/v2//import-tasks", 204, "Allow: GET, HEAD, POST, OPTIONS\r\n" },

	{ "GET", TASKS, 200, NULL },
	{ "GET", TASKS "/", 200, NULL },
	{ "GET", TASKS "//", 404, NULL },
	{ "GET", "/api//virtshell/v1/tasks/", 404, NULL },

	{ "GET", "/engine-rest/external-task", 200, NULL },
	{ "GET", "/engine-rest/external-task/", 200, NULL },
	{ "GET", "/engine-rest//external-task", 404, NULL },
	{ "GET", "/engine-rest/external-task//", 404, NULL },
};

static void each_dialect_has_its_own_rule(void **state)
{
	struct app_fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status;

		app_begin(f, rows[i].method, rows[i].uri, "");
		app_principal(f, "demo", "ann", "*", "read,write");
		status = app_answer(f);
		if (status != rows[i].status)
			fail_msg("%s %s: %d", rows[i].method, rows[i].uri, status);
		if (rows[i].head && !app_head_has(f, rows[i].head))
			fail_msg("%s %s: no %s in %.*s", rows[i].method, rows[i].uri, rows[i].head,
				STR_ARGS(buf_str(&f->exchange.response.headers)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP_TEST(each_dialect_has_its_own_rule),
	};

	return CHECK_RUN(tests);
}
