#include "store/index/lost.h"
#include "store/index/state.h"
#include "store/tasks/walk.h"
#include "store/usage/usage.h"

struct check {
	const struct store_verify_sink *sink; /* NULL: tasks are not checked for their address */
	struct store_report *report;
	struct usage_list usage;
	struct walk walk;
	struct index_comparison compared;
	/* The task that is checked. */
	const struct index_key *key;
	struct str record;
	struct index_comparison task;
	struct id holder; /* of the task's number */
	bool doubled;
};

static int step_check(struct store *store, void *data, struct err *err)
{
	struct check *check = data;
	struct task task;
	int rc;

	(void)err;
	check->task = (struct index_comparison){ 0 };
	check->doubled = false;
	rc = compare_record(store, check->key, check->record, &check->task);
	if (rc == 0 && check->sink && record_decode(&task, check->record) && task.number > 0)
		rc = number_holder(store, &task, &check->holder, &check->doubled);
	return rc;
}

static void report_found(const struct check *check, const struct task *task, const char *why)
{
	if (check->sink->found)
		check->sink->found(task, why, check->sink->data);
}

static void report_doubled(struct check *check, const struct task *task)
{
	char id[ID_TEXT_LEN + 1], why[128];

	id_format(&check->holder, id);
	snprintf(why, sizeof(why), "task %s has the number %llu too", id,
		(unsigned long long)task->number);
	check->report->doubled++;
	report_found(check, task, why);
}

/* Does not read the index: also correct while it is rebuilt. */
static bool check_address(struct check *check, struct err *err)
{
	struct err why = { 0 };
	struct task task;

	if (!record_decode(&task, check->record))
		return true;
	if (check->doubled)
		report_doubled(check, &task);
	if (!check->sink->check || check->sink->check(&task, &why))
		return true;
	if (why.code == ERR_NO_MEMORY)
		return err_no_memory(err);
	check->report->unreachable++;
	report_found(check, &task, err_text(&why));
	return true;
}

static bool check_task(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err)
{
	struct check *check = data;

	if (!usage_add_walked(&check->usage, key, record, err))
		return false;
	check->key = key;
	check->record = record;
	check->doubled = false;
	if (!check->report->index_compared)
		check->task = (struct index_comparison){ .tasks = 1 };
	else if (!step_call(store, ENGINE_READ, step_check, check, err))
		return false;
	index_comparison_add(&check->compared, &check->task);
	return !check->sink || check_address(check, err);
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
	report->damaged = damage_count(&store->shared->damages);
	report->usage_compared = !damage_has(&store->shared->damages, TABLE_USAGE);
	report->index_compared = !damage_has(&store->shared->damages, TABLE_INDEX) &&
				 index_may_read(store, err);
	return report->index_compared || report->damaged > 0;
}

static bool count_lost(struct str key, const char *why, void *data)
{
	struct store_report *report = data;

	(void)key, (void)why;
	report->lost_tasks++;
	return true;
}

/* The usage, and the number of entries, are known only if all tasks were read. */
static bool compare_sums(struct store *store, struct check *check, struct err *err)
{
	struct store_report *report = check->report;
	uint64_t changed;

	report->left_out = check->walk.damaged + check->walk.unread;
	report->usage_compared &= report->left_out == 0;
	if (report->usage_compared &&
		!usage_compare(store, &check->usage, false, &report->wrong_counts, &changed, err))
		return false;
	if (!report->index_compared)
		return true;
	if (!step_call(store, ENGINE_READ, step_count, &report->index_entries, err))
		return false;
	if (report->left_out > 0)
		return lost_tasks(store, count_lost, report, &report->all_lost_known, err);
	if (report->index_entries > check->compared.matched)
		report->stray_entries = report->index_entries - check->compared.matched;
	return true;
}

bool store_verify(struct store *store, const struct store_verify_sink *sink,
	struct store_report *report, struct err *err)
{
	struct check check = { .sink = sink, .report = report };
	bool ok;

	*report = (struct store_report){ 0 };
	if (!find_damage(store, report, err))
		return false;
	ok = (!report->usage_compared || usage_read_rows(store, &check.usage, err)) &&
	     walk_open(store, &check.walk, err) &&
	     walk_tasks(store, &check.walk, check_task, &check, err) &&
	     compare_sums(store, &check, err);

	/* The search for lost tasks has named some of each page. */
	report->damaged = store_damages(store->shared, report->damages, DAMAGED_PAGES_MAX);
	walk_close(&check.walk);
	usage_free(&check.usage);
	report->tasks = check.compared.tasks;
	report->unreadable_records = check.compared.unreadable;
	report->missing_entries = check.compared.missing;
	return ok;
}
