/* Fields of tasks as variables of external tasks, also those that no request can create; errors. */
#include "dialect/external/external.h"
#include "lib/check.h"

static const struct {
	const char *json, *variable;
} cases[] = {
	{ "0", "{\"type\":\"Integer\",\"value\":0,\"valueInfo\":{}}" },
	{ "-0", "{\"type\":\"Integer\",\"value\":-0,\"valueInfo\":{}}" },
	{ "2147483647", "{\"type\":\"Integer\",\"value\":2147483647,\"valueInfo\":{}}" },
	{ "2147483648", "{\"type\":\"Long\",\"value\":2147483648,\"valueInfo\":{}}" },
	{ "-2147483648", "{\"type\":\"Integer\",\"value\":-2147483648,\"valueInfo\":{}}" },
	{ "-2147483649", "{\"type\":\"Long\",\"value\":-2147483649,\"valueInfo\":{}}" },
	{ "9223372036854775807",
		"{\"type\":\"Long\",\"value\":9223372036854775807,\"valueInfo\":{}}" },
	{ "9223372036854775808",
		"{\"type\":\"String\",\"value\":\"9223372036854775808\",\"valueInfo\":{}}" },
	{ "-9223372036854775808",
		"{\"type\":\"Long\",\"value\":-9223372036854775808,\"valueInfo\":{}}" },
	{ "-9223372036854775809",
		"{\"type\":\"String\",\"value\":\"-9223372036854775809\",\"valueInfo\":{}}" },
	{ "123456789012345678901234567890",
		"{\"type\":\"String\",\"value\":\"123456789012345678901234567890\",\"valueInfo\":{"
		"}}" },
	{ "1E2", "{\"type\":\"Double\",\"value\":1E2,\"valueInfo\":{}}" },
	{ "1.0", "{\"type\":\"Double\",\"value\":1.0,\"valueInfo\":{}}" },
	{ "\"a\"", "{\"type\":\"String\",\"value\":\"a\",\"valueInfo\":{}}" },
	{ "true", "{\"type\":\"Boolean\",\"value\":true,\"valueInfo\":{}}" },
	{ "null", "{\"type\":\"Null\",\"value\":null,\"valueInfo\":{}}" },
	{ "", "{\"type\":\"Null\",\"value\":null,\"valueInfo\":{}}" },
	{ "{\"a\":\"\\\"\"}",
		"{\"type\":\"Json\",\"value\":\"{\\\"a\\\":\\\"\\\\\\\"\\\"}\",\"valueInfo\":{}}" },
};

static void numbers_keep_their_digits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		external_put_variable(&out, str_cstr(cases[i].json));
		assert_str(buf_str(&out), cases[i].variable);
		buf_free(&out);
	}
}

/* Of a request that could not be parsed there is neither a path nor an action. */
static void errors_need_no_request(void **state)
{
	static const char message[] = "\"message\":\"A \\\"sentence\\\".\"";

	(void)state;
	for (int code = ERR_NONE + 1; code < ERR_CODES; code++) {
		struct external_action action = { .done = "completed", .worker = STR("w") };
		struct request request = { .encoder_state = &action };
		struct response response = { .status = 400 };
		struct err err;

		err_set(&err, (enum err_code)code, NULL, "A \"sentence\".");
		external_encode_error(&request, &err, err_text(&err), &response);
		assert_non_null(
			memmem(response.body.data, response.body.len, message, strlen(message)));
		response_free(&response);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(numbers_keep_their_digits),
		CHECK(errors_need_no_request),
	};

	return CHECK_RUN(tests);
}
