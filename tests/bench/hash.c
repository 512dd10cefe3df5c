/*
 * Measures the tables of tasks alone: bytes on disk for a task, bytes that libdb writes for a new
 * task, and time, while the store fills; then the same while tasks are removed and created, the
 * number of tasks constant.
 *
 *	hash HOME REGIONS EXPECTED TASKS CHURN [named]
 *
 * HOME and REGIONS are empty directories. EXPECTED is the option expected_tasks. CHURN tasks are
 * created after TASKS, each for one that is removed; lifetimes are mixed: every second removal
 * takes the next task of the first order, the others take one at random. With `named` ids are
 * random.
 *
 * libdb's writes are counted by replacing write() and pwrite(). One process, a flush for every 64
 * tasks, a checkpoint every 32 MiB of log.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "dialect/dialect.h"
#include "store/store.h"

#define ROUND	    64
#define CHORE_EVERY 2000

/* ---- bytes written ---- */

static uint64_t log_bytes, page_bytes, other_bytes, reads;

static void count(int fd, size_t size)
{
	char link[32], path[4096] = "";
	const char *name;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	name = len > 0 ? strrchr(path, '/') : NULL;
	if (!name)
		return;
	if (strncmp(name, "/log.", 5) == 0)
		log_bytes += size;
	else if (strncmp(path, "/dev/", 5) != 0 && len > 3 && strcmp(path + len - 3, ".db") == 0)
		page_bytes += size;
	else if (strncmp(path, "/dev/", 5) != 0)
		other_bytes += size;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	static ssize_t (*next)(int, const void *, size_t, off_t);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "pwrite");
	count(fd, size);
	return next(fd, bytes, size, at);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	static ssize_t (*next)(int, const void *, size_t);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "write");
	if (fd > STDERR_FILENO)
		count(fd, size);
	return next(fd, bytes, size);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t at)
{
	static ssize_t (*next)(int, void *, size_t, off_t);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "pread");
	reads++;
	return next(fd, bytes, size, at);
}

/* ---- tasks ---- */

static const struct dialect *native;

static void die(const struct err *err)
{
	fprintf(stderr, "hash: %s\n", err_text(err));
	exit(1);
}

static uint64_t rnd(void)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

static void create(struct store *store, struct id *id, bool named)
{
	struct op op = { .kind = OP_CREATE,
		.dialect = native->code,
		.tenant = STR("demo"),
		.actor = STR("92d30f0c-8c9c-11e5-8994-feff819cdc9f"),
		.now = clock_wall_ms() };
	struct result result = { 0 };
	struct err err = { 0 };
	char text[200];
	int len = snprintf(text, sizeof(text),
		"\"Task %016" PRIx64 " of the benchmark: a sentence that has about one hundred "
		"and twenty characters, as descriptions have\"",
		rnd());

	if (named) {
		for (int i = 0; i < 2; i++) {
			uint64_t r = rnd();
			memcpy(op.new_id.bytes + 8 * i, &r, 8);
		}
	} else if (!store_new_id(store, op.now, &op.new_id))
		exit(1);
	op.change.state = TASK_PENDING;
	op.change.status = STR("pending");
	change_set_field(&op.change, STR("description"), (struct str){ text, (size_t)len });
	if (!store_apply(store, &op, &result, &err))
		die(&err);
	*id = result.task.id;
	store_result_free(&result);
}

static void drop(struct store *store, const struct id *id)
{
	struct op op = { .kind = OP_REMOVE,
		.dialect = native->code,
		.tenant = STR("demo"),
		.id = *id,
		.actor = STR("user"),
		.now = clock_wall_ms() };
	struct result result = { 0 };
	struct err err = { 0 };

	if (!store_apply(store, &op, &result, &err))
		die(&err);
	store_result_free(&result);
}

/* ---- reports ---- */

static struct {
	uint64_t log, page, other, reads, tasks;
	double wall, cpu;
} last;

/* Slices of compaction, each as the keeper would run it. */
static struct {
	uint64_t count;
	double total, longest; /* s */
} slices;

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void file_size(const char *home, const char *name, double *allocated, double *apparent)
{
	char path[4096];
	struct stat st = { 0 };

	snprintf(path, sizeof(path), "%s/data/%s", home, name);
	if (stat(path, &st) == 0) {
		*allocated = (double)st.st_blocks * 512 / 1e6;
		*apparent = (double)st.st_size / 1e6;
	}
}

static void report(const char *what, const char *home, uint64_t made, uint64_t live)
{
	double n = (double)(made - last.tasks), wall = seconds(CLOCK_MONOTONIC),
	       cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	static const char *const files[] = { "tasks2.db", "named.db", "index.db" };
	double sum = 0;

	printf("%-6s %8" PRIu64
	       "  us/task %6.1f cpu %6.1f  written/task %5.0f (log %5.0f) doublewrite %5.0f "
	       "reads/task %.2f ",
		what, made, (wall - last.wall) / n * 1e6, (cpu - last.cpu) / n * 1e6,
		(double)(log_bytes + page_bytes - last.log - last.page) / n,
		(double)(log_bytes - last.log) / n, (double)(other_bytes - last.other) / n,
		(double)(reads - last.reads) / n);
	for (size_t i = 0; i < 3; i++) {
		double allocated = 0, apparent = 0;

		file_size(home, files[i], &allocated, &apparent);
		sum += allocated;
		printf(" %s %.0f/%.0f MB", files[i], allocated, apparent);
	}
	printf("  bytes/task %.0f  slices %" PRIu64 " of %.1f ms, at most %.1f\n",
		sum * 1e6 / (double)live, slices.count, slices.total / (double)slices.count * 1e3,
		slices.longest * 1e3);
	slices.count = 0;
	slices.total = slices.longest = 0;
	fflush(stdout);
	last.log = log_bytes;
	last.page = page_bytes;
	last.other = other_bytes;
	last.reads = reads;
	last.tasks = made;
	last.wall = seconds(CLOCK_MONOTONIC);
	last.cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static bool run_chore(struct store *store, size_t number)
{
	double began = seconds(CLOCK_MONOTONIC), took;
	struct err err = { 0 };
	bool more = false;

	if (!store_run_chore(store, number, false, &more, &err))
		die(&err);
	took = seconds(CLOCK_MONOTONIC) - began;
	if (number >= 2) {
		slices.count++;
		slices.total += took;
		slices.longest = took > slices.longest ? took : slices.longest;
	}
	return more;
}

static void turn(struct store *store, uint64_t i)
{
	static bool compacting;
	struct store_chore chore;
	struct err err = { 0 };

	if (i % ROUND == 0 && !store_flush(store, &err))
		die(&err);
	for (size_t k = 0; store_chore(store, k, &chore); k++) {
		bool compaction = strcmp(chore.name, "compaction") == 0;

		if (k < 2 && i % CHORE_EVERY == 0)
			run_chore(store, k);
		else if (compaction && i % (compacting ? ROUND : CHORE_EVERY) == 0)
			compacting = run_chore(store, k);
	}
}

int main(int argc, char **argv)
{
	struct store_options options = { .mode = STORE_RECOVER,
		.cache_mb = 128,
		.checkpoint_mb = 32,
		.checkpoint_seconds = 3600,
		.indexes = dialect_index_tables() };
	uint64_t tasks, churn, made = 0;
	struct store *store;
	struct err err = { 0 };
	struct id *ids;
	bool named = argc > 6;

	if (argc < 6 || !str_to_u64(str_cstr(argv[3]), &options.expected_tasks) ||
		!str_to_u64(str_cstr(argv[4]), &tasks) || !str_to_u64(str_cstr(argv[5]), &churn))
		return 2;
	options.home = argv[1];
	options.regions = argv[2];
	log_set_level(LOG_WARN);
	native = dialect_by_name(STR("native"));
	ids = calloc(tasks, sizeof(*ids));
	if (!store_open(&store, &options, &err))
		die(&err);
	report("open", argv[1], 0, 1);
	for (; made < tasks; made++) {
		create(store, &ids[made], named);
		turn(store, made);
		if (made + 1 == 10000 || made + 1 == 20000 || (made + 1) % (tasks / 10) == 0)
			report("create", argv[1], made + 1, made + 1);
	}
	store_checkpoint(store, true, NULL, &err);
	report("check", argv[1], made, tasks);
	/* ids is a ring: every second removal follows the order, the others are at random. */
	for (uint64_t i = 0; i < churn; i++, made++) {
		uint64_t at = i % 2 ? rnd() % tasks : (i / 2) % tasks;

		drop(store, &ids[at]);
		create(store, &ids[at], named);
		turn(store, made);
		if ((i + 1) % (tasks / 2) == 0)
			report("churn", argv[1], made + 1, tasks);
	}
	store_checkpoint(store, true, NULL, &err);
	report("end", argv[1], made, tasks);
	store_close(store);
	free(ids);
	return 0;
}
