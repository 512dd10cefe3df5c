/* Several processes that do the same at the same time: it happens once, and in order. */
#include <stdio.h>
#include <unistd.h>

#include "race.h"
#include "store/auth_table.h"

#define ROUNDS 250

static bool mark_number(const struct task *task, void *data)
{
	uint8_t *seen = data;

	if (task->number > (uint64_t)RACERS * ROUNDS)
		track->wrong++;
	else
		seen[task->number]++;
	return true;
}

/* Every number from 1 to count occurs once. */
static void expect_numbers(const char *name, unsigned count)
{
	struct store *store = crowd_recover(name);
	uint8_t seen[RACERS * ROUNDS + 1] = { 0 };
	struct err err = { 0 };

	fixture_verify(store, count);
	must(store_each_task(store, mark_number, seen, &err), &err);
	assert_int_equal(track->wrong, 0);
	for (unsigned i = 1; i <= count; i++)
		assert_int_equal(seen[i], 1);
	store_close(store);
}

/* ---- one key ---- */

static void create_with_one_key(struct store *store, unsigned racer)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct op op = fixture_op(OP_CREATE, 1 + round * RACERS + racer);
		struct result result = { 0 };
		char key[24];

		snprintf(key, sizeof(key), "key %u", round * 7919 % 1000);
		op.idempotency_key = str_cstr(key);
		op.assign_number = true;
		op.now = 1000;
		race_line_up(round);
		race_insist(store, &op, &result);
		if (id_compare(&result.task.id, &op.new_id) == 0)
			track->made++;
		else
			track->given++;
		store_result_free(&result);
	}
	race_leave(store);
}

static void one_key_creates_one_task(void **state)
{
	(void)state;
	store_close(crowd_recover("key"));
	race_run(create_with_one_key);
	print_message("# %u busy, slowest %u us\n", crowd->busy, track->slowest);
	assert_int_equal(track->made, ROUNDS);
	assert_int_equal(track->given, ROUNDS * (RACERS - 1));
	assert_true(crowd->busy <= ROUNDS / 50);
	expect_numbers("key", ROUNDS);
}

/* ---- numbers ---- */

static void create_numbered(struct store *store, unsigned racer)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct op op = fixture_op(OP_CREATE, 1 + round * RACERS + racer);
		struct result result = { 0 };

		op.assign_number = true;
		race_insist(store, &op, &result);
		store_result_free(&result);
	}
	race_leave(store);
}

static void every_number_is_assigned_once(void **state)
{
	(void)state;
	store_close(crowd_recover("numbers"));
	race_run(create_numbered);
	print_message("# %u busy, slowest %u us\n", crowd->busy, track->slowest);
	assert_true(crowd->busy <= ROUNDS / 50);
	expect_numbers("numbers", RACERS * ROUNDS);
}

/* ---- upsert ---- */

static void upsert_one_id(struct store *store, unsigned racer)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct op op = fixture_op(OP_UPSERT, 0);
		struct result result = { 0 };

		op.new_id = fixture_id(1 + round * 31 % 1000);
		op.change.state = TASK_PENDING;
		op.change.status = STR("new");
		if (racer % 2)
			change_set_field(&op.change, STR("type"), STR("\"odd\""));
		race_line_up(round);
		race_insist(store, &op, &result);
		track->made += result.created;
		track->wrong += id_compare(&result.task.id, &op.new_id) != 0;
		store_result_free(&result);
	}
	race_leave(store);
}

static void concurrent_upserts_create_one_task(void **state)
{
	struct store *store;

	(void)state;
	store_close(crowd_recover("upsert"));
	race_run(upsert_one_id);
	print_message("# %u busy, slowest %u us\n", crowd->busy, track->slowest);
	assert_int_equal(track->made, ROUNDS);
	assert_int_equal(track->wrong, 0);
	assert_true(crowd->busy <= ROUNDS / 50);
	store = crowd_recover("upsert");
	fixture_verify(store, ROUNDS);
	store_close(store);
}

/* ---- records of the service ---- */

static bool add_one(struct str old, struct buf *value, void *data, struct err *err)
{
	uint64_t count = 0;

	(void)data, (void)err;
	if (old.ptr && !str_to_u64(old, &count))
		track->wrong++;
	buf_put_number(value, (int64_t)count + 1);
	return true;
}

static bool take_place(struct str old, struct buf *value, void *data, struct err *err)
{
	buf_puts(value, data);
	return !old.ptr || err_set(err, ERR_CONFLICT, NULL, NULL);
}

/* Returns false if another racer has the place. */
static bool insist_on_edits(struct store *store, const struct store_auth_edit *edits, size_t count)
{
	struct err err = { 0 };

	while (!store_auth_update(store, edits, count, &err)) {
		if (err.code == ERR_CONFLICT)
			return false;
		if (err.code != ERR_BUSY)
			_exit(91);
		crowd->busy++;
	}
	return true;
}

/* Every racer adds to a count; the winner of each round's place adds to another, atomically. */
static void edit_entries(struct store *store, unsigned racer)
{
	char place[24], name[24];
	const struct store_auth_edit count = { STORE_USERS, STR("count"), add_one, NULL };

	snprintf(name, sizeof(name), "%u", racer);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct store_auth_edit edits[] = {
			{ STORE_TOKENS, STR_NULL, take_place, name },
			{ STORE_USERS, STR("wins"), add_one, NULL },
		};

		snprintf(place, sizeof(place), "%u", round);
		edits[0].key = str_cstr(place);
		race_line_up(round);
		if (insist_on_edits(store, edits, 2))
			track->made++;
		else
			track->given++;
		insist_on_edits(store, &count, 1);
	}
	race_leave(store);
}

static void expect_count(struct store *store, const char *name, unsigned count)
{
	struct buf value = BUF_INIT;
	struct err err = { 0 };
	char want[24];

	snprintf(want, sizeof(want), "%u", count);
	must(store_auth_get(store, STORE_USERS, str_cstr(name), &value, &err), &err);
	assert_str(buf_str(&value), want);
	buf_free(&value);
}

static void concurrent_edits_are_all_counted(void **state)
{
	struct store *store;

	(void)state;
	store_close(crowd_recover("entries"));
	race_run(edit_entries);
	print_message("# %u busy\n", crowd->busy);
	assert_int_equal(track->wrong, 0);
	assert_int_equal(track->made, ROUNDS);
	assert_int_equal(track->given, ROUNDS * (RACERS - 1));
	store = crowd_recover("entries");
	expect_count(store, "count", ROUNDS * RACERS);
	expect_count(store, "wins", ROUNDS);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE(one_key_creates_one_task),
		RACE(every_number_is_assigned_once),
		RACE(concurrent_upserts_create_one_task),
		RACE(concurrent_edits_are_all_counted),
	};

	check_use_disk();
	return CHECK_RUN(tests);
}
