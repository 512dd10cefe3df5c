/* Which serial numbers new ids get: tasks made one after the other lie together. */
#include <stdlib.h>

#include "fixture.h"
#include "memory_engine.h"
#include "store/internal.h"

#define NOW	 1800000000000
#define TEXT_MAX 4000

static uint32_t serial_of(const struct store *store, const struct id *id)
{
	uint32_t serial = 0;

	assert_true(id_get_serial(id, &store->engine->secret, &serial));
	return serial;
}

/* Creates a task whose record has about `size` bytes; returns its serial number. */
static uint32_t create(struct store *store, size_t size, struct id *id)
{
	static char text[TEXT_MAX];
	struct op op = fixture_op(OP_CREATE, 1);
	struct result result = { 0 };
	struct err err = { 0 };

	memset(text, 'x', sizeof(text));
	text[0] = text[size - 100] = '"';
	assert_true(store_new_id(store, NOW, &op.new_id));
	op.change.state = TASK_PENDING;
	op.change.status = STR("new");
	assert_true(change_set_field(&op.change, STR("text"), (struct str){ text, size - 99 }));
	must(store_apply(store, &op, &result, &err), &err);
	if (id)
		*id = result.task.id;
	store_result_free(&result);
	return serial_of(store, &op.new_id);
}

static void remove_task(struct store *store, const struct id *id)
{
	struct op op = fixture_op(OP_REMOVE, 1);

	op.id = *id;
	assert_code(fixture_error(store, &op), ERR_NONE);
}

static void read_task(struct store *store, const struct id *id)
{
	struct op op = fixture_op(OP_READ, 1);

	op.id = *id;
	assert_code(fixture_error(store, &op), ERR_NONE);
}

static struct engine_room room_of(struct store *store, uint32_t serial)
{
	struct engine_room room;

	assert_int_equal(
		store->engine->ops->room(store->engine, TABLE_TASKS, serial, &room), ENGINE_OK);
	return room;
}

static void twelve_tasks_share_a_serial(void **state)
{
	struct store *store = *state;
	uint32_t first = create(store, 250, NULL);

	for (int i = 1; i < 12; i++)
		assert_int_equal(create(store, 250, NULL), first);
	for (int i = 0; i < 6; i++)
		create(store, 250, NULL);
	assert_int_equal(create(store, 250, NULL), first + 1);
	fixture_verify(store, 19);
}

static void no_page_overflows(void **state)
{
	static const size_t sizes[] = { 150, 250, 900, 200, 3000, 1100, 400 };
	struct store *store = *state;
	uint32_t serials[300];

	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++)
		serials[i] = create(store, sizes[i % (sizeof(sizes) / sizeof(sizes[0]))], NULL);
	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++)
		assert_true(room_of(store, serials[i]).bytes > 0);
	fixture_verify(store, sizeof(serials) / sizeof(serials[0]));
}

/* The id of a request that creates nothing does not take the room of a task. */
static void unused_ids_take_no_room(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_READ, 1);
	uint32_t first = create(store, 250, NULL);
	struct id id;

	for (int i = 0; i < 1000; i++) {
		assert_true(store_new_id(store, NOW, &id));
		assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	}
	assert_int_equal(create(store, 250, NULL), first);
}

static void ids_that_are_written_later_are_counted(void **state)
{
	struct store *store = *state;
	uint32_t first, last;
	struct id id;

	assert_true(store_new_id(store, NOW, &id));
	first = serial_of(store, &id);
	for (int i = 0; i < 99; i++)
		assert_true(store_new_id(store, NOW, &id));
	last = serial_of(store, &id);
	assert_true(last - first >= 6);
	assert_true(last - first <= 12);
}

static void room_of_removed_tasks_is_used_again(void **state)
{
	enum { LIVE = 600, ROUNDS = 20 };
	struct store *store = *state;
	struct id ids[LIVE];
	uint32_t size;

	for (int i = 0; i < LIVE; i++)
		create(store, 250, &ids[i]);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < LIVE; i++) {
			remove_task(store, &ids[i]);
			create(store, 250, &ids[i]);
		}
	}
	size = room_of(store, 0).grow;
	for (int i = 0; i < LIVE; i++)
		read_task(store, &ids[i]);
	fixture_verify(store, LIVE);
	/* 1,000 expected tasks have 128 pages; the memory engine has none. */
	assert_true(size <= 128);
}

static void the_table_grows_beyond_the_expected_tasks(void **state)
{
	enum { TASKS = 6000 };
	struct store *store = *state;
	struct id *ids = calloc(TASKS, sizeof(*ids));
	struct engine_room room;
	uint32_t full = 0;

	assert_non_null(ids);
	for (int i = 0; i < TASKS; i++)
		create(store, 250, &ids[i]);
	for (int i = 0; i < TASKS; i++)
		read_task(store, &ids[i]);
	room = room_of(store, 0);
	for (uint32_t serial = 0; serial < room.grow; serial++)
		full += room_of(store, serial).bytes == 0;
	assert_true(full <= 2);
	fixture_verify(store, TASKS);
	free(ids);
}

static void a_process_goes_on_behind_the_blocks_of_others(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "blocks");
	struct store *store = fixture_open(&options), *other;
	uint32_t first = create(store, 250, NULL), second;
	struct err err = { 0 };

	(void)state;
	must(store_flush(store, &err), &err);
	options.mode = STORE_ATTACH;
	other = fixture_open(&options);
	second = create(other, 250, NULL);
	assert_int_equal(second, first + 64);
	assert_int_equal(create(store, 250, NULL), first);
	must(store_flush(store, &err), &err);
	store_close(other);
	store_close(store);
	options.mode = STORE_RECOVER;
	store = fixture_open(&options);
	assert_int_equal(create(store, 250, NULL), first + 128);
	store_close(store);
}

static void ids_are_made_while_nothing_may_be_written(void **state)
{
	struct store *store = *state;
	struct id first, second;

	atomic_store(&store->shared->read_only, true);
	assert_true(store_new_id(store, NOW, &first));
	assert_true(store_new_id(store, NOW, &second));
	assert_true(id_compare(&first, &second) < 0);
	atomic_store(&store->shared->read_only, false);
	create(store, 250, NULL);
}

static enum engine_status room_behind_damaged_pages(
	struct engine *engine, enum engine_table table, uint32_t serial, struct engine_room *room)
{
	return serial < 3 ? ENGINE_DAMAGED : memory_engine_ops.room(engine, table, serial, room);
}

static void damaged_pages_are_passed_over(void **state)
{
	static struct engine_ops ops;
	struct store *store = *state;

	ops = memory_engine_ops;
	ops.room = room_behind_damaged_pages;
	store->engine->ops = &ops;
	assert_int_equal(create(store, 250, NULL), 3);
}

static void lists_have_ids_of_clients_and_of_the_store(void **state)
{
	struct store *store = *state;
	struct op op = fixture_list(BY_ALL, NULL);
	struct id id;
	char rows[64];

	fixture_create(store, 3, "new", NULL);
	create(store, 250, &id);
	fixture_create(store, 9, "new", NULL);
	op.list.want_total = true;
	assert_int_equal(fixture_rows(store, &op, rows, sizeof(rows)), 3);
	fixture_verify(store, 3);
	remove_task(store, &id);
	fixture_expect_rows(store, &op, 2, "3 9");
	fixture_verify(store, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BDB(twelve_tasks_share_a_serial),
		ON_BDB(no_page_overflows),
		ON_ONE_MACHINE(unused_ids_take_no_room),
		ON_ONE_MACHINE(ids_that_are_written_later_are_counted),
		ON_ONE_MACHINE(room_of_removed_tasks_is_used_again),
		ON_BDB(the_table_grows_beyond_the_expected_tasks),
		CHECK(a_process_goes_on_behind_the_blocks_of_others),
		ON_EVERY_ENGINE(ids_are_made_while_nothing_may_be_written),
		FIXTURE_TEST(damaged_pages_are_passed_over, "memory engine", fixture_setup_memory),
		ON_EVERY_ENGINE(lists_have_ids_of_clients_and_of_the_store),
	};

	return CHECK_RUN(tests);
}
