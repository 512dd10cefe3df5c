#include "crowd.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

struct crowd *crowd;
struct store_options crowd_options;

int crowd_setup(void **state)
{
	const size_t size = sizeof(*crowd);

	crowd = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(crowd != MAP_FAILED);
	return check_setup(state);
}

int crowd_teardown(void **state)
{
	munmap(crowd, sizeof(*crowd));
	return check_teardown(state);
}

struct store *crowd_recover(const char *name)
{
	crowd_options = fixture_options(STORE_RECOVER, name);
	crowd_options.shared = &crowd->store;
	memset(&crowd->store, 0, sizeof(crowd->store));
	return fixture_open(&crowd_options);
}

struct store *crowd_join(void)
{
	struct store *store;
	struct err err;

	crowd_options.mode = STORE_ATTACH;
	if (!store_open(&store, &crowd_options, &err))
		_exit(90);
	return store;
}

pid_t crowd_start(void (*work)(struct store *store, unsigned number), unsigned number)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		log_capture(NULL);
		log_set_level(LOG_LEVELS);
		crowd_options.process = 1 + number;
		work(crowd_join(), number);
		_exit(0);
	}
	return pid;
}

void crowd_stop(const pid_t *pids, size_t count)
{
	int status;

	for (size_t i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
}

void crowd_wait(const _Atomic uint32_t *counter, uint32_t least)
{
	int64_t until = clock_mono_ms() + 60000;

	while (*counter < least && clock_mono_ms() < until)
		usleep(1000);
	assert_true(*counter >= least);
}

bool crowd_apply(struct store *store, const struct op *op, struct err *err)
{
	struct result result = { 0 };
	bool ok = store_apply(store, op, &result, err);

	store_result_free(&result);
	return ok;
}
