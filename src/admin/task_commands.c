#include "admin/task_commands.h"

#include <inttypes.h>
#include <stdlib.h>

#include "admin/sample.h"
#include "admin/task_batch.h"
#include "admin/task_json.h"
#include "admin/tenant_list.h"
#include "auth/principal.h"
#include "dialect/check.h"
#include "store/store.h"

#define SAMPLES_MAX 100000000

/* ---- load-sample ---- */

static bool parse_tenant(const struct admin_call *call, struct str *tenant, struct err *err)
{
	const char *text = call->options[ADMIN_TENANT];

	*tenant = text ? str_cstr(text) : STR("default");
	return auth_is_tenant(*tenant) ||
	       err_set(err, ERR_INVALID, "tenant", "'%s' is not a valid tenant name", text);
}

static bool put_samples(
	struct admin *admin, struct task_batch *batch, const struct sample *sample, struct err *err)
{
	for (uint64_t i = 0; i < sample->count; i++) {
		struct task *task = task_batch_next(batch, err);

		if (!task)
			return false;
		if (!sample_task(sample, i, &batch->arena, task))
			return err_no_memory(err);
		if (!task_batch_add(batch, err))
			return false;
		admin_progress(admin, i, sample->count, "tasks");
	}
	return task_batch_put(batch, true, err);
}

bool admin_load_sample(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *dialect = call->options[ADMIN_DIALECT];
	struct tenant_list tenants = { 0 };
	struct sample sample;
	struct task_batch batch;
	struct str tenant;
	uint64_t count;
	bool ok;

	if (!str_to_u64(str_cstr(call->operand), &count) || count == 0 || count > SAMPLES_MAX)
		return err_set(err, ERR_INVALID, "N", "N must be a number from 1 to %d, not '%s'",
			SAMPLES_MAX, call->operand);
	if (!parse_tenant(call, &tenant, err) ||
		!sample_open(
			&sample, str_cstr(dialect ? dialect : "virtshell"), tenant, count, err) ||
		!task_batch_open(&batch, admin->store, err))
		return false;
	sample.store = admin->store;
	batch.keep = true;
	ok = tenant_list_read(&tenants, admin->store, err) &&
	     put_samples(admin, &batch, &sample, err);
	if (ok)
		tenant_list_note(&tenants, tenant, admin);
	tenant_list_free(&tenants);
	if (ok)
		admin_print(admin, "%" PRIu64 " task%s loaded", batch.total.tasks,
			str_plural(batch.total.tasks));
	task_batch_close(&batch);
	return ok;
}

/* ---- show ---- */

struct task_writer {
	struct admin *admin;
	struct buf line;
};

static bool write_task(const struct task *task, void *data)
{
	struct task_writer *task_writer = data;

	buf_reset(&task_writer->line);
	task_json_write(task, &task_writer->line);
	return buf_ok(&task_writer->line) &&
	       admin_print_line(task_writer->admin, buf_str(&task_writer->line));
}

bool admin_show(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct op op = { .kind = OP_READ };
	struct task_writer task_writer = { .admin = admin };
	struct result result = { 0 };
	bool ok = false;

	if (!parse_tenant(call, &op.tenant, err))
		return false;
	if (!id_parse(&op.id, str_cstr(call->operand)))
		return err_set(err, ERR_INVALID, "ID", "'%s' is not a UUID", call->operand);
	if (store_apply(admin->store, &op, &result, err) && store_flush(admin->store, err))
		ok = write_task(&result.task, &task_writer) || err_no_memory(err);
	else if (err->code == ERR_NOT_FOUND)
		err_set(err, ERR_NOT_FOUND, "ID",
			"the tenant %.*s has no task %s (--tenant names another)",
			STR_ARGS(op.tenant), call->operand);
	store_result_free(&result);
	buf_free(&task_writer.line);
	return ok;
}

/* ---- the store as a whole ---- */

/* Only if there are damaged pages. */
static void print_damage(struct admin *admin, const struct store_report *report)
{
	for (size_t i = 0; i < report->damaged; i++) {
		const struct store_damage *damage = &report->damages[i];

		admin_print(admin, "damaged:    page %" PRIu32 " of %s.db%s%s", damage->page,
			damage->table, *damage->task ? ", has " : "", damage->task);
	}
	if (report->left_out > 0)
		admin_print(admin, "lost:       %" PRIu64 "%s", report->lost_tasks,
			report->all_lost_known ? "" : " or more");
}

/* More than this are only counted. */
#define TASKS_NAMED_MAX 100

struct found {
	struct admin *admin;
	unsigned count;
};

static void print_found(const struct task *task, const char *why, void *data)
{
	struct found *found = data;
	char id[ID_TEXT_LEN + 1];

	if (found->count++ >= TASKS_NAMED_MAX)
		return;
	id_format(&task->id, id);
	admin_print(
		found->admin, "task:       %s of tenant %.*s: %s", id, STR_ARGS(task->tenant), why);
}

static bool check_report(const struct store_report *report, struct err *err)
{
	if (report->missing_entries || report->stray_entries || report->unreadable_records)
		return err_set(err, ERR_DAMAGED, NULL, "the index does not match the tasks");
	if (report->unreachable || report->doubled)
		return err_set(err, ERR_DAMAGED, NULL,
			"tasks cannot be reached by their clients, or share a number");
	return !report->wrong_counts ||
	       err_set(err, ERR_DAMAGED, NULL,
		       "the usage of a tenant is wrong (polytaskctl quota recount)");
}

static bool fail_damaged(const struct store_report *report, struct err *err)
{
	const char *index = report->index_compared ? "" : "; the index was not compared";
	const char *usage = report->usage_compared ? "" : "; the usage was not compared";

	return err_set(err, ERR_DAMAGED, NULL, "pages are damaged: %zu%s%s", report->damaged, index,
		usage);
}

/* Of the task that is verified next: the check of the store gets no data, and is called by one. */
static struct {
	struct admin *admin;
	uint64_t tasks;
} verified;

static bool check_address(const struct task *task, struct err *why)
{
	admin_progress(verified.admin, ++verified.tasks, 0, "tasks");
	return dialect_check_address(task, why);
}

bool admin_verify(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct found found = { .admin = admin };
	const struct store_verify_sink sink = { check_address, print_found, &found };
	struct store_report report;

	(void)call;
	verified.admin = admin;
	verified.tasks = 0;
	if (!store_verify(admin->store, &sink, &report, err))
		return false;
	print_damage(admin, &report);
	admin_print(admin, "tasks:      %" PRIu64, report.tasks);
	admin_print(admin, "entries:    %" PRIu64, report.index_entries);
	admin_print(admin, "missing:    %" PRIu64, report.missing_entries);
	admin_print(admin, "stray:      %" PRIu64, report.stray_entries);
	admin_print(admin, "unreadable: %" PRIu64, report.unreadable_records);
	admin_print(admin, "unreached:  %" PRIu64, report.unreachable);
	admin_print(admin, "doubled:    %" PRIu64, report.doubled);
	admin_print(admin, "miscounted: %" PRIu64, report.wrong_counts);
	return report.damaged > 0 ? fail_damaged(&report, err) : check_report(&report, err);
}

bool admin_migrate(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const struct store_progress progress = { admin_progress_of_tasks, admin };
	uint64_t tasks;

	(void)call;
	if (!store_migrate(admin->store, &progress, &tasks, err))
		return false;
	if (tasks == 0)
		admin_print(admin, "nothing to migrate");
	else
		admin_print(admin, "%" PRIu64 " task%s migrated", tasks, str_plural(tasks));
	return true;
}

static void show_percent(unsigned percent, void *data)
{
	struct admin *admin = data;

	if (admin->progress) {
		admin->progress(percent, 100, "percent");
		return;
	}
	admin_print(admin, "%u %%", percent);
	fflush(admin->out);
}

/* In a running service the index is rebuilt after the call. */
bool admin_reindex(struct admin *admin, const struct admin_call *call, struct err *err)
{
	(void)call;
	if (!store_reindex(admin->store, show_percent, admin, err))
		return false;
	return !store_index_is_complete(admin->store) ||
	       admin_print(admin, "the index is complete") ||
	       err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
}

bool admin_checkpoint(struct admin *admin, const struct admin_call *call, struct err *err)
{
	unsigned removed = 0;

	(void)call;
	if (!store_checkpoint(admin->store, true, &removed, err))
		return false;
	admin_print(admin, "checkpoint written, %u log%s removed", removed, str_plural(removed));
	return true;
}
