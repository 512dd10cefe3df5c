/* Records of deliveries. */
#include "webhook_fixture.h"

/* Version 1 has no trace behind the body. */
static void deliveries_of_version_1_are_read(void **state)
{
	const struct delivery delivery = { .state = DELIVERY_PENDING,
		.test = true,
		.body = STR("{}"),
		.created = 5,
		.log = { { .at = 6, .error = STR("why") } },
		.log_count = 1 };
	struct delivery read = { .number = 7 };
	struct buf bytes = BUF_INIT;
	char *behind;

	(void)state;
	delivery_encode(&delivery, &bytes);
	assert_true(buf_ok(&bytes));
	behind = memchr(bytes.data, '}', bytes.len);
	assert_non_null(behind);
	behind++;
	memmove(behind, behind + 2, bytes.len - (size_t)(behind - bytes.data) - 2);
	bytes.len -= 2;
	bytes.data[0] = 1;
	assert_true(delivery_decode(&read, buf_str(&bytes)));
	assert_str(read.body, "{}");
	assert_str(read.trace.parent, "");
	assert_str(read.log[0].error, "why");
	bytes.data[0] = 3;
	assert_false(delivery_decode(&read, buf_str(&bytes)));
	bytes.data[0] = 0;
	assert_false(delivery_decode(&read, buf_str(&bytes)));
	buf_free(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(deliveries_of_version_1_are_read),
	};

	return CHECK_RUN(tests);
}
