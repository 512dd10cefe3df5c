#include "lib/check.h"
#include "sys/reserve.h"

static void free_bytes_of_a_directory(void **state)
{
	struct err err = { 0 };
	uint64_t bytes = 0;

	(void)state;
	must(reserve_free_bytes(check_temp_dir(), &bytes, &err), &err);
	assert_true(bytes > 0);
}

static void missing_directory_is_an_error(void **state)
{
	struct err err = { 0 };
	uint64_t bytes = 7;

	(void)state;
	assert_false(reserve_free_bytes("/nowhere/at/all", &bytes, &err));
	assert_err(&err, ERR_INTERNAL);
	assert_string_equal(err.field, "home");
	assert_int_equal(bytes, 7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(free_bytes_of_a_directory),
		CHECK(missing_directory_is_an_error),
	};

	return CHECK_RUN(tests);
}
