/* The view of top: rates and durations between two statuses, and what is missing in one of them. */
#include <math.h>
#include <string.h>

#include "ctl/top_figures.h"
#include "ctl/top_view.h"
#include "http/json.h"
#include "lib/check.h"

#define STARTED INT64_C(1700000000000)
#define WALL	(STARTED + 125000)
#define COUNTED "1700000124000"

/* process: members of the only process; dialects: of the object. */
#define STATUS(process, dialects)                                                                \
	"{\"phase\":\"serving\",\"generation\":2,\"recoveries\":1,\"read_only\":false,"          \
	"\"started\":1700000000000,\"attention\":[\"Free space.\"],\"store\":{\"webhooks\":2,"   \
	"\"deliveries_sent\":10,\"index\":\"complete\"},"                                        \
	"\"duration_bounds\":[250,500,1000,2500,5000,10000,25000,50000,100000,250000,500000,"    \
	"1000000,5000000,30000000],\"counted_at\":" COUNTED ",\"dialects\":{" dialects "},"      \
	"\"processes\":[{\"process\":\"writer\",\"pid\":7,\"generation\":2,\"state\":\"ready\"," \
	"\"since\":1700000000000," process "}]}"

#define NATIVE(responses, errors, durations)                                                    \
	"\"native\":{\"responses\":" responses ",\"client_errors\":0,\"server_errors\":" errors \
	",\"durations\":[" durations "],\"claimed\":" responses ",\"pending\":1200,"            \
	"\"ready\":900,\"running\":3,\"failed\":0,\"oldest_ready\":1700000005000}"

#define NO_DURATIONS "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0"

static json_t *read_json(const char *text)
{
	json_t *json = NULL;
	struct err err;

	must(json_parse_trusted(&json, str_cstr(text), &err), &err);
	return json;
}

/* The view of both statuses, 2 s apart; before NULL: of the second alone. The caller frees it. */
static char *styled_view(const char *before, const char *now, size_t columns, bool styled)
{
	json_t *old = before ? read_json(before) : NULL, *new = read_json(now);
	struct top_view view = { old, new, 2000, WALL, columns, styled };
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

static char *view_of(const char *before, const char *now, size_t columns)
{
	return styled_view(before, now, columns, false);
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void expect_absent(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

/* ---- figures ---- */

static void rates_are_differences(void **state)
{
	char *text = view_of(
		STATUS("\"served\":1000,\"flushes\":7", NATIVE("100", "5", NO_DURATIONS)),
		STATUS("\"served\":1300,\"flushes\":10,\"connections\":3",
			NATIVE("400", "6", NO_DURATIONS)),
		0);

	(void)state;
	expect(text, "polytask serving for 2m05s, generation 2, recoveries 1   ");
	expect(text, "\nATTENTION: Free space.\n");
	expect(text, "\nrequests    150/s answered    0.5/s refused         - median ");
	expect(text, "\nclients         3 connected ");
	expect(text, "\nstore       1.5/s flushes ");
	expect(text, " index complete\n");
	expect(text, "\nwebhooks        2 enabled         0 pending     0.0/s sent ");
	expect(text,
		"\nwriter            7   2 ready          150       -     1.5        -     3 ");
	expect(text, "\nnative         150     0.0     0.5 ");
	free(text);
}

/* The first status, another process, and counters that began again. */
static void unknown_rates_are_no_numbers(void **state)
{
	static const char *const before[] = {
		NULL,
		"{\"phase\":\"serving\",\"processes\":[{\"pid\":8,\"served\":1}]}",
		STATUS("\"served\":5000", NATIVE("5000", "0", NO_DURATIONS)),
		"{\"phase\":\"serving\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		char *text = view_of(
			before[i], STATUS("\"served\":1300", NATIVE("400", "0", NO_DURATIONS)), 0);

		expect(text, "\nrequests      -/s answered ");
		expect(text, "\nnative           - ");
		expect(text, "\nwriter            7   2 ready            - ");
		free(text);
	}
}

static void durations_are_those_between_the_two(void **state)
{
	/* Before: one slow request. Since then: 98 up to 0.25 ms, one up to 2.5 ms, one above all. */
	char *text = view_of(
		STATUS("\"served\":1", NATIVE("1", "0", "0,0,0,0,0,0,0,0,0,0,0,0,0,0,1")),
		STATUS("\"served\":1", NATIVE("101", "0", "98,0,0,1,0,0,0,0,0,0,0,0,0,0,2")), 0);

	(void)state;
	expect(text, " 0.13ms median     2.50ms p99\n");
	free(text);
	text = view_of(STATUS("\"served\":1", NATIVE("1", "0", NO_DURATIONS)),
		STATUS("\"served\":1", NATIVE("3", "0", "0,0,0,0,0,0,0,0,0,0,0,0,0,0,2")), 0);
	expect(text, "  30.0s median      30.0s p99\n");
	free(text);
	/* Another number of buckets. */
	text = view_of(STATUS("\"served\":1", NATIVE("1", "0", "1,2")),
		STATUS("\"served\":1", NATIVE("3", "0", NO_DURATIONS)), 0);
	expect(text, "      - median          - p99\n");
	free(text);
}

static void figures_are_short(void **state)
{
	static const struct {
		double us;
		const char *text;
	} durations[] = { { 0, "0.00ms" }, { 410, "0.41ms" }, { 12340, "12.3ms" },
		{ 250000, "250ms" }, { 1500000, "1.5s" }, { 120000000, "120s" },
		{ (double)NAN, "-" } };
	static const struct {
		double count;
		const char *text;
	} counts[] = { { 0, "0" }, { 9999999, "9999999" }, { 12345678, "12.3M" }, { 25e9, "25.0G" },
		{ 1e18, "1000.0P" }, { (double)NAN, "-" } };
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		top_put_duration(durations[i].us, text, sizeof(text));
		assert_string_equal(text, durations[i].text);
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		top_put_count(counts[i].count, text, sizeof(text));
		assert_string_equal(text, counts[i].text);
	}
	top_put_rate(12.34, text, sizeof(text));
	assert_string_equal(text, "12.3");
	top_put_rate(123.4, text, sizeof(text));
	assert_string_equal(text, "123");
}

/* ---- tasks ---- */

static void tasks_are_shown_by_state(void **state)
{
	char *text = view_of(STATUS("\"served\":1", NATIVE("2", "0", NO_DURATIONS)),
		STATUS("\"served\":1",
			NATIVE("22", "0",
				NO_DURATIONS) ",\"idol\":{\"responses\":0,\"created\":0,\"pending\":0},"
					      "\"\":{\"responses\":3}"),
		0);

	(void)state;
	expect(text, "\ntasks        1200 pending         3 running         0 failed "
		     "       900 ready\n");
	expect(text, " 10.0/s claimed       -/s ended       2m00s oldest\n");
	expect(text, "\n(calls)  ");
	expect_absent(text, "idol");
	free(text);
}

/* Without a census, and with one that is old. */
static void tasks_that_are_not_counted_are_unknown(void **state)
{
	static const char *const counted[] = { "null", "1700000024000" };

	(void)state;
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		json_t *now = read_json(STATUS("\"served\":1", NATIVE("2", "0", NO_DURATIONS)));
		struct top_view view = { .now = now, .wall = WALL };
		struct buf out = BUF_INIT;
		char *text;

		json_object_set_new(now, "counted_at", read_json(counted[i]));
		assert_true(top_view_put(&view, &out));
		text = strndup(out.data, out.len);
		assert_non_null(text);
		expect(text, "\ntasks           - pending         - running ");
		expect(text, " - oldest\n");
		free(text);
		buf_free(&out);
		json_decref(now);
	}
}

/* ---- the width ---- */

static void check_width(const char *text, size_t columns)
{
	struct str rest = str_cstr(text);

	while (rest.len > 0)
		assert_in_range(str_split_next(&rest, '\n').len, 0, columns);
}

/* Whole columns, the most important ones; the rest of the view is cut. */
static void a_narrow_terminal_has_fewer_columns(void **state)
{
	static const struct {
		size_t columns;
		const char *dialects, *processes;
	} cases[] = {
		{ 40, "\nDIALECT      REQ/S\n", "\nPROCESS     STATE        REQ/S\n" },
		{ 80,
			"\nDIALECT      REQ/S   5XX/S  MEDIAN     P99  CLAIM/S    READY   OLDEST  "
			"RUNNING\n",
			"\nPROCESS         PID GEN STATE        REQ/S   REF/S FLUSH/S  CONN "
			"QUEUED   UPTIME\n" },
		{ 110, " 5XX/S  MEDIAN     P99   NEW/S  CLAIM/S   END/S ",
			" QUEUED PARKED STREAMS   UPTIME\n" },
	};
	const char *now = STATUS("\"served\":1", NATIVE("2", "0", NO_DURATIONS));

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = view_of(NULL, now, cases[i].columns);

		expect(text, cases[i].dialects);
		expect(text, cases[i].processes);
		check_width(text, cases[i].columns);
		free(text);
	}
}

static void lines_are_cut(void **state)
{
	char *text = view_of(NULL, STATUS("\"served\":1", ""), 20);

	(void)state;
	expect(text, "polytask serving for\nATTENTION: Free\nspace.\n");
	check_width(text, 20);
	free(text);
	text = view_of(NULL, STATUS("\"served\":1", ""), 3);
	expect(text, "pol\nATT\nENT\n");
	check_width(text, 3);
	free(text);
}

static void headers_fill_the_terminal(void **state)
{
	char *text = styled_view(NULL, STATUS("\"served\":1", ""), 30, true);

	(void)state;
	expect(text, "\033[1mpolytask serving for 2m05s, ge\033[0m\n");
	expect(text, "\n\033[7mDIALECT      REQ/S            \033[0m\n");
	free(text);
}

static void other_json_is_no_status(void **state)
{
	static const char *const texts[] = { "{}", "{\"phase\":1}", "[]" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *json = read_json(texts[i]);
		struct top_view view = { .now = json, .wall = WALL };
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
		CHECK(durations_are_those_between_the_two),
		CHECK(figures_are_short),
		CHECK(tasks_are_shown_by_state),
		CHECK(tasks_that_are_not_counted_are_unknown),
		CHECK(a_narrow_terminal_has_fewer_columns),
		CHECK(lines_are_cut),
		CHECK(headers_fill_the_terminal),
		CHECK(other_json_is_no_status),
	};

	return CHECK_RUN(tests);
}
