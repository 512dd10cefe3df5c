#include "base/clock.h"
#include "lib/check.h"

static void wall_clock_can_be_stopped(void **state)
{
	(void)state;
	clock_set_fake(1234567890123);
	assert_int_equal(clock_wall_ms(), 1234567890123);
	clock_set_fake(0);
	assert_in_range(clock_wall_ms(), 1234567890123, 32503680000000);
}

static void monotonic_clock_never_goes_back(void **state)
{
	int64_t before = clock_mono_us();

	(void)state;
	assert_true(clock_mono_us() >= before);
	assert_true(clock_mono_ms() >= before / 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(wall_clock_can_be_stopped),
		CHECK(monotonic_clock_never_goes_back),
	};

	return CHECK_RUN(tests);
}
