#include "lib/check.h"
#include "sys/reserve.h"

static void free_bytes_of_a_directory(void **state)
{
	struct err err = { 0 };
	struct reserve_disk disk = { 0 };

	(void)state;
	must(reserve_read_disk(&disk, check_temp_dir(), &err), &err);
	assert_in_range(disk.free, 1, disk.size);
}

static void missing_directory_is_an_error(void **state)
{
	struct err err = { 0 };
	struct reserve_disk disk = { .free = 7 };

	(void)state;
	assert_false(reserve_read_disk(&disk, "/nowhere/at/all", &err));
	assert_err(&err, ERR_INTERNAL);
	assert_string_equal(err.field, "home");
	assert_int_equal(disk.free, 7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(free_bytes_of_a_directory),
		CHECK(missing_directory_is_an_error),
	};

	return CHECK_RUN(tests);
}
