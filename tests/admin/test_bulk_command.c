/* The command bulk: its words, the request that it sends, and what it prints for ctl/bulk.c. */
#include "admin/bulk_command.h"
#include "admin/command.h"
#include "base/buf.h"
#include "lib/check.h"

struct option {
	enum admin_option option;
	const char *value;
};

#define OPTIONS(...) ((const struct option[]){ __VA_ARGS__{ ADMIN_TENANT, NULL } })

static bool parse(
	struct admin_call *call, const char *action, const struct option *options, struct err *err)
{
	const char *const words[] = { "bulk", "do", action };

	*call = (struct admin_call){ 0 };
	for (; options->value; options++)
		call->options[options->option] = options->value;
	return admin_parse_command(call, words, 3, err);
}

static void assert_body(const char *action, const struct option *options, const char *wanted)
{
	struct buf body = BUF_INIT;
	struct admin_call call;
	struct err err;

	must(parse(&call, action, options, &err), &err);
	must(admin_bulk_put_body(&call, &body, &err), &err);
	assert_str(buf_str(&body), wanted);
	buf_free(&body);
}

static void options_are_conditions(void **state)
{
	(void)state;
	assert_body("cancel",
		OPTIONS({ ADMIN_DIALECT, "idol,virtshell" }, { ADMIN_STATE, "failed" },
			{ ADMIN_KIND, "a" }, { ADMIN_FAILURE, "reported" }, ),
		"{\"filter\":{\"dialect\":\"idol,virtshell\",\"state\":\"failed\",\"kind\":\"a\","
		"\"failure\":\"reported\"},\"do\":\"cancel\"}");
	assert_body("delete", OPTIONS({ ADMIN_KIND, "" }, ),
		"{\"filter\":{\"kind\":\"\"},\"do\":\"delete\"}");
	assert_body(
		"archive", OPTIONS({ ADMIN_TENANT, "t" }, ), "{\"filter\":{},\"do\":\"archive\"}");
}

static void filters_are_conditions(void **state)
{
	(void)state;
	assert_body("retry", OPTIONS({ ADMIN_FILTER, "created_to=2026-01-31T12:00:00Z" }, ),
		"{\"filter\":{\"created_to\":\"2026-01-31T12:00:00Z\"},\"do\":\"retry\"}");
	assert_body("retry",
		OPTIONS({ ADMIN_KIND, "a" },
			{ ADMIN_FILTER, "kind=b\nfields.x=y=z\nkind=c\nstatus=" }, ),
		"{\"filter\":{\"kind\":[\"a\",\"b\",\"c\"],\"fields.x\":\"y=z\",\"status\":\"\"},"
		"\"do\":\"retry\"}");
}

static void further_members(void **state)
{
	(void)state;
	assert_body("set-priority",
		OPTIONS({ ADMIN_KIND, "a" }, { ADMIN_PRIORITY, "-5" }, { ADMIN_DRY_RUN, "yes" }, ),
		"{\"filter\":{\"kind\":\"a\"},\"do\":\"set_priority\",\"priority\":-5,"
		"\"dry_run\":true}");
	assert_body("set-priority", OPTIONS({ ADMIN_KIND, "a" }, { ADMIN_PRIORITY, "high" }, ),
		"{\"filter\":{\"kind\":\"a\"},\"do\":\"set_priority\",\"priority\":\"high\"}");
	assert_body("cancel", OPTIONS({ ADMIN_KIND, "a" }, { ADMIN_DRY_RUN_TOKEN, "t" }, ),
		"{\"filter\":{\"kind\":\"a\"},\"do\":\"cancel\",\"token\":\"t\"}");
}

static void wrong_calls_are_refused(void **state)
{
	static const struct {
		const char *action;
		struct option option;
		const char *sentence;
	} rows[] = {
		{ "purge", { ADMIN_KIND, "a" },
			"the actions are cancel, retry, archive, delete and set-priority, not "
			"'purge'" },
		{ "set-priority", { ADMIN_KIND, "a" },
			"--priority is for 'bulk do set-priority', which requires it" },
		{ "cancel", { ADMIN_PRIORITY, "5" },
			"--priority is for 'bulk do set-priority', which requires it" },
		{ "cancel", { ADMIN_LIMIT, "5" }, "'bulk do' has no option --limit" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct option options[] = { rows[i].option, { ADMIN_TENANT, NULL } };
		struct admin_call call;
		struct err err;

		assert_fails(parse(&call, rows[i].action, options, &err), &err, ERR_INVALID);
		assert_string_equal(err_text(&err), rows[i].sentence);
	}
}

static void wrong_filters_are_refused(void **state)
{
	static const char *const filters[] = { "kind", "=a", "kind=a\nb" };
	(void)state;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct buf body = BUF_INIT;
		struct admin_call call;
		struct err err;

		must(parse(&call, "cancel", OPTIONS({ ADMIN_FILTER, filters[i] }, ), &err), &err);
		assert_fails(admin_bulk_put_body(&call, &body, &err), &err, ERR_INVALID);
		assert_true(
			str_starts(str_cstr(err_text(&err)), STR("--filter takes a condition")));
		buf_free(&body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(options_are_conditions),
		CHECK(filters_are_conditions),
		CHECK(further_members),
		CHECK(wrong_calls_are_refused),
		CHECK(wrong_filters_are_refused),
	};

	return CHECK_RUN(tests);
}
