#include "reindex_fixture.h"

#include <stdio.h>

#include "base/clock.h"
#include "store/index/state.h"

struct store_options reindex_options_without_build(const char *name)
{
	struct store_options options = fixture_options(STORE_RECOVER, name);

	options.build_ms = -1;
	return options;
}

void reindex_create_tasks(struct store *store, unsigned first, unsigned count)
{
	struct err err = { 0 };

	for (unsigned i = first; i < first + count; i++)
		fixture_create(store, i, i % 3 ? "new" : "done", i % 2 ? "\"a\"" : NULL);
	must(store_flush(store, &err), &err);
}

void reindex_remove_index(const struct store_options *options)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/data/index.db", options->home);
	assert_int_equal(remove(path), 0);
}

struct store *reindex_open_without_index(const char *name)
{
	struct store_options options = reindex_options_without_build(name);
	struct store *store = fixture_open(&options);

	reindex_create_tasks(store, 1, REINDEX_TASKS);
	store_close(store);
	reindex_remove_index(&options);
	return fixture_open(&options);
}

bool reindex_build_some(struct store *store)
{
	struct err err = { 0 };
	bool more;

	must(rebuild_run(store, clock_mono_us() + REINDEX_SLICE_US, &more, &err), &err);
	assert_int_equal(more, !store_index_is_complete(store));
	return more;
}

void reindex_build_all(struct store *store)
{
	while (reindex_build_some(store))
		;
}

void reindex_expect_refused(struct store *store, const struct op *op)
{
	struct result result = { 0 };
	struct err err = { 0 };

	assert_fails(store_apply(store, op, &result, &err), &err, ERR_REBUILDING);
	assert_non_null(strstr(err.text, "The index is being rebuilt ("));
	assert_in_range(err.retry_after, 1, 60);
}
