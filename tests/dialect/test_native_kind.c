/* The kind of a task in requests of the native API, up to the hook inside the transaction. */
#include "dialect/dialect.h"
#include "lib/check.h"
#include "task/member.h"

#define NOW 1429207233123

static const struct row {
	const char *method, *body;
	const char *dialect, *before; /* of the task that is patched */
	const char *after;	      /* NULL: refused */
} rows[] = {
	{ "POST", "{\"kind\":\"audio\"}", NULL, NULL, "audio" },
	{ "POST", "{\"dialect\":\"native\",\"kind\":null}", NULL, NULL, "" },
	{ "POST", "{}", NULL, NULL, "" },
	{ "POST", "{\"dialect\":\"virtshell\",\"kind\":\"x\",\"fields\":{\"type\":\"x\"}}", NULL,
		NULL, NULL },
	{ "POST", "{\"dialect\":\"virtshell\",\"kind\":null}", NULL, NULL, NULL },
	{ "PATCH", "{\"kind\":\"video\"}", "native", "audio", "video" },
	{ "PATCH", "{\"kind\":null}", "native", "audio", "" },
	{ "PATCH", "{\"priority\":1}", "native", "audio", "audio" },
	{ "PATCH", "{\"kind\":\"video\"}", "virtshell", "", NULL },
	{ "PATCH", "{\"kind\":null}", "virtshell", "", NULL },
};

static void decode(const struct row *row, struct request *request, struct op *op)
{
	const struct route *route;
	bool creates = strcmp(row->method, "POST") == 0;
	unsigned allowed;
	size_t skip;
	struct err err;

	request->body = str_cstr(row->body);
	must(request_add_cgi_param(request, STR("REQUEST_METHOD"), str_cstr(row->method), &err),
		&err);
	must(request_add_cgi_param(request, STR("REQUEST_URI"),
		     creates ? STR("/v1/tasks")
			     : STR("/v1/tasks/018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e"),
		     &err),
		&err);
	must(request_parse(request, &err), &err);
	assert_ptr_equal(dialect_by_path(request, &skip), &native_dialect);
	assert_int_equal(
		route_find(native_dialect.routes, request, skip, &route, &allowed), ROUTE_FOUND);
	must(route->decode(request, op, &err), &err);
}

static struct task task_before(const struct row *row)
{
	const struct dialect *dialect = dialect_by_name(str_cstr(row->dialect));

	return (struct task){ .dialect = dialect->code,
		.state = TASK_PENDING,
		.status = STR("pending"),
		.created = NOW,
		.updated = NOW,
		.revision = 1,
		.kind = str_cstr(row->before) };
}

static void only_native_tasks_have_their_own_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena = { 0 };
		struct request request = { .now = NOW, .body_limit = 4096, .arena = &arena };
		struct op op = { .arena = &arena, .now = NOW, .new_id = { { 1 } } };
		struct task before = { 0 }, task = { 0 };
		struct err err = { 0 };
		bool ok;

		decode(&rows[i], &request, &op);
		if (rows[i].dialect)
			task = before = task_before(&rows[i]);
		else
			task = (struct task){
				.dialect = op.dialect, .revision = 1, .created = NOW, .updated = NOW
			};
		must(task_apply_change(&task, &op.change, NOW, &err), &err);
		ok = op.before_write(&op, rows[i].dialect ? &before : NULL, &task, &err);
		assert_int_equal(ok, rows[i].after != NULL);
		if (ok) {
			assert_str(task.kind, rows[i].after);
		} else {
			assert_err(&err, ERR_UNPROCESSABLE);
			assert_true(str_starts(err.detail, STR("[{\"pointer\":\"/kind\"")));
		}
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(only_native_tasks_have_their_own_kind),
	};

	return CHECK_RUN(tests);
}
