#include "race.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

struct track *track;

int race_setup(void **state)
{
	const size_t size = sizeof(*track);

	track = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(track != MAP_FAILED);
	return crowd_setup(state);
}

int race_teardown(void **state)
{
	munmap(track, sizeof(*track));
	return crowd_teardown(state);
}

void race_leave(struct store *store)
{
	struct err err = { 0 };

	_exit(store_flush(store, &err) ? 0 : 93);
}

void race_line_up(unsigned round)
{
	atomic_fetch_add(&track->arrived, 1);
	while (track->arrived < (round + 1) * RACERS)
		sched_yield();
}

static void note_time(int64_t began)
{
	uint32_t took = (uint32_t)(clock_mono_us() - began), slowest = track->slowest;

	while (took > slowest && !atomic_compare_exchange_weak(&track->slowest, &slowest, took))
		;
}

void race_insist(struct store *store, const struct op *op, struct result *result)
{
	struct err err = { 0 };
	int64_t began = clock_mono_us();

	while (!store_apply(store, op, result, &err)) {
		if (err.code != ERR_BUSY)
			_exit(91);
		crowd->busy++;
	}
	note_time(began);
}

void race_await(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

void race_run(void (*work)(struct store *store, unsigned number))
{
	pid_t pids[RACERS];

	for (unsigned i = 0; i < RACERS; i++)
		pids[i] = crowd_start(work, i);
	for (unsigned i = 0; i < RACERS; i++)
		race_await(pids[i]);
}
