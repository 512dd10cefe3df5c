/* The view of top: rates between two statuses, and what is missing in one of them. */
#include <string.h>

#include "ctl/top_view.h"
#include "http/json.h"
#include "lib/check.h"

#define STARTED INT64_C(1700000000000)
#define WALL	(STARTED + 125000)

/* process: members of the only process. */
#define STATUS(process, store)                                                                   \
	"{\"phase\":\"serving\",\"generation\":2,\"recoveries\":1,\"read_only\":false,"          \
	"\"started\":1700000000000,\"attention\":[\"Free space.\"],\"store\":{" store "},"       \
	"\"processes\":[{\"process\":\"writer\",\"pid\":7,\"generation\":2,\"state\":\"ready\"," \
	"\"since\":1700000000000," process "}]}"

static json_t *read_json(const char *text)
{
	json_t *json = NULL;
	struct err err;

	must(json_parse_trusted(&json, str_cstr(text), &err), &err);
	return json;
}

/* The view of both statuses, 2 s apart; before NULL: of the second alone. The caller frees it. */
static char *view_of(const char *before, const char *now, size_t columns)
{
	json_t *old = before ? read_json(before) : NULL, *new = read_json(now);
	struct top_view view = { old, new, 2000, WALL, columns };
	struct buf out = BUF_INIT;
	char *text;

	assert_true(top_view_put(&view, &out));
	text = strndup(out.data, out.len);
	assert_non_null(text);
	buf_free(&out);
	json_decref(old);
	json_decref(new);
	return text;
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void rates_are_differences(void **state)
{
	char *text = view_of(STATUS("\"served\":1000,\"refused\":5,\"flushes\":7",
				     "\"deliveries_sent\":10,\"deliveries_failed\":0"),
		STATUS("\"served\":1300,\"refused\":5,\"flushes\":10,\"connections\":3",
			"\"deliveries_sent\":15,\"deliveries_failed\":1,\"webhooks\":2"),
		0);

	(void)state;
	expect(text, "polytask serving for 2m05s, generation 2, recoveries 1   ");
	expect(text, "\nATTENTION: Free space.\n");
	expect(text, "\nrequests/s 150, refused/s 0.0, flushes/s 1.5, claims undone/s -, "
		     "connections 3, ");
	expect(text, "\nwebhooks: 2 enabled, 0 pending, sent/s 2.5, failed/s 0.5\n");
	expect(text,
		"\nwriter            7   2 ready          150     0.0     1.5        -     3 ");
	free(text);
}

/* The first status, another process, and a counter that began again. */
static void unknown_rates_are_no_numbers(void **state)
{
	static const char *const before[] = {
		NULL,
		"{\"phase\":\"serving\",\"processes\":[{\"pid\":8,\"served\":1}]}",
		STATUS("\"served\":5000", ""),
		"{\"phase\":\"serving\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		char *text = view_of(before[i], STATUS("\"served\":1300", ""), 0);

		expect(text, "\nrequests/s -, ");
		free(text);
	}
}

static void lines_are_cut(void **state)
{
	char *text = view_of(NULL, STATUS("\"served\":1", ""), 20);
	struct str rest = str_cstr(text);

	(void)state;
	expect(text, "polytask serving for\nATTENTION: Free spac\n");
	while (rest.len > 0)
		assert_true(str_split_next(&rest, '\n').len <= 20);
	free(text);
}

static void other_json_is_no_status(void **state)
{
	static const char *const texts[] = { "{}", "{\"phase\":1}", "[]" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *json = read_json(texts[i]);
		struct top_view view = { NULL, json, 0, WALL, 0 };
		struct buf out = BUF_INIT;

		assert_false(top_view_put(&view, &out));
		buf_free(&out);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(rates_are_differences),
		CHECK(unknown_rates_are_no_numbers),
		CHECK(lines_are_cut),
		CHECK(other_json_is_no_status),
	};

	return CHECK_RUN(tests);
}
