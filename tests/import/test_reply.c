/* What the response of a server means for a file. */
#include "import/reply.h"
#include "lib/check.h"

#define TAG	 "\"v1\""
#define MODIFIED "Wed, 01 Jan 2020 00:00:00 GMT"

/* 100 bytes of 1000. */
static const struct partial part = { .size = 100, .total = 1000, .version.validator = TAG };
static const struct partial unknown = {
	.size = 100, .total = PARTIAL_TOTAL_UNKNOWN, .version.validator = MODIFIED
};
static const struct partial empty = { .total = PARTIAL_TOTAL_UNKNOWN };

static struct reply_plan plan_of(
	const struct reply *reply, const struct partial *partial, bool asked)
{
	struct reply_plan plan;
	struct err err = { 0 };

	must(reply_judge(reply, partial, asked, &plan, &err), &err);
	return plan;
}

static void whole_files(void **state)
{
	struct reply reply = { .status = 200, .content_length = 1000, .etag = TAG };
	struct reply_plan plan = plan_of(&reply, &empty, false);

	(void)state;
	assert_int_equal(plan.action, REPLY_WHOLE);
	assert_int_equal(plan.total, 1000);
	assert_int_equal(plan.length, 1000);
	assert_string_equal(plan.version.validator, TAG);
	reply.content_length = REPLY_LENGTH_UNKNOWN;
	plan = plan_of(&reply, &part, true);
	assert_int_equal(plan.action, REPLY_WHOLE);
	assert_true(plan.total == PARTIAL_TOTAL_UNKNOWN && plan.length == PARTIAL_TOTAL_UNKNOWN);
}

static void lengths(void **state)
{
	static const struct {
		const char *text;
		int64_t length;
	} cases[] = {
		{ "0", 0 },
		{ "1000", 1000 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", REPLY_LENGTH_INVALID },
		{ "99999999999999999999999", REPLY_LENGTH_INVALID },
		{ "", REPLY_LENGTH_INVALID },
		{ "-5", REPLY_LENGTH_INVALID },
		{ "+5", REPLY_LENGTH_INVALID },
		{ "5, 5", REPLY_LENGTH_INVALID },
		{ "5x", REPLY_LENGTH_INVALID },
		{ "0x5", REPLY_LENGTH_INVALID },
	};
	static const long statuses[] = { 200, 206 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(reply_parse_length(cases[i].text), cases[i].length);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct reply reply = { .status = statuses[i],
			.content_length = REPLY_LENGTH_INVALID };
		struct reply_plan plan;
		struct err err = { 0 };

		assert_fails(reply_judge(&reply, &part, true, &plan, &err), &err, ERR_BUSY);
	}
}

static void validators(void **state)
{
	static const struct {
		const char *etag, *modified, *date, *expected;
	} cases[] = {
		{ TAG, NULL, NULL, TAG },
		{ TAG, MODIFIED, "Wed, 01 Jan 2020 00:00:01 GMT", TAG },
		{ "W/" TAG, NULL, NULL, "" },
		{ "v1", NULL, NULL, "" },
		{ "\"", NULL, NULL, "" },
		{ "\"a\", \"b\"", NULL, NULL, "" },
		{ NULL, MODIFIED, "Wed, 01 Jan 2020 00:00:01 GMT", MODIFIED },
		{ "W/" TAG, MODIFIED, "Wed, 01 Jan 2020 00:00:01 GMT", MODIFIED },
		/* The file may have changed after the response, in the same second. */
		{ NULL, MODIFIED, MODIFIED, "" },
		{ NULL, MODIFIED, NULL, "" },
		{ NULL, "yesterday", "Wed, 01 Jan 2020 00:00:01 GMT", "" },
		{ NULL, NULL, NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply reply = { .status = 200,
			.etag = cases[i].etag,
			.last_modified = cases[i].modified,
			.date = cases[i].date };

		assert_string_equal(
			plan_of(&reply, &empty, false).version.validator, cases[i].expected);
	}
}

static void long_tags_are_not_kept(void **state)
{
	char tag[PARTIAL_VALIDATOR_SIZE + 1];
	struct reply reply = { .status = 200, .etag = tag };

	(void)state;
	memset(tag, 'x', sizeof(tag));
	tag[0] = tag[sizeof(tag) - 2] = '"';
	tag[sizeof(tag) - 1] = '\0';
	assert_string_equal(plan_of(&reply, &empty, false).version.validator, "");
}

static void parts(void **state)
{
	static const struct {
		const struct partial *partial;
		const char *range, *etag;
		enum reply_action action;
		uint64_t total;
	} cases[] = {
		{ &part, "bytes 100-999/1000", TAG, REPLY_REST, 1000 },
		{ &part, "Bytes 100-999/*", TAG, REPLY_REST, 1000 },
		{ &part, "bytes 100-199/1000", TAG, REPLY_REST, 1000 },
		{ &unknown, "bytes 100-999/1000", TAG, REPLY_REST, 1000 },
		{ &unknown, "bytes 100-999/*", NULL, REPLY_RESTART, 0 },
		{ &part, "bytes 100-999/1000", "\"v2\"", REPLY_RESTART, 0 },
		{ &part, "bytes 0-999/1000", TAG, REPLY_RESTART, 0 },
		{ &part, "bytes 101-999/1000", TAG, REPLY_RESTART, 0 },
		{ &part, "bytes 100-1999/2000", TAG, REPLY_RESTART, 0 },
		{ &part, "bytes 100-1999/*", TAG, REPLY_RESTART, 0 },
		{ &part, "bytes 100-1000/1000", TAG, REPLY_RESTART, 0 },
		{ &part, "bytes 100-99/1000", TAG, REPLY_RESTART, 0 },
		{ &part, "bytes */1000", TAG, REPLY_RESTART, 0 },
		{ &part, "items 100-999/1000", TAG, REPLY_RESTART, 0 },
		{ &part, "bytes 100-99999999999999999999/1000", TAG, REPLY_RESTART, 0 },
		{ &part, "bytes", TAG, REPLY_RESTART, 0 },
		{ &part, "", TAG, REPLY_RESTART, 0 },
		{ &part, NULL, TAG, REPLY_RESTART, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply reply = { .status = 206,
			.content_length = REPLY_LENGTH_UNKNOWN,
			.content_range = cases[i].range,
			.etag = cases[i].etag,
			.last_modified = MODIFIED };
		struct reply_plan plan = plan_of(&reply, cases[i].partial, true);

		if (plan.action != cases[i].action)
			fail_msg("%s", cases[i].range ? cases[i].range : "no range");
		if (plan.action == REPLY_REST)
			assert_true(plan.total == cases[i].total);
	}
}

/* Which parts are added to a file of version v1. */
static void versions_of_parts(void **state)
{
	static const char later[] = "Thu, 02 Jan 2020 00:00:00 GMT";
	static const struct {
		const char *validator, *other, *etag, *modified;
		bool without_md5, with_md5;
	} cases[] = {
		{ TAG, "", TAG, NULL, true, true },
		{ TAG, MODIFIED, TAG, MODIFIED, true, true },
		/* The same strong ETag means the same bytes. */
		{ TAG, MODIFIED, TAG, later, true, true },
		{ TAG, MODIFIED, "\"v2\"", MODIFIED, false, false },
		{ TAG, "", "W/" TAG, NULL, false, false },
		{ TAG, "", NULL, NULL, false, true },
		{ TAG, MODIFIED, NULL, MODIFIED, false, true },
		{ TAG, MODIFIED, NULL, later, false, false },
		{ TAG, "", NULL, later, false, true },
		{ MODIFIED, "", NULL, MODIFIED, true, true },
		{ MODIFIED, "", TAG, MODIFIED, true, true },
		{ MODIFIED, "W/" TAG, "W/" TAG, MODIFIED, true, true },
		{ MODIFIED, "W/" TAG, "W/\"v2\"", MODIFIED, false, false },
		{ MODIFIED, "", NULL, later, false, false },
		{ MODIFIED, "", TAG, later, false, false },
		{ MODIFIED, "", NULL, NULL, false, true },
		{ MODIFIED, "", TAG, NULL, false, true },
		{ MODIFIED, "W/" TAG, "W/\"v2\"", NULL, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply reply = { .status = 206,
			.content_range = "bytes 100-999/1000",
			.etag = cases[i].etag,
			.last_modified = cases[i].modified };

		for (int compared = 0; compared <= 1; compared++) {
			struct partial partial = {
				.size = 100, .total = 1000, .is_compared = compared
			};
			bool taken = compared ? cases[i].with_md5 : cases[i].without_md5;

			strcpy(partial.version.validator, cases[i].validator);
			strcpy(partial.version.other, cases[i].other);
			if (plan_of(&reply, &partial, true).action !=
				(taken ? REPLY_REST : REPLY_RESTART))
				fail_msg("case %zu, compared %d", i, compared);
		}
	}
}

static void both_fields_are_kept(void **state)
{
	static const char date[] = "Wed, 01 Jan 2020 00:00:01 GMT";
	struct reply reply = {
		.status = 200, .etag = "W/" TAG, .last_modified = MODIFIED, .date = date
	};

	(void)state;
	assert_string_equal(plan_of(&reply, &empty, false).version.other, "W/" TAG);
	reply.etag = TAG;
	assert_string_equal(plan_of(&reply, &empty, false).version.other, MODIFIED);
}

static void other_statuses(void **state)
{
	static const struct {
		long status;
		bool asked;
		enum err_code code;
	} cases[] = {
		{ 201, false, ERR_UNPROCESSABLE },
		{ 204, false, ERR_UNPROCESSABLE },
		{ 206, false, ERR_UNPROCESSABLE },
		{ 300, false, ERR_UNPROCESSABLE },
		{ 302, false, ERR_UNPROCESSABLE }, /* without Location */
		{ 304, true, ERR_UNPROCESSABLE },
		{ 400, false, ERR_UNPROCESSABLE },
		{ 401, false, ERR_UNPROCESSABLE },
		{ 404, true, ERR_UNPROCESSABLE },
		{ 408, false, ERR_BUSY },
		{ 410, false, ERR_UNPROCESSABLE },
		{ 416, false, ERR_UNPROCESSABLE },
		{ 425, false, ERR_BUSY },
		{ 429, false, ERR_BUSY },
		{ 500, false, ERR_BUSY },
		{ 503, true, ERR_BUSY },
		{ 999, false, ERR_BUSY },
		{ 0, false, ERR_UNPROCESSABLE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply reply = { .status = cases[i].status };
		struct reply_plan plan;
		struct err err = { 0 };

		assert_fails(reply_judge(&reply, &part, cases[i].asked, &plan, &err), &err,
			cases[i].code);
	}
	assert_int_equal(
		plan_of(&(struct reply){ .status = 416 }, &part, true).action, REPLY_RESTART);
}

static void redirects_need_a_location(void **state)
{
	static const long statuses[] = { 301, 302, 303, 307, 308 };

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct reply reply = { .status = statuses[i], .location = "/a" };

		assert_int_equal(plan_of(&reply, &part, true).action, REPLY_REDIRECT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(whole_files),
		CHECK(lengths),
		CHECK(validators),
		CHECK(long_tags_are_not_kept),
		CHECK(parts),
		CHECK(versions_of_parts),
		CHECK(both_fields_are_kept),
		CHECK(other_statuses),
		CHECK(redirects_need_a_location),
	};

	return CHECK_RUN(tests);
}
