/* All keys of a hash table, in parts, while the table grows. */
#include <stdio.h>
#include <stdlib.h>

#include "store/fixture.h"
#include "store/internal.h"

#define ROWS	    3000
#define ROWS_ADDED  40 /* between two parts */
#define KEYS_A_PART 100

struct seen {
	unsigned counts[ROWS];
	unsigned in_part, others;
};

static void add(struct engine *engine, char kind, unsigned from, unsigned to)
{
	static char value[300];

	memset(value, 'x', sizeof(value) - 1);
	assert_int_equal(engine->ops->begin(engine, ENGINE_WRITE), ENGINE_OK);
	for (unsigned n = from; n < to; n++) {
		char key[16];

		snprintf(key, sizeof(key), "%c%u", kind, n);
		assert_int_equal(engine->ops->put(engine, TABLE_NAMED_TASKS, str_cstr(key),
					 str_cstr(value), ENGINE_REPLACE),
			ENGINE_OK);
	}
	assert_int_equal(engine->ops->commit(engine), ENGINE_OK);
}

static bool note(struct str key, void *data)
{
	struct seen *seen = data;
	char text[16] = "";

	assert_true(key.len < sizeof(text));
	memcpy(text, key.ptr, key.len);
	if (text[0] == 'a')
		seen->counts[strtoul(text + 1, NULL, 10)]++;
	else
		seen->others++;
	return ++seen->in_part < KEYS_A_PART;
}

static void rows_are_seen_once_while_the_table_grows(void **state)
{
	static struct seen seen;
	struct store_options options = fixture_options(STORE_RECOVER, "grow");
	struct engine_place place = { 0 };
	struct store *store;
	unsigned parts = 0;

	(void)state;
	options.expected_tasks = 100;
	store = fixture_open(&options);
	add(store->engine, 'a', 0, ROWS);
	while (!place.end) {
		seen.in_part = 0;
		assert_int_equal(store->engine->ops->each_key(
					 store->engine, TABLE_NAMED_TASKS, &place, note, &seen),
			ENGINE_OK);
		add(store->engine, 'b', parts * ROWS_ADDED, (parts + 1) * ROWS_ADDED);
		parts++;
	}
	assert_true(parts > 10);
	assert_true(seen.others > 0);
	assert_int_equal(place.damaged, 0);
	for (unsigned n = 0; n < ROWS; n++) {
		if (seen.counts[n] != 1)
			fail_msg("row %u was seen %u times", n, seen.counts[n]);
	}
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(rows_are_seen_once_while_the_table_grows),
	};

	return CHECK_RUN(tests);
}
