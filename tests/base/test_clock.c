#include <unistd.h>

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

static void monotonic_clock_can_be_stopped(void **state)
{
	int64_t before;

	(void)state;
	clock_stop_mono(true);
	before = clock_mono_us();
	usleep(1000);
	assert_int_equal(clock_mono_us(), before);
	assert_int_equal(clock_mono_ms(), before / 1000);
	clock_stop_mono(false);
	assert_true(clock_mono_us() >= before + 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(wall_clock_can_be_stopped),
		CHECK(monotonic_clock_never_goes_back),
		CHECK(monotonic_clock_can_be_stopped),
	};

	return CHECK_RUN(tests);
}
