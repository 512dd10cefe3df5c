#include "journal_fixture.h"

#include <stdio.h>

#include "store/internal.h"

static struct result read_page(
	struct store *store, const char *tenant, unsigned number, uint64_t before, unsigned limit)
{
	struct op op = fixture_op(OP_HISTORY, number);
	struct result result = { 0 };
	struct err err = { 0 };

	op.tenant = str_cstr(tenant);
	op.dialect = 0;
	op.history.before = before;
	op.history.limit = limit;
	must(store_apply(store, &op, &result, &err), &err);
	assert_false(result.written);
	return result;
}

struct result journal_page(struct store *store, unsigned number, uint64_t before, unsigned limit)
{
	return read_page(store, "acme", number, before, limit);
}

struct journal_entry journal_newest(struct store *store, unsigned number)
{
	struct result result = journal_page(store, number, 0, 1);
	struct journal_entry entry;

	assert_int_equal(result.history_count, 1);
	entry = result.history[0];
	store_result_free(&result);
	return entry;
}

void journal_expect_of(
	struct store *store, const char *tenant, unsigned number, const char *events, bool cut)
{
	struct result result = read_page(store, tenant, number, 0, OP_HISTORY_MAX);
	char text[1000] = "";
	size_t used = 0;

	for (size_t i = 0; i < result.history_count; i++) {
		const struct journal_entry *entry = &result.history[i];

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
			journal_event_name(entry->event));
		assert_true(used < sizeof(text));
		assert_memory_equal(&entry->id, &result.task.id, sizeof(entry->id));
		/* a heartbeat without an entry has a revision, too */
		assert_in_range(entry->revision, 1, result.task.revision);
	}
	assert_string_equal(text, events);
	assert_int_equal(result.history_cut, cut);
	assert_int_equal(result.history_next, 0);
	store_result_free(&result);
}

void journal_expect(struct store *store, unsigned number, const char *events, bool cut)
{
	journal_expect_of(store, "acme", number, events, cut);
}

void journal_change(struct store *store, unsigned number, int32_t priority)
{
	struct op op = fixture_op(OP_UPDATE, number);

	op.change.set = CHANGE_PRIORITY;
	op.change.priority = priority;
	claim_apply(store, &op);
}

uint64_t journal_next(struct store *store)
{
	return atomic_load(&store->shared->journal_next);
}

unsigned journal_run_chore(struct store *store, const char *name)
{
	struct store_chore chore;
	struct err err = { 0 };
	unsigned slices = 0;
	size_t number = 0;
	bool more = true;

	while (store_chore(store, number, &chore) && strcmp(chore.name, name) != 0)
		number++;
	for (; more; slices++) {
		more = false;
		must(store_run_chore(store, number, false, &more, &err), &err);
	}
	return slices;
}
