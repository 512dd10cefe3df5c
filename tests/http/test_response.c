#include "http/alloc_fault.h"
#include "http/response.h"
#include "lib/check.h"

static void header_is_written(void **state)
{
	struct response response = { .status = 200, .media_type = "application/json" };
	struct buf out = BUF_INIT;

	(void)state;
	response_add_header(&response, "ETag", STR("\"7\""));
	response_add_header(&response, "Location", STR("/tasks/1"));
	response_write_head(&response, &out);
	assert_str(buf_str(&out), "Status: 200 OK\r\nContent-Type: application/json\r\n"
				  "ETag: \"7\"\r\nLocation: /tasks/1\r\n\r\n");
	buf_free(&out);
	response_free(&response);
	assert_null(response.headers.data);
}

static void header_without_a_body_has_no_type(void **state)
{
	struct response response = { .status = 406 };
	struct buf out = BUF_INIT;

	(void)state;
	response_write_head(&response, &out);
	assert_str(buf_str(&out), "Status: 406 Not Acceptable\r\n\r\n");
	buf_free(&out);
	response_free(&response);
}

static void control_bytes_are_not_written(void **state)
{
	static const struct str rows[] = {
		STR("a\r\nSet-Cookie: b"),
		STR("a\nb"),
		STR("a\rb"),
		STR("\r"),
		STR("a\0b"),
		STR("a\tb"),
		STR("a\x1F"),
		STR("a\x7F"),
	};
	struct response response = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		response_add_header(&response, "X-Name", rows[i]);
	assert_int_equal(response.headers.len, 0);
	response_add_header(&response, "X-Name", STR(""));
	response_add_header(&response, "X-Name", STR(" ~\xC3\xA4"));
	assert_str(buf_str(&response.headers), "X-Name: \r\nX-Name:  ~\xC3\xA4\r\n");
	response_free(&response);
}

static void retry_after_only_on_temporary_statuses(void **state)
{
	static const struct {
		int status;
		unsigned seconds;
		const char *head;
	} rows[] = {
		{ 429, 86400, "Retry-After: 60\r\n" },
		{ 429, 59, "Retry-After: 59\r\n" },
		{ 429, 0, "Retry-After: 1\r\n" },
		{ 503, 0, "Retry-After: 1\r\n" },
		{ 503, 4294967295U, "Retry-After: 60\r\n" },
		{ 500, 7, "" },
		{ 507, 7, "" },
		{ 200, 7, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct response response = { .status = rows[i].status };

		response_add_retry_after(&response, rows[i].seconds);
		assert_str(buf_str(&response.headers), rows[i].head);
		response_free(&response);
	}
}

static void reset_empties_and_keeps_memory(void **state)
{
	struct response response = { .status = 500, .media_type = "a/b", .after_flush = true };

	(void)state;
	response_add_header(&response, "A", STR("b"));
	buf_puts(&response.body, "body");
	response.body.failed = true;
	response_reset(&response);
	assert_int_equal(response.status, 0);
	assert_null(response.media_type);
	assert_false(response.after_flush);
	assert_int_equal(response.headers.len, 0);
	assert_int_equal(response.body.len, 0);
	assert_true(buf_ok(&response.body));
	assert_non_null(response.body.data);
	response_free(&response);
}

static void statuses_have_reasons(void **state)
{
	static const struct {
		int status;
		const char *reason;
	} rows[] = {
		{ 200, "OK" },
		{ 304, "Not Modified" },
		{ 413, "Content Too Large" },
		{ 422, "Unprocessable Content" },
		{ 507, "Insufficient Storage" },
		{ 418, "Unknown" },
		{ 0, "Unknown" },
		{ -1, "Unknown" },
		{ 508, "Unknown" },
		{ 1000000, "Unknown" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(response_reason(rows[i].status), rows[i].reason);
}

static void every_error_has_a_reason(void **state)
{
	(void)state;
	for (int code = ERR_NONE; code < ERR_CODES; code++)
		assert_string_not_equal(
			response_reason(err_status((enum err_code)code)), "Unknown");
}

static void lost_field_fails_the_header(void **state)
{
	struct response response = { .status = 200 };
	struct buf out = BUF_INIT;

	(void)state;
	alloc_fault_begin(ALLOC_FAULT_ONCE, 0);
	response_add_header(&response, "Location", STR("/tasks/1"));
	assert_true(alloc_fault_end());
	response_write_head(&response, &out);
	assert_false(buf_ok(&out));
	buf_free(&out);
	response_free(&response);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(header_is_written),
		CHECK(header_without_a_body_has_no_type),
		CHECK(control_bytes_are_not_written),
		CHECK(retry_after_only_on_temporary_statuses),
		CHECK(reset_empties_and_keeps_memory),
		CHECK(statuses_have_reasons),
		CHECK(every_error_has_a_reason),
		CHECK(lost_field_fails_the_header),
	};

	return CHECK_RUN(tests);
}
