/*
 * The n-th system call or allocation inside the store fails, or the process is killed at it, for
 * n = 1, 2, 3 ... until a script of operations completes. After each n the store is recovered:
 * every acknowledged change is there, no refused one is, the index agrees, and writes succeed.
 *
 * By default some numbers of each case are drawn, so that it takes less than a minute.
 * POLYTASK_FAULTS=every (make faults) tries every number; POLYTASK_FAULTS=SEED repeats a draw. A
 * pattern as argument selects tests: '*read*'.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "crash/fault_calls.h"
#include "crash/fault_script.h"

#define LIMIT_MS 20000
/* Numbers of each case, unless every one is tried. */
#define DRAWN	  6
#define PATH_SIZE 256
#define SHOWN_MAX 20

static const char *const kinds[FAULT_KINDS] = {
	[FAULT_OPEN] = "open",
	[FAULT_READ] = "read",
	[FAULT_WRITE] = "write",
	[FAULT_SYNC] = "fsync",
	[FAULT_SIZE] = "ftruncate",
	[FAULT_NAME] = "rename or unlink",
	[FAULT_MAP] = "mmap",
	[FAULT_MEMORY] = "malloc",
};
static const char *const modes[FAULT_MODES] = {
	[FAULT_ONCE] = "once",
	[FAULT_ALWAYS] = "from then on",
	[FAULT_HALF] = "half done, killed",
	[FAULT_KILL_BEFORE] = "killed before",
	[FAULT_KILL_AFTER] = "killed after",
};

static char folder[PATH_SIZE / 2], home[PATH_SIZE], regions[PATH_SIZE], archive[PATH_SIZE];
static struct script_record *record, prepared;
static bool every;

static struct store_options options_of(void)
{
	struct store_options options = fixture_options(STORE_RECOVER, "unused");

	options.home = home;
	options.regions = regions;
	options.archive = archive;
	options.cache_mb = 4;
	options.shared = &record->shared;
	return options;
}

/* ---- processes ---- */

/* cmocka's handlers would go on with the next test in the child. */
static void reset_signals(void)
{
	static const int handled[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL };

	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		signal(handled[i], SIG_DFL);
}

/* Runs in a child; returns its wait status, or -1 if it did not end within the limit. */
static int run_child(int (*work)(void))
{
	int64_t end = clock_mono_ms() + LIMIT_MS;
	pid_t pid = fork(), ended;
	int status = -1;

	assert_true(pid >= 0);
	if (pid == 0) {
		reset_signals();
		_exit(work());
	}
	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && clock_mono_ms() < end)
		nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
	if (ended == pid)
		return status;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

static int prepare(void)
{
	struct store_options options = options_of();

	script_prepare(&options, record);
	return 0;
}

static int work(void)
{
	struct store_options options = options_of();

	return script_run(&options, record);
}

static int check(void)
{
	struct store_options options = options_of();

	memset(&record->shared, 0, sizeof(record->shared));
	script_check(&options, record);
	return 0;
}

/* ---- one fault ---- */

/* A copy of the prepared home, and log files of 1 MiB, so that some are finished and archived. */
static void reset_home(void)
{
	char path[PATH_SIZE + 16];
	FILE *file;

	assert_int_equal(system("rm -rf work && mkdir -p work/regions work/archive && "
				"cp -r --sparse=always prepared work/home"),
		0);
	snprintf(path, sizeof(path), "%s/DB_CONFIG", regions);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("set_lg_bsize 262144\nset_lg_max 1048576\n", file);
	fclose(file);
	*record = prepared;
}

/* libdb does not survive every failed allocation. The death of a process loses nothing. */
static bool is_expected_end(int status, const struct fault *fault)
{
	if (WIFSIGNALED(status) && fault->kind == FAULT_MEMORY)
		return WTERMSIG(status) == SIGSEGV;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL && fault->mode > FAULT_ALWAYS;
	return WEXITSTATUS(status) <= 1 || WEXITSTATUS(status) == STORE_EXIT_PANIC;
}

/* Sets *completed if the script ended without reaching the fault. Returns NULL or a complaint. */
static const char *try_fault(const struct fault *fault, bool *completed)
{
	static char text[400];
	int status;

	reset_home();
	fault_arm(fault);
	status = run_child(work);
	if (status == -1)
		return "the script did not end";
	if (!is_expected_end(status, fault)) {
		snprintf(text, sizeof(text), "the script ended with status %x", (unsigned)status);
		return text;
	}
	*completed = record->finished && record->calls < fault->number;
	if (fault->mode == FAULT_ONCE && record->busy > 0)
		return "a lock was not released";
	fault_arm(&(struct fault){ 0 });
	status = run_child(check);
	if (status == -1)
		return "the recovery did not end";
	if (status != 0)
		snprintf(record->message, sizeof(record->message), "the check ended with status %x",
			(unsigned)status);
	snprintf(text, sizeof(text), "%s", record->message);
	return text[0] ? text : NULL;
}

/* ---- all numbers of a case ---- */

/* The number of calls of this kind in a run without a fault. */
static unsigned count_calls(enum fault_kind kind)
{
	const struct fault fault = { .kind = kind };

	reset_home();
	fault_arm(&fault);
	assert_int_equal(run_child(work), 0);
	assert_true(record->finished);
	assert_int_equal(record->refused, 0);
	return record->calls;
}

static void run_case(enum fault_kind kind, enum fault_mode mode, int error)
{
	unsigned calls = count_calls(kind), tried = 0, failed = 0, at = 0;
	unsigned step = every || calls <= DRAWN ? 1 : calls / DRAWN;
	bool completed = false;

	while (!completed && at < 2 * calls + 10) {
		struct fault fault = { kind, mode, at + 1 + (unsigned)rand() % step, error };
		const char *complaint = try_fault(&fault, &completed);

		tried++;
		at += step;
		if (complaint && ++failed <= SHOWN_MAX)
			print_message("# %s %u, %s, %s: %s\n", kinds[kind], fault.number,
				modes[mode], error ? strerror(error) : "-", complaint);
	}
	print_message("# %s, %s, %s: %u calls, %u tried, %u failed\n", kinds[kind], modes[mode],
		error ? strerror(error) : "-", calls, tried, failed);
	assert_int_equal(failed, 0);
}

static void run_kills(enum fault_kind kind)
{
	run_case(kind, FAULT_KILL_BEFORE, 0);
	run_case(kind, FAULT_KILL_AFTER, 0);
}

static void run_errors(enum fault_kind kind, int error)
{
	run_case(kind, FAULT_ONCE, error);
	run_case(kind, FAULT_ALWAYS, error);
}

/* ---- tests ---- */

/* Not EMFILE: libdb waits for another descriptor, up to 12 s. */
static void failed_open_loses_nothing(void **state)
{
	(void)state;
	run_errors(FAULT_OPEN, EIO);
}

static void failed_read_loses_nothing(void **state)
{
	(void)state;
	run_errors(FAULT_READ, EIO);
}

static void failed_write_loses_nothing(void **state)
{
	(void)state;
	run_errors(FAULT_WRITE, EIO);
	run_errors(FAULT_WRITE, ENOSPC);
}

static void failed_sync_loses_nothing(void **state)
{
	(void)state;
	run_errors(FAULT_SYNC, EIO);
}

static void failed_change_of_size_loses_nothing(void **state)
{
	(void)state;
	run_errors(FAULT_SIZE, ENOSPC);
}

static void failed_change_of_name_loses_nothing(void **state)
{
	(void)state;
	run_errors(FAULT_NAME, EIO);
}

static void failed_mapping_loses_nothing(void **state)
{
	(void)state;
	run_errors(FAULT_MAP, ENOMEM);
}

static void failed_allocation_loses_nothing(void **state)
{
	(void)state;
	run_errors(FAULT_MEMORY, ENOMEM);
}

static void kill_at_a_call_loses_nothing(void **state)
{
	(void)state;
	run_case(FAULT_WRITE, FAULT_HALF, 0);
	run_kills(FAULT_OPEN);
	run_kills(FAULT_WRITE);
	run_kills(FAULT_SYNC);
	run_kills(FAULT_SIZE);
	run_kills(FAULT_NAME);
}

static int setup(void **state)
{
	const char *how = getenv("POLYTASK_FAULTS");
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	every = how && strcmp(how, "every") == 0;
	if (how && !every)
		seed = (unsigned)strtoul(how, NULL, 10);
	srand(seed);
	if (!every)
		print_message("# POLYTASK_FAULTS=%u\n", seed);
	record = mmap(
		NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(record != MAP_FAILED);
	snprintf(folder, sizeof(folder), "%s/polytask-faults.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	snprintf(home, sizeof(home), "%s/prepared", folder);
	snprintf(regions, sizeof(regions), "%s/first", folder);
	snprintf(archive, sizeof(archive), "%s", folder);
	assert_int_equal(run_child(prepare), 0);
	prepared = *record;
	memset(&prepared.shared, 0, sizeof(prepared.shared));
	snprintf(home, sizeof(home), "%s/work/home", folder);
	snprintf(regions, sizeof(regions), "%s/work/regions", folder);
	snprintf(archive, sizeof(archive), "%s/work/archive", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return system("rm -rf \"$PWD\"");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failed_open_loses_nothing),
		cmocka_unit_test(failed_read_loses_nothing),
		cmocka_unit_test(failed_write_loses_nothing),
		cmocka_unit_test(failed_sync_loses_nothing),
		cmocka_unit_test(failed_change_of_size_loses_nothing),
		cmocka_unit_test(failed_change_of_name_loses_nothing),
		cmocka_unit_test(failed_mapping_loses_nothing),
		cmocka_unit_test(failed_allocation_loses_nothing),
		cmocka_unit_test(kill_at_a_call_loses_nothing),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (!fault_available) {
		puts("1..0 # SKIP a sanitizer replaces the same functions");
		return 0;
	}
	return CHECK_RUN_BETWEEN(tests, setup, teardown);
}
