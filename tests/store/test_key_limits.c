/* Idempotency-Keys: limits per tenant, and clocks that are set. */
#include <stdio.h>

#include "base/clock.h"
#include "operation_fixture.h"
#include "store/internal.h"

#define DAY   (STORE_IDEMPOTENCY_HOURS * 3600000LL)
#define TODAY (1000 * DAY + DAY / 2)

static struct op keyed(unsigned id, const char *key, int64_t now)
{
	struct op op = fixture_op(OP_CREATE, id);

	op.now = now;
	op.idempotency_key = str_cstr(key);
	return op;
}

static enum err_code create(struct store *store, unsigned id, const char *key, int64_t now)
{
	struct op op = keyed(id, key, now);

	return fixture_error(store, &op);
}

/* The task that a repetition of the key returns. */
static unsigned repeat(struct store *store, const char *key, int64_t now)
{
	struct op op = keyed(99, key, now);
	struct result result = apply(store, &op);
	unsigned id = last_byte(&result.task);

	store_result_free(&result);
	return id;
}

static void expire(struct store *store, int64_t now)
{
	struct err err = { 0 };
	uint64_t expired;
	bool more = true;

	while (more)
		must(store_expire_idempotency(store, now, &expired, &more, &err), &err);
}

/* ---- limits ---- */

static void further_keys_are_refused(void **state)
{
	struct store *store = *state;
	struct op op = keyed(3, "c", TODAY);
	struct result result = { 0 };
	struct err err;

	store->key_limit.keys = 2;
	assert_code(create(store, 1, "a", TODAY), ERR_NONE);
	assert_code(create(store, 2, "b", TODAY), ERR_NONE);
	assert_false(store_apply(store, &op, &result, &err));
	assert_err(&err, ERR_TOO_MANY_REQUESTS);
	/* They are removed at the end of tomorrow. */
	assert_int_equal(err.retry_after, (DAY + DAY / 2) / 1000);
	fixture_verify(store, 2);
}

static void known_keys_and_requests_without_a_key_are_answered(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 5);

	store->key_limit.keys = 1;
	assert_code(create(store, 1, "a", TODAY), ERR_NONE);
	assert_int_equal(repeat(store, "a", TODAY), 1);
	assert_code(fixture_error(store, &op), ERR_NONE);
}

static void each_tenant_has_its_own_keys(void **state)
{
	struct store *store = *state;
	struct op op = keyed(2, "a", TODAY);

	store->key_limit.keys = 1;
	assert_code(create(store, 1, "a", TODAY), ERR_NONE);
	op.tenant = STR("acm");
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = keyed(3, "b", TODAY);
	op.actor = STR("bob");
	assert_code(fixture_error(store, &op), ERR_TOO_MANY_REQUESTS);
}

static void bytes_are_limited_too(void **state)
{
	struct store *store = *state;
	struct op op = keyed(1, "a", TODAY);
	char text[600];

	memset(text, 'x', sizeof(text));
	text[0] = text[sizeof(text) - 1] = '"';
	store->key_limit.bytes = 1000;
	change_set_field(&op.change, STR("name"), (struct str){ text, sizeof(text) });
	assert_code(fixture_error(store, &op), ERR_NONE);
	op.new_id = fixture_id(2);
	op.idempotency_key = STR("b");
	assert_code(fixture_error(store, &op), ERR_TOO_MANY_REQUESTS);
	assert_code(create(store, 3, "c", TODAY), ERR_NONE);
}

static void keys_of_two_periods_are_counted_together(void **state)
{
	struct store *store = *state;
	struct op op = keyed(3, "c", TODAY + DAY);
	struct result result = { 0 };
	struct err err;

	store->key_limit.keys = 2;
	assert_code(create(store, 1, "a", TODAY), ERR_NONE);
	assert_code(create(store, 2, "b", TODAY + DAY), ERR_NONE);
	assert_false(store_apply(store, &op, &result, &err));
	assert_err(&err, ERR_TOO_MANY_REQUESTS);
	assert_int_equal(err.retry_after, DAY / 2 / 1000);
	expire(store, TODAY + 2 * DAY);
	assert_code(create(store, 3, "c", TODAY + 2 * DAY), ERR_NONE);
}

static void a_refused_key_is_not_counted(void **state)
{
	struct store *store = *state;

	store->key_limit.keys = 2;
	assert_code(create(store, 1, "a", TODAY), ERR_NONE);
	for (int i = 0; i < 5; i++)
		assert_code(create(store, 1, "b", TODAY), ERR_CONFLICT);
	assert_code(create(store, 2, "b", TODAY), ERR_NONE);
}

/* ---- import ---- */

#define ROWS_MAX 8

/* Idempotency rows of an export. */
struct rows {
	struct {
		char key[200], value[2000];
		size_t key_len, value_len;
	} rows[ROWS_MAX];
	size_t count;
};

static bool ignore_task(const struct task *task, void *data)
{
	(void)task, (void)data;
	return true;
}

static bool keep_row(const char *table, struct str key, struct str value, void *data)
{
	struct rows *rows = data;

	if (strcmp(table, "idempotency") != 0)
		return true;
	assert_in_range(rows->count, 0, ROWS_MAX - 1);
	assert_in_range(key.len, 1, sizeof(rows->rows[0].key));
	assert_in_range(value.len, 1, sizeof(rows->rows[0].value));
	memcpy(rows->rows[rows->count].key, key.ptr, key.len);
	memcpy(rows->rows[rows->count].value, value.ptr, value.len);
	rows->rows[rows->count].key_len = key.len;
	rows->rows[rows->count++].value_len = value.len;
	return true;
}

static void export_rows(struct store *store, struct rows *rows)
{
	const struct store_sink sink = { .task = ignore_task, .row = keep_row, .data = rows };
	struct err err;

	must(store_export(store, &sink, &err), &err);
	assert_int_equal(rows->count, 3); /* two keys and their count */
}

static void import_rows(struct store *store, const struct rows *rows)
{
	struct err err;

	for (size_t i = 0; i < rows->count; i++)
		must(store_import_row(store, STR("idempotency"),
			     (struct str){ rows->rows[i].key, rows->rows[i].key_len },
			     (struct str){ rows->rows[i].value, rows->rows[i].value_len }, &err),
			&err);
}

static void imported_keys_are_added_to_those_of_the_tenant(void **state)
{
	struct store *store = *state, *other = fixture_ephemeral();
	struct rows rows = { .count = 0 };

	assert_code(create(store, 1, "a", TODAY), ERR_NONE);
	assert_code(create(store, 2, "b", TODAY), ERR_NONE);
	export_rows(store, &rows);
	/* Keys that are here are not counted twice, others stay counted. */
	assert_code(create(store, 3, "c", TODAY), ERR_NONE);
	import_rows(store, &rows);
	store->key_limit.keys = 4;
	assert_code(create(store, 4, "d", TODAY), ERR_NONE);
	assert_code(create(store, 5, "e", TODAY), ERR_TOO_MANY_REQUESTS);
	/* Another store, which has a key of the tenant. */
	assert_code(create(other, 6, "x", TODAY), ERR_NONE);
	import_rows(other, &rows);
	import_rows(other, &rows);
	other->key_limit.keys = 4;
	assert_code(create(other, 7, "y", TODAY), ERR_NONE);
	assert_code(create(other, 8, "z", TODAY), ERR_TOO_MANY_REQUESTS);
	assert_int_equal(repeat(other, "x", TODAY), 6);
	store_close(other);
}

static void malformed_keys_are_refused(void **state)
{
	static const struct str keys[] = { { "abc", 3 }, { "0000tenant", 10 },
		{ "0000t\0u\0k", 9 } };
	struct store *store = *state;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct err err;

		assert_fails(
			store_import_row(store, STR("idempotency"), keys[i], STR("short"), &err),
			&err, ERR_INVALID);
	}
}

/* ---- clocks ---- */

static void keys_are_known_after_the_clock_was_set_back(void **state)
{
	static const int64_t days[] = { 0, 1, 2, 10, 900 };
	struct store *store = *state;

	assert_code(create(store, 1, "a", TODAY), ERR_NONE);
	assert_code(create(store, 2, "b", TODAY + DAY), ERR_NONE);
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		assert_int_equal(repeat(store, "a", TODAY - days[i] * DAY), 1);
		assert_int_equal(repeat(store, "b", TODAY - days[i] * DAY), 2);
	}
	/* Keys made meanwhile. */
	assert_code(create(store, 3, "c", TODAY - 10 * DAY), ERR_NONE);
	assert_int_equal(repeat(store, "c", TODAY - 10 * DAY), 3);
	assert_int_equal(repeat(store, "c", TODAY - 20 * DAY), 3);
	assert_int_equal(repeat(store, "a", TODAY - 20 * DAY), 1);
	/* Before the next start, and after it. */
	atomic_store(&store->shared->newest_key_period, 0);
	must(idempotency_init(store, &(struct err){ 0 }), &(struct err){ 0 });
	assert_int_equal(repeat(store, "b", TODAY - 20 * DAY), 2);
}

static void keys_expire_after_the_clock_was_corrected(void **state)
{
	struct store *store = *state;

	assert_code(create(store, 1, "a", TODAY), ERR_NONE);
	assert_code(create(store, 2, "b", TODAY + 10 * DAY), ERR_NONE);
	expire(store, TODAY + 2 * DAY);
	assert_code(create(store, 3, "a", TODAY + 2 * DAY), ERR_NONE);
	expire(store, TODAY + 12 * DAY);
	assert_code(create(store, 4, "b", TODAY + 12 * DAY), ERR_NONE);
}

static void run_chore(struct store *store)
{
	struct store_chore chore;
	struct err err = { 0 };
	size_t number = 0;
	bool more = true;

	while (store_chore(store, number, &chore) && strcmp(chore.name, "idempotency keys") != 0)
		number++;
	while (more)
		must(store_run_chore(store, number, false, &more, &err), &err);
}

static void keys_of_the_future_are_removed_in_the_end(void **state)
{
	struct store *store = *state;

	assert_code(create(store, 1, "a", TODAY), ERR_NONE);
	assert_code(create(store, 2, "b", TODAY + 300 * DAY), ERR_NONE);
	clock_set_fake(TODAY);
	run_chore(store);
	run_chore(store);
	assert_int_equal(repeat(store, "b", TODAY), 2);
	/* Two days later, on a clock that was not set again. */
	store->clock.future_keys_ms -= 2 * DAY + 1;
	run_chore(store);
	clock_set_fake(0);
	assert_code(create(store, 3, "b", TODAY), ERR_NONE);
	assert_int_equal(repeat(store, "a", TODAY), 1);
}

static void keys_stay_after_the_clock_was_set_forward(void **state)
{
	struct store *store = *state;

	assert_code(create(store, 1, "a", TODAY), ERR_NONE);
	clock_set_fake(TODAY);
	run_chore(store);
	clock_set_fake(TODAY + 30 * DAY);
	expect_log("clock");
	run_chore(store);
	clock_set_fake(0);
	assert_int_equal(repeat(store, "a", TODAY), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(further_keys_are_refused),
		ON_EVERY_ENGINE(known_keys_and_requests_without_a_key_are_answered),
		ON_EVERY_ENGINE(each_tenant_has_its_own_keys),
		ON_EVERY_ENGINE(bytes_are_limited_too),
		ON_EVERY_ENGINE(keys_of_two_periods_are_counted_together),
		ON_EVERY_ENGINE(a_refused_key_is_not_counted),
		ON_EVERY_ENGINE(imported_keys_are_added_to_those_of_the_tenant),
		ON_EVERY_ENGINE(malformed_keys_are_refused),
		ON_EVERY_ENGINE(keys_are_known_after_the_clock_was_set_back),
		ON_EVERY_ENGINE(keys_expire_after_the_clock_was_corrected),
		ON_EVERY_ENGINE(keys_of_the_future_are_removed_in_the_end),
		ON_EVERY_ENGINE(keys_stay_after_the_clock_was_set_forward),
	};

	fixture_tables = operation_tables;
	return CHECK_RUN(tests);
}
