#include "alloc_fault.h"
#include "http/response.h"
#include "lib/check.h"

static void test_head(void **state)
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

static void test_head_without_a_body(void **state)
{
	struct response response = { .status = 406 };
	struct buf out = BUF_INIT;
	(void)state;

	response_write_head(&response, &out);
	assert_str(buf_str(&out), "Status: 406 Not Acceptable\r\n\r\n");
	buf_free(&out);
	response_free(&response);
}

static void test_header_injection(void **state)
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

static void test_retry_after(void **state)
{
	static const struct {
		int status;
		unsigned seconds;
		const char *head;
	} rows[] = {
		{ 429, 86400, "Retry-After: 86400\r\n" },
		{ 429, 0, "Retry-After: 1\r\n" },
		{ 503, 0, "Retry-After: 1\r\n" },
		{ 503, 4294967295U, "Retry-After: 4294967295\r\n" },
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

static void test_reset(void **state)
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

static void test_reasons(void **state)
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

static void test_every_error_has_a_reason(void **state)
{
	(void)state;
	for (int code = ERR_NONE; code < ERR_CODES; code++)
		assert_string_not_equal(
			response_reason(err_status((enum err_code)code)), "Unknown");
}

static void test_lost_header_fails_the_response(void **state)
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
		CHECK(test_head),
		CHECK(test_head_without_a_body),
		CHECK(test_header_injection),
		CHECK(test_retry_after),
		CHECK(test_reset),
		CHECK(test_reasons),
		CHECK(test_every_error_has_a_reason),
		CHECK(test_lost_header_fails_the_response),
	};

	return CHECK_RUN(tests);
}
