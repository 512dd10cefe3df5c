/* The service's own records: users, tokens, signing keys. */
#include <stdio.h>

#include "fixture.h"
#include "store/auth_table.h"
#include "store/internal.h"

/* ---- get, each ---- */

static bool add_up(struct str key, struct str value, void *data)
{
	unsigned *sum = data;

	if (value.len == 1)
		assert_int_equal(key.len, 1);
	else
		assert_int_equal(value.len, 3000);
	*sum += (unsigned char)key.ptr[0];
	return true;
}

static void put(struct store *store, const char *key, const char *value)
{
	fixture_auth_put(store, STORE_USERS, str_cstr(key), str_cstr(value));
}

static void expect_record(struct store *store, const char *key, const char *value)
{
	struct buf out = BUF_INIT;
	struct err err = { 0 };
	bool found = store_auth_get(store, STORE_USERS, str_cstr(key), &out, &err);

	assert_int_equal(found, value != NULL);
	if (found)
		assert_str(buf_str(&out), value);
	else
		assert_err(&err, ERR_NOT_FOUND);
	buf_free(&out);
}

static void get_appends_the_value(void **state)
{
	struct store *store = *state;
	struct buf out = BUF_INIT;
	struct err err = { 0 };

	put(store, "b", "2");
	put(store, "b", "3");
	buf_puts(&out, "=");
	must(store_auth_get(store, STORE_USERS, STR("b"), &out, &err), &err);
	assert_str(buf_str(&out), "=3");
	buf_free(&out);
}

static void tables_are_separate(void **state)
{
	struct store *store = *state;
	struct buf out = BUF_INIT;
	struct err err = { 0 };

	put(store, "b", "2");
	assert_fails(
		store_auth_get(store, STORE_TOKENS, STR("b"), &out, &err), &err, ERR_NOT_FOUND);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static void each_has_every_record_of_one_table(void **state)
{
	struct store *store = *state;
	static char large[3001];
	struct err err = { 0 };
	unsigned sum = 0;

	memset(large, 'x', sizeof(large) - 1);
	must(store_auth_each(store, STORE_USERS, add_up, &sum, &err), &err);
	assert_int_equal(sum, 0);
	put(store, "a", "1");
	put(store, "b", "2");
	put(store, "c", large);
	fixture_auth_put(store, STORE_SIGNING_KEYS, STR("k"), STR("4"));
	must(store_auth_each(store, STORE_USERS, add_up, &sum, &err), &err);
	assert_int_equal(sum, 'a' + 'b' + 'c');
	expect_record(store, "c", large);
}

static bool stop(struct str key, struct str value, void *data)
{
	unsigned *rows = data;

	(void)key, (void)value;
	++*rows;
	return false;
}

static void each_ends_when_the_callback_says_so(void **state)
{
	struct store *store = *state;
	struct err err = { 0 };
	unsigned rows = 0;

	put(store, "a", "1");
	put(store, "b", "2");
	must(store_auth_each(store, STORE_USERS, stop, &rows, &err), &err);
	assert_int_equal(rows, 1);
}

/* ---- keys ---- */

#define KEYS_MAX 1000

/* Counts the keys "0000" to "0999"; ends the test at any other. Returns how many there are. */
static unsigned count_keys(struct str keys, unsigned seen[KEYS_MAX])
{
	unsigned count = 0;

	for (; keys.len > 0; count++) {
		uint64_t number;

		assert_true(str_to_u64(str_split_next(&keys, '\0'), &number));
		assert_true(number < KEYS_MAX);
		seen[number]++;
	}
	return count;
}

static void fill_keys(struct store *store)
{
	char key[8], value[101];

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (unsigned i = 0; i < KEYS_MAX; i++) {
		snprintf(key, sizeof(key), "%04u", i);
		put(store, key, value);
	}
}

static void keys_come_once_and_in_parts(void **state)
{
	static unsigned seen[KEYS_MAX];
	struct store_auth_place place = { 0 };
	struct buf keys = BUF_INIT;
	struct err err = { 0 };

	memset(seen, 0, sizeof(seen));
	fill_keys(*state);
	while (!place.end) {
		buf_reset(&keys);
		must(store_auth_keys(*state, STORE_USERS, &place, 100, &keys, &err), &err);
		assert_in_range(count_keys(buf_str(&keys), seen), 0, KEYS_MAX / 2);
	}
	buf_free(&keys);
	for (unsigned i = 0; i < KEYS_MAX; i++)
		assert_int_equal(seen[i], 1);
}

/* ---- update ---- */

struct expected {
	const char *old; /* NULL: no record */
	const char *value;
};

/* Refuses unless the old value is the expected one. */
static bool replace_expected(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct expected *expected = data;

	buf_puts(value, expected->value);
	if ((old.ptr != NULL) == (expected->old != NULL) && str_eq(old, str_cstr(expected->old)))
		return true;
	return err_set(err, ERR_CONFLICT, NULL, NULL);
}

/* Changes the records a and b in one transaction. */
static bool update_both(struct store *store, struct expected a, struct expected b, struct err *err)
{
	const struct store_auth_edit edits[] = {
		{ STORE_USERS, STR("a"), replace_expected, &a },
		{ STORE_USERS, STR("b"), replace_expected, &b },
	};

	return store_auth_update(store, edits, 2, err);
}

static void edits_create_change_and_remove(void **state)
{
	struct store *store = *state;
	struct err err = { 0 };

	must(update_both(
		     store, (struct expected){ NULL, "1" }, (struct expected){ NULL, "2" }, &err),
		&err);
	assert_true(store_is_flushed(store));
	expect_record(store, "a", "1");
	expect_record(store, "b", "2");
	must(update_both(store, (struct expected){ "1", "3" }, (struct expected){ "2", "" }, &err),
		&err);
	expect_record(store, "a", "3");
	expect_record(store, "b", NULL);
	must(update_both(store, (struct expected){ "3", "" }, (struct expected){ NULL, "" }, &err),
		&err);
	expect_record(store, "a", NULL);
	assert_int_equal(store->depth, 0);
}

static void refused_edit_undoes_all(void **state)
{
	struct store *store = *state;
	struct err err = { 0 };

	put(store, "a", "1");
	put(store, "b", "2");
	assert_fails(update_both(store, (struct expected){ "1", "3" },
			     (struct expected){ NULL, "4" }, &err),
		&err, ERR_CONFLICT);
	expect_record(store, "a", "1");
	expect_record(store, "b", "2");
}

/* ---- nearly full disk ---- */

static bool set_two(struct str old, struct buf *value, void *data, struct err *err)
{
	(void)old, (void)data, (void)err;
	buf_puts(value, "2");
	return true;
}

static bool remove_it(struct str old, struct buf *value, void *data, struct err *err)
{
	(void)old, (void)value, (void)data, (void)err;
	return true;
}

/* Existing records can be changed, replaced by another and removed. */
static void full_disk_allows_only_changes(void **state)
{
	struct store *store = *state;
	const struct store_auth_edit edits[] = {
		{ STORE_USERS, STR("a"), set_two, NULL },
		{ STORE_USERS, STR("b"), set_two, NULL },
		{ STORE_USERS, STR("a"), remove_it, NULL },
	};
	struct err err = { 0 };

	put(store, "a", "1");
	atomic_store(&store->shared->read_only, true);
	assert_fails(store_auth_update(store, edits + 1, 1, &err), &err, ERR_DISK_FULL);
	must(store_auth_update(store, edits, 1, &err), &err);
	expect_record(store, "a", "2");
	expect_record(store, "b", NULL);
	must(store_auth_update(store, edits, 2, &err), &err);
	expect_record(store, "b", "2");
	must(store_auth_update(store, edits + 2, 1, &err), &err);
	expect_record(store, "a", NULL);
	atomic_store(&store->shared->read_only, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(get_appends_the_value),
		ON_EVERY_ENGINE(tables_are_separate),
		ON_EVERY_ENGINE(each_has_every_record_of_one_table),
		ON_EVERY_ENGINE(each_ends_when_the_callback_says_so),
		FIXTURE_TEST(
			keys_come_once_and_in_parts, "Berkeley DB in files", fixture_setup_folder),
		ON_EVERY_ENGINE(edits_create_change_and_remove),
		ON_EVERY_ENGINE(refused_edit_undoes_all),
		ON_EVERY_ENGINE(full_disk_allows_only_changes),
	};

	return CHECK_RUN(tests);
}
