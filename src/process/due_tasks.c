#include "process/due_tasks.h"

#include "base/clock.h"
#include "base/log.h"
#include "dialect/service_report.h"

/* Other processes wait for the locks of a transaction that ends many delays. */
#define TOGETHER_US 1000
/* One task that cannot be changed is tried in each pass: the log has it once in this time. */
#define WARNING_MS 60000

static struct op report_due(struct due_tasks *due, int64_t now)
{
	struct op op = { .arena = &due->arena, .now = now, .tz = due->tz };

	service_report(&op, REPORT_DUE, 0);
	return op;
}

/* ---- search ---- */

/* Adds the next lease, or the next delay, to the tasks that will be changed. */
static bool find(struct due_tasks *due, struct store *store, int64_t now, bool leases, bool *found,
	struct err *err)
{
	struct buf *place = leases ? &due->leases : &due->delays;
	struct store_due *task = &due->tasks[due->count];
	struct str tenant;

	if (!store_next_due(store, now, leases, place, &tenant, &task->id, found, err))
		return false;
	if (!*found) {
		buf_reset(place);
		return true;
	}
	task->tenant = arena_copy(&due->arena, tenant);
	if (!task->tenant.ptr)
		return err_no_memory(err);
	due->count++;
	return true;
}

/* ---- changes ---- */

/* A task that cannot be changed must not stop the others: the next pass tries it again. */
static bool change_one(struct due_tasks *due, struct store *store, int64_t now,
	const struct store_due *task, struct err *err)
{
	struct op op = report_due(due, now);
	char text[ID_TEXT_LEN + 1];
	size_t done;

	if (store_change_due(store, &op, task, 1, 0, &done, err))
		return true;
	if (err->code == ERR_PANIC || err->code == ERR_DISK_FULL || err->code == ERR_BUSY)
		return false;
	if (err->code == ERR_NOT_FOUND || now - due->warned < WARNING_MS)
		return true;
	due->warned = now;
	id_format(&task->id, text);
	log_warn("due", "task %s: %s", text, err_text(err));
	return true;
}

/* Together if possible, else one after the other: one of them cannot be changed. */
static bool change_all(struct due_tasks *due, struct store *store, int64_t now, struct err *err)
{
	struct op op = report_due(due, now);
	size_t at = 0, done;

	while (at + 1 < due->count && store_change_due(store, &op, &due->tasks[at], due->count - at,
					      clock_mono_us() + TOGETHER_US, &done, err))
		at += done;
	for (; at < due->count; at++) {
		if (!change_one(due, store, now, &due->tasks[at], err))
			return false;
	}
	return true;
}

/* Changes the next lease; without one, the next delays. *more is true if others may follow. */
static bool change_next(struct due_tasks *due, struct store *store, bool *more, struct err *err)
{
	int64_t now = clock_wall_ms();
	bool ok = find(due, store, now, true, more, err);

	if (ok && !*more) {
		do {
			ok = find(due, store, now, false, more, err);
		} while (ok && *more && due->count < DUE_TASKS_TOGETHER);
	}
	ok = ok && change_all(due, store, now, err);
	due->count = 0;
	arena_reset(&due->arena);
	return ok;
}

bool due_tasks_run(struct due_tasks *due, struct store *store, bool *more, struct err *err)
{
	int64_t until = clock_mono_us() + STORE_SLICE_MS * 1000LL;
	bool left = true, ok = true;

	while (ok && left && clock_mono_us() < until)
		ok = change_next(due, store, &left, err);
	*more = ok && left;
	return ok;
}

void due_tasks_free(struct due_tasks *due)
{
	arena_free(&due->arena);
	buf_free(&due->leases);
	buf_free(&due->delays);
}
