/* Idempotency-Keys: an operation is carried out once, a repetition gets the same result. */
#include <stdio.h>

#include "operation_fixture.h"

#define DAY (STORE_IDEMPOTENCY_HOURS * 3600000LL)

static struct op keyed(unsigned id, const char *key, uint8_t fingerprint)
{
	struct op op = fixture_op(OP_CREATE, id);

	op.idempotency_key = str_cstr(key);
	memset(op.idempotency_fingerprint, fingerprint, sizeof(op.idempotency_fingerprint));
	change_set_field(&op.change, STR("name"), STR("\"first\""));
	return op;
}

static void create_keyed(struct store *store, unsigned id, const char *key, uint8_t fingerprint)
{
	struct op op = keyed(id, key, fingerprint);

	apply_only(store, &op);
}

static void repetition_gets_the_first_result(void **state)
{
	struct store *store = *state;
	struct op op = keyed(1, "k", 1), update = fixture_op(OP_UPDATE, 1);
	struct result result = apply(store, &op);

	assert_int_equal(result.written, fixture_needs_flush(store));
	store_result_free(&result);
	change_set_field(&update.change, STR("name"), STR("\"later\""));
	apply_only(store, &update);
	op = keyed(2, "k", 1);
	result = apply(store, &op);
	assert_false(result.written);
	assert_int_equal(last_byte(&result.task), 1);
	assert_int_equal(result.task.revision, 1);
	assert_str(task_field(&result.task, STR("name")), "\"first\"");
	store_result_free(&result);
	assert_int_equal(count_all(store, CODE_A), 1);
}

static void key_of_another_request_is_refused(void **state)
{
	struct store *store = *state;
	struct op op = keyed(2, "k", 2);

	create_keyed(store, 1, "k", 1);
	assert_code(fixture_error(store, &op), ERR_KEY_REUSED);
	assert_int_equal(count_all(store, CODE_A), 1);
}

static void keys_belong_to_a_user_and_a_tenant(void **state)
{
	struct store *store = *state;
	struct op op = keyed(2, "k", 2);

	create_keyed(store, 1, "k", 1);
	op.actor = STR("bob");
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = keyed(3, "k", 3);
	op.tenant = STR("other");
	assert_code(fixture_error(store, &op), ERR_NONE);
}

static void refused_operation_does_not_use_the_key(void **state)
{
	struct store *store = *state;
	struct op op = keyed(1, "x", 1);

	create_keyed(store, 1, "k", 1);
	assert_code(fixture_error(store, &op), ERR_CONFLICT);
	op.new_id = fixture_id(4);
	assert_code(fixture_error(store, &op), ERR_NONE);
}

static void key_is_free_after_a_day(void **state)
{
	struct store *store = *state;
	struct op op = keyed(5, "k", 9);

	create_keyed(store, 1, "k", 1);
	op.now += DAY + 1;
	assert_code(fixture_error(store, &op), ERR_NONE);
}

/* Removes expired keys to the end; returns their number. */
static uint64_t expire(struct store *store, int64_t now)
{
	uint64_t sum = 0, expired;
	struct err err = { 0 };
	bool more = true;

	while (more) {
		must(store_expire_idempotency(store, now, &expired, &more, &err), &err);
		sum += expired;
	}
	return sum;
}

static void expired_keys_are_removed(void **state)
{
	struct store *store = *state;
	struct op op = keyed(5, "k", 9);

	create_keyed(store, 1, "k", 1);
	create_keyed(store, 2, "x", 1);
	op.now += DAY + 1;
	apply_only(store, &op);
	assert_int_equal(expire(store, op.now), 0);
	assert_int_equal(expire(store, op.now + DAY), 2);
}

static void many_expired_keys_are_removed(void **state)
{
	struct store *store = *state;
	char key[16];

	for (unsigned i = 1; i <= 700; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		create_keyed(store, i, key, 1);
	}
	assert_int_equal(expire(store, 2 * DAY), 700);
	assert_int_equal(expire(store, 2 * DAY), 0);
}

/* Two processes whose clocks differ, on both sides of a period's border. */
static void slow_clock_finds_a_key_of_the_next_period(void **state)
{
	struct store *store = *state;
	struct op op = keyed(7, "early", 9);
	struct result result;

	op.now = 10 * DAY + 1;
	apply_only(store, &op);
	op.new_id = fixture_id(8);
	op.now = 10 * DAY - 1;
	result = apply(store, &op);
	assert_int_equal(last_byte(&result.task), 7);
	store_result_free(&result);
}

static void key_is_found_across_the_border_of_periods(void **state)
{
	struct store *store = *state;
	struct op op = keyed(6, "late", 9);

	op.now += 2 * DAY - 5000;
	apply_only(store, &op);
	op.now += DAY / 2;
	op.idempotency_fingerprint[0] = 1;
	assert_code(fixture_error(store, &op), ERR_KEY_REUSED);
}

static void repetition_gets_the_companion_too(void **state)
{
	struct store *store = *state;
	struct op companion = fixture_op(OP_CREATE, 2), op = keyed(1, "k", 1);

	op.dialect = CODE_POINT;
	op.companion = &companion;
	for (int i = 0; i < 2; i++) {
		struct result result = apply(store, &op);

		assert_int_equal(last_byte(&result.task), 1);
		assert_int_equal(last_byte(&result.companion), 2);
		store_result_free(&result);
	}
	assert_int_equal(count_all(store, CODE_A), 1);
}

static void blocked_operation_does_not_use_the_key(void **state)
{
	struct store *store = *state;
	struct op companion = fixture_op(OP_CREATE, 9), op = fixture_op(OP_REMOVE, 1);

	create_child(store, 1, NULL, "null");
	create_child(store, 2, NULL, "\"one\"");
	op.dependents = (struct op_dependents){ .field = BY_PARENT, .value = STR("\"one\"") };
	op.companion = &companion;
	op.idempotency_key = STR("k");
	for (int i = 0; i < 2; i++) {
		struct result result = apply(store, &op);

		assert_true(result.has_dependents);
		store_result_free(&result);
	}
	assert_int_equal(count_all(store, CODE_A), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(repetition_gets_the_first_result),
		ON_EVERY_ENGINE(key_of_another_request_is_refused),
		ON_EVERY_ENGINE(keys_belong_to_a_user_and_a_tenant),
		ON_EVERY_ENGINE(refused_operation_does_not_use_the_key),
		ON_EVERY_ENGINE(key_is_free_after_a_day),
		ON_EVERY_ENGINE(expired_keys_are_removed),
		ON_EVERY_ENGINE(many_expired_keys_are_removed),
		ON_EVERY_ENGINE(slow_clock_finds_a_key_of_the_next_period),
		ON_EVERY_ENGINE(key_is_found_across_the_border_of_periods),
		ON_EVERY_ENGINE(repetition_gets_the_companion_too),
		ON_EVERY_ENGINE(blocked_operation_does_not_use_the_key),
	};

	fixture_tables = operation_tables;
	return CHECK_RUN(tests);
}
