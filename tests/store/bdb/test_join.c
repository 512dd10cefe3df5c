/* A process joins an environment in which another one holds locks. */
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "store/fixture.h"
#include "store/internal.h"

#define ROWS	200  /* enough to add pages, which locks the first page of the file */
#define HOLD_MS 2500 /* longer than a request waits for a lock */
#define STEP_MS 100

static _Noreturn void join(int start)
{
	struct store_options options = fixture_options(STORE_ATTACH, "a");
	struct store *store;
	struct err err = { 0 };
	char byte;

	if (read(start, &byte, 1) != 1)
		_exit(2);
	if (!store_open(&store, &options, &err)) {
		print_error("%s\n", err_text(&err));
		_exit(1);
	}
	store_close(store);
	_exit(0);
}

static void put_rows(struct engine *engine)
{
	char value[1000] = "", key[16];

	assert_int_equal(engine->ops->begin(engine, ENGINE_WRITE), ENGINE_OK);
	for (int i = 0; i < ROWS; i++) {
		int len = snprintf(key, sizeof(key), "key %d", i);

		assert_int_equal(
			engine->ops->put(engine, TABLE_META, (struct str){ key, (size_t)len },
				(struct str){ value, sizeof(value) }, ENGINE_REPLACE),
			ENGINE_OK);
	}
}

/* Locks the page of the first row of the layout. */
static void lock_layout(struct engine *engine)
{
	const struct str key = { "\0\0\0\0\0", 5 };
	struct buf value = BUF_INIT;

	assert_int_equal(engine->ops->begin(engine, ENGINE_WRITE), ENGINE_OK);
	assert_int_equal(engine->ops->get(engine, TABLE_TASKS, key, true, &value), ENGINE_OK);
	buf_free(&value);
}

/* The keeper's chore ends waits that have timed out. */
static void detect_deadlocks(struct store *store)
{
	struct store_chore chore;
	struct err err = { 0 };
	bool more = false;

	for (size_t i = 0; store_chore(store, i, &chore); i++) {
		if (strcmp(chore.name, "deadlock detection") == 0)
			must(store_run_chore(store, i, false, &more, &err), &err);
	}
}

static void join_beside(void (*lock)(struct engine *engine))
{
	struct store_options options = fixture_options(STORE_RECOVER, "a");
	int start[2], status;
	struct store *store;
	pid_t child;

	assert_int_equal(pipe(start), 0);
	child = fork();
	if (child == 0)
		join(start[0]);
	store = fixture_open(&options);
	lock(store->engine);
	assert_int_equal(write(start[1], "x", 1), 1);
	for (int ms = 0; ms < HOLD_MS; ms += STEP_MS) {
		poll(NULL, 0, STEP_MS);
		detect_deadlocks(store);
	}
	assert_int_equal(store->engine->ops->commit(store->engine), ENGINE_OK);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	store_close(store);
}

static void process_waits_for_a_long_transaction(void **state)
{
	(void)state;
	join_beside(put_rows);
}

static void process_waits_for_the_layout_of_the_tasks(void **state)
{
	(void)state;
	join_beside(lock_layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(process_waits_for_a_long_transaction),
		CHECK(process_waits_for_the_layout_of_the_tasks),
	};

	return CHECK_RUN(tests);
}
