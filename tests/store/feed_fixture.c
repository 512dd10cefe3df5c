#include "feed_fixture.h"

#include <stdio.h>

struct op feed_op(const struct op_feed *query)
{
	struct op op = fixture_op(OP_FEED, 0);

	op.dialect = 0;
	op.feed = query;
	return op;
}

struct result feed_read(struct store *store, const char *tenant, const struct op_feed *query)
{
	struct op op = feed_op(query);
	struct result result = { 0 };
	struct err err = { 0 };

	op.tenant = str_cstr(tenant);
	must(store_apply(store, &op, &result, &err), &err);
	assert_non_null(result.feed);
	assert_false(result.written);
	return result;
}

struct feed_place feed_now(struct store *store)
{
	const struct op_feed query = { .start = FEED_FROM_NOW, .limit = 1 };
	struct result result = feed_read(store, "acme", &query);
	struct feed_place place = result.feed->next;

	assert_int_equal(result.feed->count, 0);
	assert_false(result.feed->more);
	store_result_free(&result);
	return place;
}

static unsigned number_of(const struct id *id)
{
	return (unsigned)id->bytes[12] << 24 | (unsigned)id->bytes[13] << 16 |
	       (unsigned)id->bytes[14] << 8 | id->bytes[15];
}

static void expect(
	struct store *store, const char *tenant, struct op_feed *query, const char *events)
{
	char text[4000] = "";
	size_t used = 0;
	bool more = true;

	while (more) {
		struct result result = feed_read(store, tenant, query);
		uint64_t last = query->after.number;

		for (size_t i = 0; i < result.feed->count; i++) {
			const struct journal_entry *entry = &result.feed->events[i].entry;

			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u:%s",
				used ? " " : "", number_of(&entry->id),
				journal_event_name(entry->event));
			assert_true(used < sizeof(text));
			assert_true(entry->number > last);
			last = entry->number;
		}
		assert_true(result.feed->next.number >= last);
		more = result.feed->more;
		query->start = FEED_FROM_PLACE;
		query->after = result.feed->next;
		store_result_free(&result);
	}
	assert_string_equal(text, events);
}

void feed_expect(struct store *store, struct feed_place *place, const char *events)
{
	struct op_feed query = { .start = FEED_FROM_PLACE, .after = *place, .limit = 3 };

	expect(store, "acme", &query, events);
	*place = query.after;
}

void feed_expect_all(struct store *store, const char *tenant, const char *events)
{
	struct op_feed query = { .start = FEED_FROM_FIRST, .limit = FEED_PAGE_MAX };

	expect(store, tenant, &query, events);
}

enum err_code feed_error(struct store *store, struct feed_place place)
{
	const struct op_feed query = { .start = FEED_FROM_PLACE, .after = place, .limit = 10 };
	struct op op = feed_op(&query);

	return fixture_error(store, &op);
}

void feed_expect_gone(struct store *store, struct feed_place place, const char *reason)
{
	const struct op_feed query = { .start = FEED_FROM_PLACE, .after = place, .limit = 10 };
	struct op op = feed_op(&query);
	struct arena arena = { 0 };
	struct result result = { 0 };
	struct feed_place oldest;
	struct err err = { 0 };

	op.arena = &arena;
	assert_false(store_apply(store, &op, &result, &err));
	assert_int_equal(err.code, ERR_GONE);
	assert_string_equal(err.text, reason);
	assert_true(feed_place_parse(&oldest, err.detail));
	assert_int_equal(feed_error(store, oldest), ERR_NONE);
	store_result_free(&result);
	arena_free(&arena);
}
