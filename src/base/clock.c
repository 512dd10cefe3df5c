#include "base/clock.h"

#include <time.h>

static int64_t fake_ms, stopped_us;

static int64_t read_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
	return fake_ms ? fake_ms : read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t clock_mono_us(void)
{
	return stopped_us ? stopped_us : read_us(CLOCK_MONOTONIC);
}

int64_t clock_boot_ms(void)
{
	return read_us(CLOCK_BOOTTIME) / 1000;
}

void clock_set_fake(int64_t wall_ms)
{
	fake_ms = wall_ms;
}

void clock_stop_mono(bool stopped)
{
	stopped_us = stopped ? read_us(CLOCK_MONOTONIC) : 0;
}
