/* Each case of conditions.json, as a request of every row of a dialect that has a task. */
#include <jansson.h>
#include <stdio.h>

#include "serve/app_fixture.h"

#define POINTS "/api/v4/managed-slicer/slicers/ingest-points"

/* Creates a task; the numbers in the texts make it a new one for each case. */
static const struct maker {
	const char *uri, *body;
	const char *address; /* of the task; %s: the id or number */
	const char *mark;    /* before the id in the response */
} makers[] = {
	{ "/v1/tasks", "{}", "/v1/tasks/%s", "\"id\":\"" },
	{ TASKS, "{\"log\":\"x\"}", TASKS "/%s", "\"task_id\":\"" },
	{ "/v2/task/create", "{\"handler\":\"h\"}", "/v2/task/view?id=%s", "\"task_id\":\"" },
	{ "/v1/tasks",
		"{\"dialect\":\"vionlabs\",\"fields\":{\"inventory_id\":\"%u\",\"product\":"
		"\"markers\",\"version\":\"1\"}}",
		"/tasks/catalog-item/%u/product/markers/version/1", "\"id\":\"" },
	{ POINTS, "{\"endpoint_name\":\"a\",\"server_region_id\":\"b\",\"stream_type_name\":\"c\"}",
		POINTS "/%s", "\"id\":\"" },
	{ "/v1/tasks", "{\"dialect\":\"uplynk\",\"fields\":{\"operation\":\"CREATE\"}}",
		"/api/v4/managed-slicer/ingest-points/tasks/%s", "\"id\":\"" },
	{ "/v1/tasks",
		"{\"dialect\":\"idol\",\"fields\":{\"master-type\":\"cd\",\"attachable\":{\"type\":"
		"\"tracks\",\"id\":\"1\"}}}",
		"/api/v2/import-tasks/%s", "\"number\":" },
};

enum { NATIVE, VIRTSHELL, FOURHSE, VIONLABS, POINT, UPLYNK, IDOL };

/* uri: NULL: that of the maker. */
static const struct row {
	int maker;
	const char *method, *uri, *body;
} rows[] = {
	{ NATIVE, "GET", NULL, "" },
	{ NATIVE, "HEAD", NULL, "" },
	{ NATIVE, "PATCH", NULL, "{\"priority\":1}" },
	{ NATIVE, "POST", "/v1/tasks/%s/archive", "" },
	{ NATIVE, "DELETE", NULL, "" },
	{ VIRTSHELL, "GET", NULL, "" },
	{ VIRTSHELL, "PUT", NULL, "{\"log\":\"x\"}" },
	{ VIRTSHELL, "DELETE", NULL, "" },
	{ FOURHSE, "GET", NULL, "" },
	{ FOURHSE, "PUT", "/v2/task/update/%s", "{\"status\":\"done\"}" },
	{ FOURHSE, "DELETE", "/v2/task/delete/%s", "" },
	{ VIONLABS, "GET", NULL, "" },
	{ VIONLABS, "POST", NULL, "" },
	{ VIONLABS, "DELETE", NULL, "" },
	{ POINT, "GET", NULL, "" },
	{ POINT, "PATCH", NULL, "{\"desc\":\"x\"}" },
	{ POINT, "DELETE", NULL, "" },
	{ UPLYNK, "GET", NULL, "" },
	{ IDOL, "GET", NULL, "" },
};

/* The text up to the quote, comma or brace after the mark. */
static void copy_after(struct str text, const char *mark, char *out, size_t size)
{
	const char *at = memmem(text.ptr, text.len, mark, strlen(mark));

	assert_non_null(at);
	at += strlen(mark);
	snprintf(out, size, "%.*s", (int)strcspn(at, "\",}"), at);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void put_address(char uri[160], const char *format, const char *id, unsigned number)
{
	if (strstr(format, "%u"))
		snprintf(uri, 160, format, number);
	else
		snprintf(uri, 160, format, id);
}

static void make_task(struct app_fixture *f, const struct row *row, unsigned number, char uri[160])
{
	const struct maker *maker = &makers[row->maker];
	char body[200], id[64];

	snprintf(body, sizeof(body), maker->body, number);
	assert_in_range(app_ask(f, "POST", maker->uri, body), 200, 201);
	copy_after(app_body(f), maker->mark, id, sizeof(id));
	put_address(uri, row->uri ? row->uri : maker->address, id, number);
	put_address(body, maker->address, id, number);
	assert_int_equal(app_ask(f, "GET", body, ""), 200);
}

#pragma GCC diagnostic pop

#define HEADERS_MAX 2

static void add_header(struct app_fixture *f, size_t number, const json_t *header, const char *tag)
{
	const char *value = json_string_value(json_array_get(header, 1));
	const char *place = strstr(value, "{tag}");
	/* The request borrows them. */
	static char names[HEADERS_MAX][40], texts[HEADERS_MAX][120];
	char *name = names[number], *text = texts[number];

	snprintf(name, sizeof(names[0]), "HTTP_%s", json_string_value(json_array_get(header, 0)));
	for (char *c = name; *c; c++)
		*c = (char)(*c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	if (place)
		snprintf(text, sizeof(texts[0]), "%.*s%s%s", (int)(place - value), value, tag,
			place + 5);
	app_param(f, name, place ? text : value);
}

static int answer(struct app_fixture *f, const struct row *row, const json_t *test, unsigned number)
{
	char uri[160], tag[40];
	const json_t *header;
	size_t i;

	make_task(f, row, number, uri);
	copy_after(buf_str(&f->exchange.response.headers), "ETag: \"", tag, sizeof(tag));
	app_begin(f, row->method, uri, row->body);
	app_principal(f, "demo", "ann", "*", "read,write");
	json_array_foreach (json_object_get(test, "headers"), i, header)
		add_header(f, i, header, tag);
	return app_answer(f);
}

static void check_row(
	struct app_fixture *f, const struct row *row, const json_t *test, unsigned number)
{
	bool reads = row->method[0] == 'G' || row->method[0] == 'H';
	int expected = (int)json_integer_value(json_object_get(test, reads ? "read" : "write"));
	int status = answer(f, row, test, number);

	if (status == expected || (expected == 200 && status == 204))
		return;
	fail_msg("%s: %s %s: %d, not %d", json_string_value(json_object_get(test, "name")),
		row->method, makers[row->maker].address, status, expected);
}

static json_t *load_cases(void)
{
	const char *source = getenv("top_srcdir") ? getenv("top_srcdir") : ".";
	char path[256];
	json_t *cases;

	snprintf(path, sizeof(path), "%s/tests/serve/conditions.json", source);
	cases = json_load_file(path, 0, NULL);
	assert_true(json_array_size(cases) > 0);
	return cases;
}

static void every_row_follows_the_rules(void **state)
{
	json_t *cases = load_cases();
	unsigned number = 0;
	const json_t *test;
	size_t i;

	json_array_foreach (cases, i, test) {
		for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
			check_row(*state, &rows[r], test, ++number);
	}
	json_decref(cases);
}

/* Without the conditions the response would be 404, so they are ignored (RFC 9110 §13.2.1). */
static void conditions_do_not_hide_an_absent_task(void **state)
{
	static const char *const uris[] = { "/v1/tasks/018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e",
		"/tasks/catalog-item/x/product/markers/version/1" };

	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		app_begin(*state, "DELETE", uris[i], "");
		app_principal(*state, "demo", "ann", "*", "read,write");
		app_param(*state, "HTTP_IF_NONE_MATCH", "*");
		app_param(*state, "HTTP_IF_MATCH", "\"7\"");
		assert_int_equal(app_answer(*state), 404);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP_TEST(every_row_follows_the_rules),
		APP_TEST(conditions_do_not_hide_an_absent_task),
	};

	return CHECK_RUN(tests);
}
