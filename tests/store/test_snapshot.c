/* An export has all tasks as they were at one moment, while others write. */
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "race.h"
#include "store/transfer/snapshot.h"

#define SEEN_MAX 4096

/*
 * Negative control: without copies of the rows that change, the tests must notice a wrong export.
 */
static bool notes_are_made = true;

int __real_snapshot_note(
	struct store *store, enum snapshot_kind kind, struct str key, const struct str *old);
int __wrap_snapshot_note(
	struct store *store, enum snapshot_kind kind, struct str key, const struct str *old);

int __wrap_snapshot_note(
	struct store *store, enum snapshot_kind kind, struct str key, const struct str *old)
{
	return notes_are_made ? __real_snapshot_note(store, kind, key, old) : 0;
}

/* Numbers of tasks, in order of the export. */
struct seen {
	unsigned count;
	unsigned numbers[SEEN_MAX];
	uint64_t revisions[SEEN_MAX];
	char tenants[SEEN_MAX];
};

static bool see(struct store *store, const struct index_key *key, struct str record, void *data,
	struct err *err)
{
	struct seen *seen = data;
	struct task task;

	(void)store, (void)key, (void)err;
	assert_true(record_decode(&task, record));
	assert_true(seen->count < SEEN_MAX);
	seen->numbers[seen->count] = task.id.bytes[13] * 65536U + task.id.bytes[14] * 256U +
				     task.id.bytes[15];
	seen->revisions[seen->count] = task.revision;
	seen->tenants[seen->count++] = task.tenant.ptr[0];
	return true;
}

static bool has(const struct seen *seen, unsigned number, uint64_t revision)
{
	for (unsigned i = 0; i < seen->count; i++) {
		if (seen->numbers[i] == number && seen->revisions[i] == revision)
			return true;
	}
	return false;
}

static void change(struct store *store, enum op_kind kind, unsigned number)
{
	struct op op = fixture_op(kind, number);

	op.change.set = CHANGE_PRIORITY;
	op.change.priority = (int32_t)number;
	assert_code(fixture_error(store, &op), ERR_NONE);
}

static int step_notes(struct store *store, void *data, struct err *err)
{
	const struct engine_range all = { 0 };
	size_t *count = data;
	int rc = store_scan(store, TABLE_SNAPSHOT, &all, false, SIZE_MAX);

	(void)err;
	*count = store->batch.count;
	return rc;
}

static void assert_notes(struct store *store, size_t want)
{
	struct err err = { 0 };
	size_t count;

	must(step_call(store, ENGINE_READ, step_notes, &count, &err), &err);
	assert_int_equal(count, want);
}

static void change_after_the_moment(struct store *store)
{
	change(store, OP_UPDATE, 1);
	change(store, OP_UPDATE, 1);
	change(store, OP_REMOVE, 2);
	change(store, OP_ARCHIVE, 3);
	change(store, OP_CREATE, 7);
	change(store, OP_REMOVE, 4);
	change(store, OP_CREATE, 4);
	change(store, OP_CREATE, 8);
	change(store, OP_REMOVE, 8);
}

#define BEFORE 6 /* tasks at the moment */

/* Exports while tasks change; returns how many are in it as they were at the moment. */
static unsigned export_beside_changes(struct store *store, struct seen *seen, size_t notes)
{
	struct snapshot snapshot;
	struct err err = { 0 };
	unsigned unchanged = 0;

	seen->count = 0;
	for (unsigned i = 1; i <= BEFORE; i++)
		change(store, OP_CREATE, i);
	must(snapshot_open(store, &snapshot, &err), &err);
	change_after_the_moment(store);
	assert_notes(store, notes);
	must(snapshot_each_task(store, &snapshot, see, seen, &err), &err);
	must(snapshot_close(store, &snapshot, &err), &err);
	for (unsigned i = 1; i <= BEFORE; i++)
		unchanged += has(seen, i, 1);
	return unchanged;
}

static void changes_after_the_moment_are_not_seen(void **state)
{
	static struct seen seen;
	struct store *store = *state;

	assert_int_equal(export_beside_changes(store, &seen, 6), BEFORE);
	assert_int_equal(seen.count, BEFORE);
	/* later writers note nothing */
	assert_notes(store, 0);
	change(store, OP_UPDATE, 1);
	assert_notes(store, 0);
	fixture_verify(store, BEFORE);
}

static void changes_are_seen_without_notes(void **state)
{
	static struct seen seen;
	unsigned unchanged;

	notes_are_made = false;
	unchanged = export_beside_changes(*state, &seen, 0);
	notes_are_made = true;
	assert_int_equal(unchanged, 3); /* 5, 6, and 4 as it was created again */
}

static void one_export_at_a_time(void **state)
{
	struct store *store = *state;
	struct snapshot first, second;
	struct err err = { 0 };

	must(snapshot_open(store, &first, &err), &err);
	assert_fails(snapshot_open(store, &second, &err), &err, ERR_BUSY);
	must(snapshot_close(store, &first, &err), &err);
	must(snapshot_open(store, &second, &err), &err);
	must(snapshot_close(store, &second, &err), &err);
}

static pid_t ended_process(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void export_of_a_killed_process_gives_way(void **state)
{
	static struct seen seen;
	struct store *store = *state;
	struct snapshot first, second;
	struct err err = { 0 };

	change(store, OP_CREATE, 1);
	must(snapshot_open(store, &first, &err), &err);
	atomic_store(&store->shared->snapshot_owner,
		(uint64_t)ended_process() << 32 | (uint32_t)first.moment);
	poll(NULL, 0, 2); /* moments are in ms */
	must(snapshot_open(store, &second, &err), &err);
	assert_fails(snapshot_each_task(store, &first, see, &seen, &err), &err, ERR_BUSY);
	must(snapshot_each_task(store, &second, see, &seen, &err), &err);
	must(snapshot_close(store, &second, &err), &err);
	must(snapshot_close(store, &first, &err), &err);
}

static void export_without_progress_is_ended(void **state)
{
	static struct seen seen;
	struct store *store = *state;
	struct snapshot snapshot;
	struct err err = { 0 };
	bool more;

	change(store, OP_CREATE, 1);
	must(snapshot_open(store, &snapshot, &err), &err);
	for (int i = 0; i < SNAPSHOT_IDLE_MINUTES; i++)
		must(snapshot_watch(store, false, &more, &err), &err);
	assert_true(snapshot_is_valid(store, &snapshot, &err));
	for (int i = 0; i < SNAPSHOT_IDLE_MINUTES; i++)
		must(snapshot_watch(store, false, &more, &err), &err);
	expect_log("export");
	must(snapshot_watch(store, false, &more, &err), &err);
	assert_fails(snapshot_each_task(store, &snapshot, see, &seen, &err), &err, ERR_BUSY);
	must(snapshot_close(store, &snapshot, &err), &err);
}

/* ---- while others write ---- */

#define WINDOW		  20
#define STARTED_MS	  20000
#define ROUNDS_PER_EXPORT 2000
#define EXPORTS		  12
#define EXPORTS_MAX	  500

/* So that every export, however slow it is, has racers beside it. */
static void wait_for_exports(unsigned round)
{
	while (round > ROUNDS_PER_EXPORT * (track->given + 1) && !track->stop)
		poll(NULL, 0, 1);
}

/* Creates task n, then removes task n - WINDOW: at any moment there are WINDOW or one more. */
static void slide(struct store *store, unsigned racer)
{
	char tenant[] = { (char)('a' + (int)racer), '\0' };

	for (unsigned n = 1; n <= WINDOW || !track->stop; n++) {
		struct op creation = fixture_op(OP_CREATE, n);
		struct op removal = fixture_op(OP_REMOVE, n - WINDOW);
		struct result result = { 0 };

		wait_for_exports(n);
		creation.tenant = removal.tenant = str_cstr(tenant);
		creation.new_id.bytes[1] = removal.id.bytes[1] = (uint8_t)racer;
		race_insist(store, &creation, &result);
		store_result_free(&result);
		if (n <= WINDOW)
			continue;
		race_insist(store, &removal, &result);
		store_result_free(&result);
		track->made++;
	}
	race_leave(store);
}

static bool is_window(const struct seen *seen, char tenant)
{
	unsigned least = UINT32_MAX, most = 0, count = 0;

	for (unsigned i = 0; i < seen->count; i++) {
		if (seen->tenants[i] != tenant)
			continue;
		count++;
		least = seen->numbers[i] < least ? seen->numbers[i] : least;
		most = seen->numbers[i] > most ? seen->numbers[i] : most;
	}
	return count <= WINDOW + 1 && (count == 0 || most - least + 1 == count) &&
	       (most <= WINDOW || count >= WINDOW);
}

/* Without notes, one wrong export is enough. */
static bool needs_export(void)
{
	return notes_are_made ? track->given < EXPORTS
			      : track->wrong == 0 && track->given < EXPORTS_MAX;
}

/* Fails only when the racers have ended. */
static void export_while_others_write(void)
{
	static struct seen seen;
	struct store *store = crowd_join();
	struct snapshot snapshot;
	struct err err = { 0 };

	for (int ms = 0; ms < STARTED_MS && track->made < RACERS * WINDOW; ms++)
		poll(NULL, 0, 1);
	while (needs_export()) {
		seen.count = 0;
		must(snapshot_open(store, &snapshot, &err), &err);
		must(snapshot_each_task(store, &snapshot, see, &seen, &err), &err);
		must(snapshot_close(store, &snapshot, &err), &err);
		for (char tenant = 'a'; tenant < 'a' + RACERS; tenant++)
			track->wrong += !is_window(&seen, tenant);
		track->given++;
	}
	track->stop = true;
	assert_notes(store, 0);
	store_close(store);
}

/* Counts exports that are not of one moment in track->wrong. */
static void race_exports(const char *name)
{
	pid_t pids[RACERS];
	struct store *store = crowd_recover(name);

	for (unsigned i = 0; i < RACERS; i++)
		pids[i] = crowd_start(slide, i);
	export_while_others_write();
	for (unsigned i = 0; i < RACERS; i++)
		race_await(pids[i]);
	fixture_verify(store, RACERS * WINDOW);
	store_close(store);
}

static void export_is_of_one_moment_while_others_write(void **state)
{
	(void)state;
	race_exports("moment");
	assert_int_equal(track->wrong, 0);
}

static void export_is_of_no_moment_without_notes(void **state)
{
	(void)state;
	notes_are_made = false;
	race_exports("no-moment");
	notes_are_made = true;
	assert_true(track->wrong > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_ONE_MACHINE(changes_after_the_moment_are_not_seen),
		ON_ONE_MACHINE(one_export_at_a_time),
		ON_ONE_MACHINE(export_of_a_killed_process_gives_way),
		ON_ONE_MACHINE(export_without_progress_is_ended),
		ON_ONE_MACHINE(changes_are_seen_without_notes),
		RACE(export_is_of_one_moment_while_others_write),
		RACE(export_is_of_no_moment_without_notes),
	};

	return CHECK_RUN(tests);
}
