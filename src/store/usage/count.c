#include <stdlib.h>

#include "store/tasks/walk.h"
#include "store/usage/usage.h"

/* ---- all rows ---- */

struct reading {
	struct usage_list *list;
	bool failed;
};

static bool read_row(struct str tenant, struct str bytes, void *data)
{
	struct reading *reading = data;
	struct usage_value value;

	if (!usage_decode(&value, bytes))
		return true;
	if (usage_add(reading->list, tenant, 0, 0) != 0)
		reading->failed = true;
	else
		usage_find(reading->list, tenant)->value = value;
	return !reading->failed;
}

static int step_read_rows(struct store *store, void *data, struct err *err)
{
	struct reading reading = { .list = data };
	int rc;

	(void)err;
	usage_free(reading.list);
	rc = (int)store->engine->ops->each(store->engine, TABLE_USAGE, false, read_row, &reading);
	return rc == 0 && reading.failed ? ENGINE_NO_MEMORY : rc;
}

bool usage_read_rows(struct store *store, struct usage_list *list, struct err *err)
{
	return step_call(store, ENGINE_VIEW, step_read_rows, list, err);
}

static struct store_usage describe(const struct store *store, const struct usage_row *row)
{
	const struct usage_value *value = &row->value;
	bool own_tasks = value->max_tasks != STORE_QUOTA_DEFAULT;
	bool own_bytes = value->max_bytes != STORE_QUOTA_DEFAULT;

	return (struct store_usage){
		.tenant = usage_tenant(row),
		.tasks = value->tasks,
		.bytes = value->bytes,
		.max_tasks = own_tasks ? value->max_tasks : store->tenant_tasks,
		.max_bytes = own_bytes ? value->max_bytes : store->tenant_bytes,
		.own_tasks = own_tasks,
		.own_bytes = own_bytes,
	};
}

struct usage_step {
	struct usage_row row;
	struct str tenant;
};

/* Without a lock: creators of the tenant do not wait. A tenant without a row has no tasks. */
static int step_read_row(struct store *store, void *data, struct err *err)
{
	struct usage_step *step = data;
	struct buf bytes = BUF_INIT;
	int rc = store_get(store, TABLE_USAGE, step->tenant, false, &bytes);

	(void)err;
	if (rc != 0 || !usage_decode(&step->row.value, buf_str(&bytes)))
		step->row.value = (struct usage_value){ .max_tasks = STORE_QUOTA_DEFAULT,
			.max_bytes = STORE_QUOTA_DEFAULT };
	buf_free(&bytes);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

bool usage_read(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct usage_step step = { .tenant = op->tenant };
	struct store_usage usage;

	if (!step_run(store, ENGINE_READ, step_read_row, &step, err))
		return false;
	usage = describe(store, &step.row);
	result->usage = (struct task_usage){ usage.tasks, usage.bytes, usage.max_tasks,
		usage.max_bytes };
	return true;
}

bool store_each_usage(struct store *store,
	bool (*take)(const struct store_usage *usage, void *data), void *data, struct err *err)
{
	struct usage_list list = { 0 };
	bool ok = usage_read_rows(store, &list, err), more = true;

	for (size_t i = 0; ok && more && i < list.count; i++) {
		struct store_usage usage = describe(store, &list.rows[i]);

		more = take(&usage, data);
	}
	usage_free(&list);
	return ok;
}

/* ---- quotas ---- */

struct limits {
	struct str tenant;
	const uint64_t *tasks, *bytes;
};

static int step_set_quota(struct store *store, void *data, struct err *err)
{
	const struct limits *limits = data;
	struct usage_value value;
	bool exists;
	int rc = usage_get(store, limits->tenant, &value, &exists);

	(void)err;
	if (rc != 0)
		return rc;
	if (limits->tasks)
		value.max_tasks = *limits->tasks;
	if (limits->bytes)
		value.max_bytes = *limits->bytes;
	rc = usage_put_limits(store, limits->tenant, &value);
	return rc != 0 ? rc : usage_put(store, limits->tenant, &value, exists);
}

bool store_set_quota(struct store *store, struct str tenant, const uint64_t *max_tasks,
	const uint64_t *max_bytes, struct err *err)
{
	struct limits limits = { tenant, max_tasks, max_bytes };

	return store_may_write(store, err) &&
	       step_call_write(store, limits.tenant, step_set_quota, &limits, err) &&
	       store_flush(store, err);
}

/* ---- counting ---- */

bool usage_add_walked(
	struct usage_list *list, const struct index_key *key, struct str record, struct err *err)
{
	struct str tenant = { (const char *)key->bytes,
		strnlen((const char *)key->bytes, key->len) };

	return usage_add(list, tenant, 1, (int64_t)record.len) == 0 || err_no_memory(err);
}

static bool count_task(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err)
{
	(void)store;
	return usage_add_walked(data, key, record, err);
}

struct comparison {
	const struct usage_row *row;
	bool correct;
	bool wrong, changed;
};

static int step_compare(struct store *store, void *data, struct err *err)
{
	struct comparison *comparison = data;
	const struct usage_row *row = comparison->row;
	struct usage_value value;
	bool exists;
	int rc = usage_get(store, usage_tenant(row), &value, &exists);

	(void)err;
	if (rc != 0)
		return rc;
	comparison->changed = value.changes != row->value.changes;
	comparison->wrong = !comparison->changed && (value.tasks != (uint64_t)row->tasks ||
							    value.bytes != (uint64_t)row->bytes);
	if (!comparison->wrong || !comparison->correct)
		return 0;
	value.tasks = (uint64_t)row->tasks;
	value.bytes = (uint64_t)row->bytes;
	value.changes++;
	return usage_put(store, usage_tenant(row), &value, exists);
}

static bool compare(struct store *store, struct comparison *comparison, struct err *err)
{
	if (!comparison->correct)
		return step_call(store, ENGINE_VIEW, step_compare, comparison, err);
	return step_call_write(store, usage_tenant(comparison->row), step_compare, comparison, err);
}

bool usage_compare(struct store *store, const struct usage_list *list, bool correct,
	uint64_t *wrong, uint64_t *changed, struct err *err)
{
	*wrong = *changed = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct comparison comparison = { &list->rows[i], correct, false, false };

		if (!compare(store, &comparison, err))
			return false;
		*wrong += comparison.wrong;
		*changed += comparison.changed;
	}
	return true;
}

bool usage_count_all(struct store *store, struct usage_list *list, struct walk *walk,
	const struct store_progress *progress, struct err *err)
{
	if (!walk_open(store, walk, err))
		return false;
	walk->progress = progress;
	return walk_tasks(store, walk, count_task, list, err);
}

bool store_recount(struct store *store, const struct store_progress *progress, uint64_t *wrong,
	uint64_t *changed, struct err *err)
{
	struct usage_list list = { 0 };
	struct walk walk = { 0 };
	bool ok = store_may_write(store, err) && usage_read_rows(store, &list, err) &&
		  usage_count_all(store, &list, &walk, progress, err) &&
		  walk_refuse_damaged(&walk, "no count was changed", err) &&
		  usage_compare(store, &list, true, wrong, changed, err) && store_flush(store, err);

	walk_close(&walk);
	usage_free(&list);
	return ok;
}
