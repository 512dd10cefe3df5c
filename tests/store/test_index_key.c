/* Index keys sort like the lists, and different lists have different keys. */
#include <stdlib.h>

#include "fixture.h"
#include "store/index/key.h"

static const struct index_field by_type = {
	.code = BY_TYPE, .source = INDEX_FIELD, .name = "type"
};
static const struct index_field by_updated = {
	.code = BY_UPDATED, .source = INDEX_UPDATED, .name = "updated"
};

static struct task sample(int64_t created, const char *type)
{
	struct task task = {
		.id = fixture_id(1),
		.tenant = STR("acme"),
		.dialect = DIALECT_A,
		.state = TASK_PENDING,
		.created = created,
		.updated = created,
	};

	if (type)
		assert_true(task_set_field(&task, (struct field){ STR("type"), str_cstr(type) }));
	return task;
}

static struct index_key key_of(const struct task *task, const struct index_field *field)
{
	struct index_key key;

	assert_true(index_field_key(&key, task, field));
	assert_true(key.len < INDEX_KEY_MAX);
	return key;
}

static int compare(const struct index_key *a, const struct index_key *b)
{
	int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static bool starts(const struct index_key *key, const struct index_key *prefix)
{
	return key->len >= prefix->len && memcmp(key->bytes, prefix->bytes, prefix->len) == 0;
}

static void key_has_the_documented_layout(void **state)
{
	static const uint8_t want[] =
		"acme\0\1\0\5\"x\"\0\0\0\0\0\0\0\1\2\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1";
	struct task task = sample(0x102, "\"x\"");
	struct index_key key = key_of(&task, &by_type);

	(void)state;
	assert_int_equal(key.len, sizeof(want) - 1);
	assert_memory_equal(key.bytes, want, key.len);
}

static void keys_sort_by_value_creation_and_id(void **state)
{
	/* by value first, then by creation, then by id; a value before what only begins with it */
	struct task tasks[] = { sample(900, "1"), sample(-5, "10"), sample(5, "10"),
		sample(70000, "10"), sample(70000, "10"), sample(1, "2") };
	struct index_key keys[6];

	(void)state;
	tasks[4].id = fixture_id(2);
	for (size_t i = 0; i < 6; i++) {
		keys[i] = key_of(&tasks[i], &by_type);
		assert_true(i == 0 || compare(&keys[i - 1], &keys[i]) < 0);
	}
}

static void prefix_covers_its_keys_only(void **state)
{
	struct task task = sample(INT64_MAX, "\"x\""), other = sample(1, "\"x\\u0000\"");
	struct index_key key = key_of(&task, &by_type), foreign = key_of(&other, &by_type);
	struct index_key prefix, after;

	(void)state;
	index_value_prefix(&prefix, STR("acme"), DIALECT_A, false, &by_type, STR("\"x\""));
	after = prefix;
	assert_true(index_prefix_end(&after));
	assert_true(starts(&key, &prefix) && !starts(&foreign, &prefix));
	assert_true(compare(&key, &after) < 0 && compare(&prefix, &key) < 0);
	after = (struct index_key){ 3, { 1, 0xFF, 0xFF } };
	assert_true(index_prefix_end(&after));
	assert_true(after.len == 1 && after.bytes[0] == 2);
	after = (struct index_key){ 2, { 0xFF, 0xFF } };
	assert_false(index_prefix_end(&after));
}

static void update_time_has_eight_bytes(void **state)
{
	struct task task = sample(0x0102, NULL);
	struct index_key key = key_of(&task, &by_updated), all, one;

	(void)state;
	index_value_prefix(&all, STR("acme"), DIALECT_A, false, &by_updated, STR(""));
	index_value_prefix(&one, STR("acme"), DIALECT_A, false, &by_updated,
		(struct str){ "\0\0\0\0\0\0\1\2", 8 });
	assert_true(starts(&key, &all) && starts(&key, &one));
	assert_int_equal(one.len, all.len + 8);
	index_value_prefix(
		&one, STR("acme"), DIALECT_A, false, &by_updated, (struct str){ "123456789", 9 });
	assert_int_equal(one.len, all.len + 8);
}

static void prefix_of(struct index_key *key, size_t len, char last)
{
	char text[1000];

	memset(text, 'v', sizeof(text));
	text[len - 1] = last;
	index_value_prefix(key, STR("acme"), DIALECT_A, false, &by_type, (struct str){ text, len });
}

static void cut_values_stay_apart(void **state)
{
	static const size_t lens[] = { INDEX_VALUE_MAX - 1, INDEX_VALUE_MAX, INDEX_VALUE_MAX + 1,
		1000 };
	struct index_key a, b, c;
	struct str cut;

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		prefix_of(&a, lens[i], 'a');
		prefix_of(&b, lens[i], 'b');
		prefix_of(&c, lens[i], 'a');
		assert_true(compare(&a, &b) != 0 && compare(&a, &c) == 0);
		assert_true(a.len <= 5 + 3 + INDEX_VALUE_MAX + 1);
	}
	/* the cut form of a value, sent as a value, is another value */
	prefix_of(&a, 1000, 'a');
	cut = (struct str){ (const char *)a.bytes + 8, INDEX_VALUE_MAX };
	index_value_prefix(&b, STR("acme"), DIALECT_A, false, &by_type, cut);
	assert_true(compare(&a, &b) != 0);
}

static void longest_key_fits(void **state)
{
	static char text[400];
	struct task task = sample(1, NULL);
	struct index_key key;

	(void)state;
	memset(text, 't', sizeof(text));
	task.tenant = (struct str){ text, sizeof(text) };
	task_set_field(&task, (struct field){ STR("type"), { text, sizeof(text) } });
	key = key_of(&task, &by_type);
	assert_int_equal(
		key.len, INDEX_TENANT_MAX + 1 + 3 + INDEX_VALUE_MAX + 1 + 8 + sizeof(struct id));
}

static void task_has_one_key_per_field(void **state)
{
	struct index_key keys[INDEX_KEYS_MAX];
	struct task task = sample(1, "\"x\"");

	(void)state;
	assert_int_equal(index_all_keys(keys, &task, fixture_indexes), 6);
	for (size_t i = 0; i < 6; i++) {
		for (size_t k = 0; k < i; k++)
			assert_true(compare(&keys[i], &keys[k]) != 0);
	}
	task = sample(1, NULL);
	assert_int_equal(index_all_keys(keys, &task, fixture_indexes), 5);
	task.dialect = DIALECT_B;
	assert_int_equal(index_all_keys(keys, &task, fixture_indexes), 4);
	task.state = TASK_RUNNING; /* not ready to be claimed, but in work */
	assert_int_equal(index_all_keys(keys, &task, fixture_indexes), 4);
	task.lease.expires = optional_time(1); /* and due */
	assert_int_equal(index_all_keys(keys, &task, fixture_indexes), 5);
	task.dialect = 0;
	assert_int_equal(index_all_keys(keys, &task, fixture_indexes), 0);
}

/* Every task has a place in a list by kind or priority, but only one with a kind has an entry. */
static void kind_and_priority_sort(void **state)
{
	static const struct index_field by_kind = { .code = 9,
		.source = INDEX_KIND,
		.kind = task_own_kind },
					scanned = { .code = 9,
						.source = INDEX_KIND,
						.kind = task_own_kind,
						.unindexed = true },
					by_priority = { .code = 9,
						.source = INDEX_PRIORITY,
						.unindexed = true };
	static const int32_t priorities[] = { INT32_MIN, -1, 0, 1, INT32_MAX };
	struct task task = sample(1, NULL);
	struct index_key key, before = { 0 };

	(void)state;
	assert_false(index_field_key(&key, &task, &by_kind));
	before = key_of(&task, &scanned);
	task.kind = STR("audio");
	key = key_of(&task, &scanned);
	assert_true(compare(&before, &key) < 0);
	before = key_of(&task, &by_kind);
	assert_int_equal(compare(&before, &key), 0);
	for (size_t i = 0; i < sizeof(priorities) / sizeof(priorities[0]); i++) {
		task.priority = priorities[i];
		key = key_of(&task, &by_priority);
		assert_true(i == 0 || compare(&before, &key) < 0);
		before = key;
	}
}

static void expect_work_key(const struct task *task, const char *want, size_t len)
{
	static const struct index_field by_work = {
		.code = INDEX_BY_WORK, .source = INDEX_WORK, .kind = task_own_kind
	};
	struct index_key key = key_of(task, &by_work);

	assert_int_equal(key.len, len + sizeof(struct id));
	assert_memory_equal(key.bytes, want, len);
	assert_memory_equal(key.bytes + len, &task->id, sizeof(struct id));
}

#define EXPECT_WORK_KEY(task, want) expect_work_key((task), (want), sizeof(want) - 1)

/* A ready task has none. */
static void work_entries_have_the_documented_layout(void **state)
{
	static const struct index_field by_work = {
		.code = INDEX_BY_WORK, .source = INDEX_WORK, .kind = task_own_kind
	};
	struct task task = sample(1, NULL);
	struct index_key key;

	(void)state;
	task.kind = STR("audio");
	assert_false(index_field_key(&key, &task, &by_work));
	task.ready_after = optional_time(0x0102);
	EXPECT_WORK_KEY(&task, "acme\0\1\0\xCC\1audio\0\0\0\0\0\0\0\1\2");
	task.ready_after = OPTIONAL_TIME_NONE;
	task.archived = true;
	EXPECT_WORK_KEY(&task, "acme\0\1\1\xCC\1audio\0\0\0\0\0\0\0\0\0");
	task.archived = false;
	task.state = TASK_RUNNING;
	task.started = optional_time(3);
	EXPECT_WORK_KEY(&task, "acme\0\1\0\xCC\2audio\0\0\0\0\0\0\0\0\0\3");
	task.lease.holder = STR("w1");
	EXPECT_WORK_KEY(&task, "acme\0\1\0\xCC\2audio\0w1\0\0\0\0\0\0\0\0\3");
	task.state = TASK_FAILED;
	task.kind = STR("");
	task.finished = optional_time(4);
	EXPECT_WORK_KEY(&task, "acme\0\1\0\xCC\4\0\0\0\0\0\0\0\0\4");
}

static void normalized_values_are_one(void **state)
{
	const struct index_field *field = index_field_by_code(
		fixture_indexes, DIALECT_A, BY_STATUS);
	struct index_key a, b, c;

	(void)state;
	assert_non_null(field);
	index_value_prefix(&a, STR("acme"), DIALECT_A, false, field, STR("sucess"));
	index_value_prefix(&b, STR("acme"), DIALECT_A, false, field, STR("success"));
	index_value_prefix(&c, STR("acme"), DIALECT_A, false, field, STR("failed"));
	assert_true(compare(&a, &b) == 0 && compare(&a, &c) != 0);
	assert_null(index_field_by_code(fixture_indexes, DIALECT_A, 0xFF));
	assert_null(index_field_by_code(fixture_indexes, DIALECT_B, BY_TYPE));
}

static void schema_hash_covers_the_tables(void **state)
{
	static const struct index_field twice[] = { { .code = 1, .source = INDEX_ALL, .name = "a" },
		{ .code = 1, .source = INDEX_STATE, .name = "b" }, { 0 } };
	static struct index_field many[INDEX_KEYS_MAX + 2];
	static const struct index_table tables[][2] = { { { 1, twice } }, { { 1, many } } };
	uint8_t a[INDEX_SCHEMA_HASH_SIZE], b[INDEX_SCHEMA_HASH_SIZE];
	struct err err = { 0 };

	(void)state;
	for (uint8_t i = 0; i <= INDEX_KEYS_MAX; i++)
		many[i] = (struct index_field){
			.code = (uint8_t)(i + 1), .source = INDEX_ALL, .name = "a"
		};
	assert_false(index_schema_hash(tables[0], a, &err));
	assert_err(&err, ERR_INTERNAL);
	assert_false(index_schema_hash(tables[1], a, &err));
	many[INDEX_KEYS_MAX] = (struct index_field){ 0 };
	must(index_schema_hash(tables[1], a, &err), &err);
	many[3].source = INDEX_STATE;
	must(index_schema_hash(tables[1], b, &err), &err);
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(key_has_the_documented_layout),
		CHECK(keys_sort_by_value_creation_and_id),
		CHECK(prefix_covers_its_keys_only),
		CHECK(update_time_has_eight_bytes),
		CHECK(cut_values_stay_apart),
		CHECK(longest_key_fits),
		CHECK(task_has_one_key_per_field),
		CHECK(kind_and_priority_sort),
		CHECK(work_entries_have_the_documented_layout),
		CHECK(normalized_values_are_one),
		CHECK(schema_hash_covers_the_tables),
	};

	return CHECK_RUN(tests);
}
