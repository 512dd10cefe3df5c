/*
 * Preloaded into a program: a machine that was suspended for an hour while the file
 * TEST_SUSPENDED of the environment was made. CLOCK_BOOTTIME counts it, CLOCK_MONOTONIC does not.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 3600

int clock_gettime(clockid_t id, struct timespec *now)
{
	const char *file = getenv("TEST_SUSPENDED");
	int result = (int)syscall(SYS_clock_gettime, id, now);

	if (result == 0 && id == CLOCK_BOOTTIME && file && access(file, F_OK) == 0)
		now->tv_sec += SECONDS;
	return result;
}
