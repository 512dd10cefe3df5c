#include <stdlib.h>

#include "base/log.h"
#include "store/index/state.h"
#include "store/tasks/walk.h"
#include "store/usage/usage.h"

/*
 * The table usage can be made again: its counts from the tasks, its limits from their copies in the
 * meta table. A start does so if the table is missing or damaged, or the home is of an older build.
 * The row "usage" of the meta table tells:
 *
 *     "2"         the table is complete, and so are the rows with limits
 *     otherwise   the table is to be made again; its limits may have no copies (older builds)
 */
#define STATE_KEY      STR("usage")
#define STATE_COMPLETE STR("2")

/* ---- the state ---- */

struct inspection {
	bool complete; /* by its row */
	bool empty, damaged;
	uint64_t limits; /* tenants that have some */
	uint64_t entries;
};

static int count_limits(struct store *store, uint64_t *count, struct err *err)
{
	struct usage_list list = { 0 };
	int rc = usage_step_list_limits(store, &list, err);

	*count = list.count;
	usage_free(&list);
	return rc;
}

static int find_rows(struct store *store, struct inspection *found)
{
	const struct engine_range all = { 0 };
	int rc;

	engine_batch_reset(&store->batch);
	rc = (int)store->engine->ops->scan(
		store->engine, TABLE_USAGE, &all, false, 1, &store->batch);
	found->damaged = rc == ENGINE_DAMAGED;
	found->empty = rc == 0 && store->batch.count == 0;
	return rc == ENGINE_DAMAGED ? 0 : rc;
}

static int step_inspect(struct store *store, void *data, struct err *err)
{
	struct inspection *found = data;
	struct buf state = BUF_INIT;
	int rc = store_get(store, TABLE_META, STATE_KEY, false, &state);

	*found = (struct inspection){ .complete = rc == 0 &&
						  str_eq(buf_str(&state), STATE_COMPLETE) };
	buf_free(&state);
	rc = rc == ENGINE_NOT_FOUND ? 0 : rc;
	if (rc == 0)
		rc = find_rows(store, found);
	if (rc == 0 && found->complete && found->empty)
		rc = count_limits(store, &found->limits, err);
	if (rc == 0 && found->complete && found->empty && store_index_is_complete(store))
		rc = index_count(store, &found->entries);
	return rc;
}

/* The file of a damaged table may have been set aside: it is then empty, though there are tasks. */
static bool is_right(const struct store *store, const struct inspection *found)
{
	return found->complete && !found->damaged &&
	       (!found->empty || (store_index_is_complete(store) && found->entries == 0 &&
					 found->limits == 0));
}

static int step_mark(struct store *store, void *data, struct err *err)
{
	int rc = store_del(store, TABLE_META, STATE_KEY);

	(void)data, (void)err;
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

bool usage_mark_for_remake(struct store *store, struct err *err)
{
	return step_run_write(store, STR(""), step_mark, NULL, err) && store_flush(store, err);
}

/* ---- making it again ---- */

static int step_keep_limits(struct store *store, void *data, struct err *err)
{
	const struct str *tenant = data;
	struct usage_value value;
	bool exists;
	int rc = usage_get(store, *tenant, &value, &exists);

	(void)err;
	return rc == 0 && usage_has_limits(&value) ? usage_put_limits(store, *tenant, &value) : rc;
}

struct reading {
	struct usage_list *list;
	bool failed;
};

static bool note_tenant(struct str tenant, struct str value, void *data)
{
	struct reading *reading = data;

	(void)value;
	reading->failed |= usage_add(reading->list, tenant, 0, 0) != 0;
	return !reading->failed;
}

/* Up to a damaged page. */
static int step_list_tenants(struct store *store, void *data, struct err *err)
{
	struct reading reading = { .list = data };
	int rc;

	(void)err;
	usage_free(reading.list);
	rc = (int)store->engine->ops->each(store->engine, TABLE_USAGE, true, note_tenant, &reading);
	if (rc == 0 && reading.failed)
		return ENGINE_NO_MEMORY;
	return rc == ENGINE_DAMAGED ? 0 : rc;
}

bool usage_keep_limits(struct store *store, struct err *err)
{
	struct usage_list list = { 0 };
	bool ok = step_run(store, ENGINE_READ, step_list_tenants, &list, err);

	for (size_t i = 0; ok && i < list.count; i++) {
		struct str tenant = usage_tenant(&list.rows[i]);

		ok = step_run_write(store, tenant, step_keep_limits, &tenant, err) ||
		     err->code == ERR_DAMAGED;
	}
	usage_free(&list);
	return ok && store_flush(store, err);
}

static bool clear(struct store *store, struct err *err)
{
	enum engine_status status = store->engine->ops->clear(store->engine, TABLE_USAGE);

	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	damage_forget(&store->shared->damages, TABLE_USAGE);
	return true;
}

static int step_write(struct store *store, void *data, struct err *err)
{
	const struct usage_list *list = data;
	int rc = store_put(store, TABLE_META, STATE_KEY, STATE_COMPLETE, ENGINE_REPLACE);

	(void)err;
	for (size_t i = 0; rc == 0 && i < list->count; i++) {
		const struct usage_row *row = &list->rows[i];
		struct usage_value value = { .tasks = (uint64_t)row->tasks,
			.bytes = (uint64_t)row->bytes };

		rc = usage_get_limits(store, usage_tenant(row), &value);
		if (rc == 0)
			rc = usage_put(store, usage_tenant(row), &value, false);
	}
	return rc;
}

static void report(const struct usage_list *list, const struct walk *walk)
{
	if (list->count > 0)
		log_info("usage-counted", "counted the tasks of %zu tenant%s", list->count,
			str_plural(list->count));
	if (walk->damaged + walk->unread > 0)
		log_warn("usage-counted",
			"tasks on damaged pages were not counted (pages: %llu): run polytaskctl "
			"quota recount when these pages are restored",
			(unsigned long long)(walk->damaged + walk->unread));
}

static bool remake(struct store *store, bool empty, struct err *err)
{
	struct usage_list list = { 0 };
	struct walk walk = { 0 };
	bool ok = usage_keep_limits(store, err) && (empty || clear(store, err)) &&
		  step_run(store, ENGINE_READ, usage_step_list_limits, &list, err) &&
		  usage_count_all(store, &list, &walk, NULL, err) &&
		  step_run_write(store, STR(""), step_write, &list, err) && store_flush(store, err);

	if (ok)
		report(&list, &walk);
	walk_close(&walk);
	usage_free(&list);
	return ok;
}

bool usage_init(struct store *store, struct err *err)
{
	struct inspection found;

	if (!step_run(store, ENGINE_READ, step_inspect, &found, err) ||
		(!is_right(store, &found) && !remake(store, found.empty, err)))
		return false;
	atomic_store(&store->shared->remake_usage, false);
	return true;
}
