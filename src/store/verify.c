#include "store/index/state.h"
#include "store/tasks/walk.h"
#include "store/usage/usage.h"

struct check {
	struct store_report report;
	struct usage_list usage;
	uint64_t matched;
	struct buf value;
	const struct index_key *keys; /* of the task that is checked */
	size_t count;
};

static int step_check(struct store *store, void *data, struct err *err)
{
	struct check *check = data;
	uint64_t missing = 0;

	(void)err;
	for (size_t i = 0; i < check->count; i++) {
		int rc;

		buf_reset(&check->value);
		rc = store_get(store, TABLE_INDEX, key_str(&check->keys[i]), false, &check->value);
		if (rc != 0 && rc != ENGINE_NOT_FOUND)
			return rc;
		missing += rc != 0 || check->value.len > 0;
	}
	check->matched += check->count - missing;
	check->report.missing_entries += missing;
	return 0;
}

static bool is_key_of(const struct index_key *key, const struct task *task)
{
	struct index_key expected;

	index_primary_key(&expected, task->tenant, &task->id);
	return str_eq(key_str(key), key_str(&expected));
}

static bool check_task(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err)
{
	struct index_key keys[INDEX_KEYS_MAX];
	struct check *check = data;
	struct task task;

	check->report.tasks++;
	check->keys = keys;
	check->count = 0;
	if (record_decode(&task, record) && is_key_of(key, &task))
		check->count = index_all_keys(keys, &task, store->indexes);
	else
		check->report.unreadable_records++;
	return usage_add_walked(&check->usage, key, record, err) &&
	       step_call(store, ENGINE_READ, step_check, check, err);
}

static int step_count(struct store *store, void *data, struct err *err)
{
	(void)err;
	return index_count(store, data);
}

static bool find_damage(struct store *store, struct store_report *report, struct err *err)
{
	if (!scrub_all(store, err))
		return false;
	*report = (struct store_report){ 0 };
	report->damaged = store_damages(store->shared, report->damages, DAMAGED_PAGES_MAX);
	return true;
}

bool store_verify(struct store *store, struct store_report *report, struct err *err)
{
	struct check check = { 0 };
	uint64_t entries = 0, changed;
	bool ok;

	if (!find_damage(store, report, err))
		return false;
	if (report->damaged > 0)
		return true;
	ok = index_may_read(store, err) && usage_read_rows(store, &check.usage, err) &&
	     walk_tasks(store, check_task, &check, err) &&
	     step_call(store, ENGINE_READ, step_count, &entries, err) &&
	     usage_compare(store, &check.usage, false, &check.report.wrong_counts, &changed, err);

	buf_free(&check.value);
	usage_free(&check.usage);
	if (!ok)
		return false;
	check.report.index_entries = entries;
	check.report.stray_entries = entries > check.matched ? entries - check.matched : 0;
	*report = check.report;
	return true;
}
