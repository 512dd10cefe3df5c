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

static void process_waits_for_a_long_transaction(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "a");
	int start[2], status;
	struct store *store;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(start), 0);
	child = fork();
	if (child == 0)
		join(start[0]);
	store = fixture_open(&options);
	put_rows(store->engine);
	assert_int_equal(write(start[1], "x", 1), 1);
	poll(NULL, 0, HOLD_MS);
	assert_int_equal(store->engine->ops->commit(store->engine), ENGINE_OK);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(process_waits_for_a_long_transaction),
	};

	return CHECK_RUN(tests);
}
