/* The commands on webhooks; nothing is sent. */
#include <stdlib.h>

#include "admin/task_calls.h"
#include "http/json.h"
#include "store/webhooks/outbox.h"

#define UNKNOWN "018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e"
#define URL	"https://hooks.example.com/"
#define ID_SIZE 40

static void line_of(char *line, size_t size, const char *words, const char *id)
{
	snprintf(line, size, "webhook %s %s", words, id);
}

/* The JSON that a command prints; the caller releases it. */
static json_t *printed(const char *line, const struct given *given, const char *input)
{
	struct call_result result = task_call(line, given, input);
	json_t *json = NULL;
	struct err err;

	assert_string_equal(result.err, "");
	assert_int_equal(result.status, 0);
	assert_true(json_parse_trusted(&json, str_cstr(result.out), &err));
	free_result(&result);
	return json;
}

static json_t *add_with(const struct given *given, const char *input, char id[ID_SIZE])
{
	json_t *json = printed(input[0] == '{' ? "webhook add" : "webhook add " URL, given, input);

	snprintf(id, ID_SIZE, "%s", json_string_value(json_object_get(json, "id")));
	return json;
}

static void add(char id[ID_SIZE])
{
	json_decref(add_with(GIVEN({ ADMIN_JSON, "yes" }), " ", id));
}

static void expect_member(const json_t *json, const char *name, const char *text)
{
	char *found = json_dumps(json_object_get(json, name), JSON_COMPACT | JSON_ENCODE_ANY);

	assert_non_null(found);
	assert_string_equal(found, text);
	free(found);
}

/* The command line is refused before the call is sent. */
static void line_fails(const char *line, const struct given *given, const char *sentence)
{
	char copy[80];
	const char *words[4];
	size_t count = 0;
	struct admin_call call = { 0 };
	struct err err = { 0 };

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = copy, *end; word && count < 4; word = end) {
		end = strchr(word, ' ');
		if (end)
			*end++ = '\0';
		words[count++] = word;
	}
	for (; given->value; given++)
		call.options[given->option] = given->value;
	assert_false(admin_parse_command(&call, words, count, &err));
	assert_string_equal(err_text(&err), sentence);
}

/* ---- members ---- */

static void options_are_members(void **state)
{
	char id[ID_SIZE];
	json_t *json = add_with(
		GIVEN({ ADMIN_JSON, "yes" }, { ADMIN_NAME, "Play-out" },
			{ ADMIN_HEADER, "X-Key:  a: b \nX-Other:c" }, { ADMIN_QUERY, "a=1=2\nb=" },
			{ ADMIN_DIALECT, "native,virtshell" }, { ADMIN_KIND, "encode" },
			{ ADMIN_STATE, "failed" }, { ADMIN_TYPE, "task.failed,task.created" },
			{ ADMIN_PARALLEL, "7" }, { ADMIN_METHOD, "POST" },
			{ ADMIN_FORMAT, "standard" }),
		" ", id);

	(void)state;
	expect_member(json, "url", "\"" URL "\"");
	expect_member(json, "name", "\"Play-out\"");
	expect_member(json, "headers", "{\"X-Key\":\"***\",\"X-Other\":\"***\"}");
	expect_member(json, "query", "{\"a\":\"1=2\",\"b\":\"\"}");
	expect_member(json, "filter",
		"{\"dialects\":[\"native\",\"virtshell\"],\"kinds\":[\"encode\"],"
		"\"states\":[\"failed\"],\"types\":[\"task.failed\",\"task.created\"]}");
	expect_member(json, "max_parallel", "7");
	expect_member(json, "format", "\"standard\"");
	expect_member(json, "created_by", "\"operator\"");
	json_decref(json);
}

static void set_changes_what_is_named(void **state)
{
	char id[ID_SIZE], line[80];
	json_t *json = add_with(GIVEN({ ADMIN_JSON, "yes" }, { ADMIN_NAME, "a" },
					{ ADMIN_HEADER, "X-Key: a" }, { ADMIN_QUERY, "a=1\nb=2" },
					{ ADMIN_KIND, "encode" }, { ADMIN_STATE, "failed" }),
		" ", id);

	(void)state;
	json_decref(json);
	line_of(line, sizeof(line), "set", id);
	json = printed(line,
		GIVEN({ ADMIN_JSON, "yes" }, { ADMIN_URL, "https://other.example.com/" },
			{ ADMIN_NAME, "" }, { ADMIN_HEADER, "X-Key:" }, { ADMIN_QUERY, "a" },
			{ ADMIN_KIND, "" }),
		" ");
	expect_member(json, "url", "\"https://other.example.com/\"");
	expect_member(json, "name", "null");
	expect_member(json, "headers", "{}");
	expect_member(json, "query", "{\"b\":\"2\"}");
	expect_member(json, "filter",
		"{\"dialects\":null,\"kinds\":null,\"states\":[\"failed\"],"
		"\"types\":[\"task.succeeded\",\"task.failed\",\"task.cancelled\"]}");
	json_decref(json);
	json = printed(
		line, GIVEN({ ADMIN_JSON, "yes" }, { ADMIN_STDIN, "yes" }), "{\"max_parallel\":3}");
	expect_member(json, "max_parallel", "3");
	json_decref(json);
}

static void wrong_values_are_named(void **state)
{
	(void)state;
	task_fails("webhook add ftp://host/", NOTHING,
		"/url: The URL must begin with https:// or, for networks that the operator allows, "
		"http://.");
	task_fails("webhook add " URL, GIVEN({ ADMIN_PARALLEL, "17" }),
		"max_parallel must be an integer from 1 to 16.");
	task_fails("webhook add " URL, GIVEN({ ADMIN_PARALLEL, "many" }),
		"max_parallel must be an integer from 1 to 16.");
	task_fails("webhook add " URL, GIVEN({ ADMIN_HEADER, "X-Key" }),
		"--header must be 'NAME: VALUE'");
	task_fails("webhook add " URL, GIVEN({ ADMIN_HEADER, "Host: a" }),
		"/headers/Host: The service sets this header field itself.");
	task_fails("webhook add " URL, GIVEN({ ADMIN_TYPE, "task.failed,x" }),
		"/filter/types/1: There is no such type of events.");
	task_fails("webhook add " URL, GIVEN({ ADMIN_DIALECT, "x" }),
		"/filter/dialects/0: There is no dialect of this name.");
	task_fails("webhook show " UNKNOWN, NOTHING, "There is no such webhook.");
	task_fails("webhook show x", NOTHING, "There is no such webhook.");
}

static void lines_are_checked(void **state)
{
	(void)state;
	line_fails("webhook add", NOTHING, "'webhook add' takes either a URL or --stdin");
	line_fails("webhook add " URL, GIVEN({ ADMIN_STDIN, "yes" }),
		"'webhook add' takes either a URL or --stdin");
	line_fails("webhook add", GIVEN({ ADMIN_STDIN, "yes" }, { ADMIN_NAME, "a" }),
		"'webhook add --stdin' has no option --name");
	line_fails("webhook set a", NOTHING,
		"'webhook set' requires --stdin or an option that changes the webhook");
	line_fails("webhook set a", GIVEN({ ADMIN_STDIN, "yes" }, { ADMIN_URL, URL }),
		"'webhook set --stdin' has no option --url");
	line_fails("webhook redeliver a", GIVEN({ ADMIN_TO, "2026-01-01T00:00:00Z" }),
		"--to requires --from");
	line_fails("webhook redeliver a", GIVEN({ ADMIN_DELIVERY, "1" }, { ADMIN_FROM, "x" }),
		"'webhook redeliver' takes either --delivery or --from and --to");
	line_fails("webhook set a", GIVEN({ ADMIN_NAME, "a\nb" }),
		"--name must be UTF-8 without control characters");
}

/* ---- secrets ---- */

static void secret_is_printed_once(void **state)
{
	struct call_result result = task_call("webhook add " URL, NOTHING, " ");
	char id[ID_SIZE], line[80];

	(void)state;
	assert_non_null(strstr(result.out, "whsec_"));
	free_result(&result);
	{
		json_t *json = printed("webhook list", GIVEN({ ADMIN_JSON, "yes" }), " ");

		snprintf(id, sizeof(id), "%s", json_string_value(json_object_get(json, "id")));
		assert_null(json_object_get(json, "secret"));
		json_decref(json);
	}
	line_of(line, sizeof(line), "show", id);
	result = task_call(line, NOTHING, " ");
	assert_null(strstr(result.out, "whsec_"));
	assert_non_null(strstr(result.out, URL));
	free_result(&result);
	line_of(line, sizeof(line), "rotate-secret", id);
	result = task_call(line, NOTHING, " ");
	assert_non_null(strstr(result.out, "whsec_"));
	free_result(&result);
}

static void unsigned_format_has_no_secret(void **state)
{
	struct call_result result = task_call(
		"webhook add " URL, GIVEN({ ADMIN_FORMAT, "vionlabs" }), " ");
	char line[80];

	(void)state;
	assert_int_equal(result.status, 0);
	assert_null(strstr(result.out, "secret"));
	assert_memory_equal(result.out, "id ", 3);
	line_of(line, sizeof(line), "rotate-secret", result.out + strlen("id") + 17);
	line[strcspn(line, "\n")] = '\0';
	free_result(&result);
	task_fails(line, NOTHING, "The format vionlabs is not signed: the webhook has no secret.");
}

/* ---- deliveries ---- */

static void end_delivery(const char *webhook, const char *delivery, enum delivery_state to)
{
	struct delivery_outcome outcome = { .state = to,
		.attempt = { .at = 1700000000000, .status = 500 } };
	struct err err;

	assert_true(id_parse(&outcome.webhook, str_cstr(webhook)));
	assert_true(delivery_id_parse(&outcome.webhook, str_cstr(delivery), &outcome.number));
	assert_true(store_webhook_settle(store, &outcome, 1, &err));
	assert_true(store_flush(store, &err));
}

static void add_test(const char *webhook, char delivery[DELIVERY_ID_SIZE])
{
	char line[80];
	json_t *json;

	line_of(line, sizeof(line), "test", webhook);
	json = printed(line, GIVEN({ ADMIN_JSON, "yes" }), " ");
	snprintf(delivery, DELIVERY_ID_SIZE, "%s", json_string_value(json_object_get(json, "id")));
	json_decref(json);
}

static void deliveries_are_repeated(void **state)
{
	char id[ID_SIZE], line[80], first[DELIVERY_ID_SIZE], second[DELIVERY_ID_SIZE];
	char both[2 * DELIVERY_ID_SIZE + 1];

	(void)state;
	add(id);
	add_test(id, first);
	add_test(id, second);
	line_of(line, sizeof(line), "redeliver", id);
	task_prints(line, NOTHING, "0\n");
	end_delivery(id, first, DELIVERY_FAILED);
	end_delivery(id, second, DELIVERY_DELIVERED);
	task_prints(line, NOTHING, "1\n");
	end_delivery(id, first, DELIVERY_DELIVERED);
	task_prints(line, NOTHING, "0\n");
	task_prints(line, GIVEN({ ADMIN_FROM, "2100-01-01T00:00:00Z" }), "0\n");
	task_prints(line,
		GIVEN({ ADMIN_FROM, "1970-01-01T00:00:00Z" }, { ADMIN_TO, "2000-01-01T00:00:00Z" }),
		"0\n");
	task_prints(line, GIVEN({ ADMIN_FROM, "1970-01-01T00:00:00Z" }), "2\n");
	end_delivery(id, first, DELIVERY_DELIVERED);
	end_delivery(id, second, DELIVERY_DELIVERED);
	snprintf(both, sizeof(both), "%s,%s", first, second + 37);
	task_prints(line, GIVEN({ ADMIN_DELIVERY, both }), "2\n");
	task_fails(line, GIVEN({ ADMIN_DELIVERY, "x" }),
		"/ids/0: An id must be that of a delivery of this webhook.");
	task_fails(line, GIVEN({ ADMIN_DELIVERY, "5" }), "There is no such delivery.");
	task_fails(line, GIVEN({ ADMIN_FROM, "yesterday" }), "--from must be an RFC 3339 time");
}

/* A client that shows the progress gets a frame with how many there are. */
static void expect_progress(const char *line, const char *frame)
{
	struct admin_call call = { .options = { [ADMIN_FROM] = "1970-01-01T00:00:00Z" },
		.wants_progress = true };
	struct call_result result;

	parse_call(&call, line);
	result = run_call(&call, " ", true);
	assert_int_equal(result.status, 0);
	if (strncmp(result.out, frame, strlen(frame)) != 0 || !strstr(result.out, "\no 230\n"))
		fail_msg("%s", result.out);
	free_result(&result);
}

/* More of them than a page of the log has. */
static void many_deliveries_are_repeated_once(void **state)
{
	char id[ID_SIZE], line[80], delivery[DELIVERY_ID_SIZE];

	(void)state;
	add(id);
	for (int i = 0; i < 230; i++) {
		add_test(id, delivery);
		end_delivery(id, delivery, DELIVERY_DELIVERED);
	}
	line_of(line, sizeof(line), "redeliver", id);
	expect_progress(line, "p 0 230 deliveries\n");
	add_test(id, delivery);
	end_delivery(id, delivery, DELIVERY_DELIVERED);
	task_prints(line, GIVEN({ ADMIN_FROM, "1970-01-01T00:00:00Z" }), "1\n");
}

static void log_lists_attempts(void **state)
{
	char id[ID_SIZE], line[80], delivery[DELIVERY_ID_SIZE];
	struct call_result result;

	(void)state;
	add(id);
	add_test(id, delivery);
	end_delivery(id, delivery, DELIVERY_FAILED);
	line_of(line, sizeof(line), "log", id);
	result = task_call(line, NOTHING, " ");
	assert_int_equal(result.status, 0);
	assert_non_null(
		strstr(result.out, "id\tstate\ttype\ttask\tcreated\tattempts\tstatus\terror"));
	assert_non_null(strstr(result.out, delivery));
	assert_non_null(strstr(result.out, "\tfailed\t-\t-\t"));
	assert_non_null(strstr(result.out, "\t1\t500\t"));
	free_result(&result);
}

static void webhooks_are_disabled_and_removed(void **state)
{
	char id[ID_SIZE], line[80];
	json_t *json;

	(void)state;
	add(id);
	line_of(line, sizeof(line), "disable", id);
	task_prints(line, NOTHING, "");
	line_of(line, sizeof(line), "show", id);
	json = printed(line, GIVEN({ ADMIN_JSON, "yes" }), " ");
	expect_member(json, "enabled", "false");
	json_decref(json);
	line_of(line, sizeof(line), "test", id);
	task_fails(line, NOTHING, "The webhook is disabled: enable it first.");
	line_of(line, sizeof(line), "enable", id);
	task_prints(line, GIVEN({ ADMIN_RESUME, "yes" }), "");
	line_of(line, sizeof(line), "remove", id);
	task_prints(line, NOTHING, "");
	task_fails(line, NOTHING, "There is no such webhook.");
}

/* Neither a user, a task nor a quota makes its name known. */
static void tenant_with_a_webhook_is_known(void **state)
{
	char id[ID_SIZE], line[80];

	(void)state;
	add(id);
	task_add_tenant("demo");
	json_decref(printed("webhook list", GIVEN({ ADMIN_JSON, "yes" }), " "));
	task_prints("worker list", NOTHING, "name\ttasks\tlast_seen\tdrain\tholds\n");
	line_of(line, sizeof(line), "remove", id);
	task_prints(line, NOTHING, "");
	task_fails("webhook list", NOTHING,
		"the tenant default has no user, task, quota or webhook (--tenant names another)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(options_are_members),
		WITH_STORE(set_changes_what_is_named),
		WITH_STORE(wrong_values_are_named),
		WITH_STORE(lines_are_checked),
		WITH_STORE(secret_is_printed_once),
		WITH_STORE(unsigned_format_has_no_secret),
		WITH_STORE(deliveries_are_repeated),
		WITH_STORE(many_deliveries_are_repeated_once),
		WITH_STORE(log_lists_attempts),
		WITH_STORE(webhooks_are_disabled_and_removed),
		WITH_STORE(tenant_with_a_webhook_is_known),
	};

	return CHECK_RUN(tests);
}
