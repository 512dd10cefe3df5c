#include "admin/task_commands.h"

#include <inttypes.h>
#include <stdlib.h>

#include "admin/sample.h"
#include "admin/task_json.h"
#include "auth/principal.h"
#include "store/store.h"

#define BATCH_SIZE	  500
#define BATCHES_PER_FLUSH 20
#define SAMPLES_MAX	  100000000
#define LINE_MAX_BYTES	  ((size_t)8 * 1024 * 1024)

/* Tasks collected for one transaction. */
struct batch {
	struct store *store;
	struct task *tasks;
	struct arena arena; /* the texts of the tasks */
	size_t count;
	size_t since_flush; /* batches written since the last flush */
	uint64_t total;	    /* tasks written */
};

static bool batch_open(struct batch *batch, struct store *store, struct err *err)
{
	*batch = (struct batch){ .store = store };
	batch->tasks = calloc(BATCH_SIZE, sizeof(*batch->tasks));
	return batch->tasks || err_no_memory(err);
}

static void batch_close(struct batch *batch)
{
	arena_free(&batch->arena);
	free(batch->tasks);
}

/* Writes the collected tasks. Flushes if asked to, and after every BATCHES_PER_FLUSH batches. */
static bool batch_put(struct batch *batch, bool flush, struct err *err)
{
	if (batch->count > 0 && !store_put_tasks(batch->store, batch->tasks, batch->count, err))
		return false;
	batch->total += batch->count;
	batch->count = 0;
	arena_reset(&batch->arena);
	if (!flush && ++batch->since_flush < BATCHES_PER_FLUSH)
		return true;
	batch->since_flush = 0;
	return store_flush(batch->store, err);
}

/* The next free slot. Writes a full batch to the store first. */
static struct task *batch_next(struct batch *batch, struct err *err)
{
	if (batch->count == BATCH_SIZE && !batch_put(batch, false, err))
		return NULL;
	return &batch->tasks[batch->count];
}

/* ---- load-sample ---- */

static bool parse_tenant(const struct admin_call *call, struct str *tenant, struct err *err)
{
	const char *text = call->options[ADMIN_TENANT];

	*tenant = text ? str_cstr(text) : STR("default");
	return auth_is_tenant(*tenant) ||
	       err_set(err, ERR_INVALID, "tenant", "'%s' is not a valid tenant name", text);
}

static bool put_samples(struct batch *batch, const struct sample *sample, struct err *err)
{
	for (uint64_t i = 0; i < sample->count; i++) {
		struct task *task = batch_next(batch, err);

		if (!task)
			return false;
		if (!sample_task(sample, i, &batch->arena, task))
			return err_no_memory(err);
		batch->count++;
	}
	return batch_put(batch, true, err);
}

bool admin_load_sample(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *dialect = call->options[ADMIN_DIALECT];
	struct sample sample;
	struct batch batch;
	struct str tenant;
	uint64_t count;
	bool ok;

	if (!str_to_u64(str_cstr(call->operand), &count) || count == 0 || count > SAMPLES_MAX)
		return err_set(err, ERR_INVALID, "N", "N must be a number from 1 to %d, not '%s'",
			SAMPLES_MAX, call->operand);
	if (!parse_tenant(call, &tenant, err) ||
		!sample_open(
			&sample, str_cstr(dialect ? dialect : "virtshell"), tenant, count, err) ||
		!batch_open(&batch, admin->store, err))
		return false;
	sample.store = admin->store;
	ok = put_samples(&batch, &sample, err);
	if (ok)
		admin_print(admin, "%" PRIu64 " tasks loaded", batch.total);
	batch_close(&batch);
	return ok;
}

/* ---- import ---- */

static bool add_line_number(struct err *err, uint64_t line)
{
	struct err cause = *err;

	return err_set(
		err, cause.code, cause.field, "line %" PRIu64 ": %s", line, err_text(&cause));
}

static bool import_line(struct batch *batch, struct str line, struct err *err)
{
	struct task *task;

	if (line.len > LINE_MAX_BYTES)
		return err_set(err, ERR_TOO_LARGE, NULL, "the line is longer than %zu bytes",
			LINE_MAX_BYTES);
	task = batch_next(batch, err);
	if (!task || !task_json_read(task, &batch->arena, line, err))
		return false;
	batch->count++;
	return true;
}

static bool import_lines(struct admin *admin, struct batch *batch, struct err *err)
{
	char *text = NULL;
	size_t size = 0;
	uint64_t number = 0;
	bool ok = true;
	ssize_t len;

	while (ok && (len = getline(&text, &size, admin->in)) > 0) {
		struct str line = { text, (size_t)len };

		number++;
		if (line.ptr[line.len - 1] == '\n')
			line.len--;
		if (str_trim(line).len > 0)
			ok = import_line(batch, line, err) || add_line_number(err, number);
	}
	if (ok && ferror(admin->in))
		ok = err_set(err, ERR_MALFORMED, NULL, "reading the input failed at line %" PRIu64,
			number);
	free(text);
	return ok;
}

/* Keeps the lines before a bad one; the output says how many. */
bool admin_import(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct err late = { 0 };
	struct batch batch;
	bool ok;

	(void)call;
	if (!batch_open(&batch, admin->store, err))
		return false;
	ok = import_lines(admin, &batch, err);
	if (!ok && err->code != ERR_PANIC)
		batch_put(&batch, true, &late);
	else if (ok)
		ok = batch_put(&batch, true, err);
	admin_print(admin, "%" PRIu64 " tasks imported", batch.total);
	batch_close(&batch);
	return ok;
}

/* ---- export, show ---- */

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

bool admin_export(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct task_writer task_writer = { .admin = admin };
	bool ok;

	(void)call;
	ok = store_each_task(admin->store, write_task, &task_writer, err);
	if (ok && (!buf_ok(&task_writer.line) || ferror(admin->out)))
		ok = err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
	buf_free(&task_writer.line);
	return ok;
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
	store_result_free(&result);
	buf_free(&task_writer.line);
	return ok;
}

/* ---- the store as a whole ---- */

bool admin_verify(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct store_report report;

	(void)call;
	if (!store_verify(admin->store, &report, err))
		return false;
	admin_print(admin, "tasks:      %" PRIu64, report.tasks);
	admin_print(admin, "entries:    %" PRIu64, report.index_entries);
	admin_print(admin, "missing:    %" PRIu64, report.missing_entries);
	admin_print(admin, "stray:      %" PRIu64, report.stray_entries);
	admin_print(admin, "unreadable: %" PRIu64, report.unreadable_records);
	admin_print(admin, "miscounted: %" PRIu64, report.wrong_counts);
	if (report.missing_entries || report.stray_entries || report.unreadable_records)
		return err_set(err, ERR_CONFLICT, NULL, "the index does not match the tasks");
	if (report.wrong_counts)
		return err_set(err, ERR_CONFLICT, NULL,
			"the usage of a tenant is wrong (polytaskctl quota recount)");
	return true;
}

bool admin_migrate(struct admin *admin, const struct admin_call *call, struct err *err)
{
	uint64_t tasks;

	(void)call;
	if (!store_migrate(admin->store, &tasks, err))
		return false;
	if (tasks == 0)
		admin_print(admin, "nothing to migrate");
	else
		admin_print(admin, "%" PRIu64 " tasks migrated", tasks);
	return true;
}

bool admin_checkpoint(struct admin *admin, const struct admin_call *call, struct err *err)
{
	unsigned removed = 0;

	(void)call;
	if (!store_checkpoint(admin->store, true, &removed, err))
		return false;
	admin_print(admin, "checkpoint written, %u logs removed", removed);
	return true;
}
