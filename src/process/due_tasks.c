#include "process/due_tasks.h"

#include "base/clock.h"
#include "base/log.h"
#include "dialect/service_report.h"

/* A task that cannot be changed must not stop the others: the next pass tries it again. */
static bool change(struct due_tasks *due, struct store *store, int64_t now, struct str tenant,
	const struct id *id, struct err *err)
{
	struct op op = { .arena = &due->arena, .tenant = tenant, .now = now, .id = *id };
	struct result result = { 0 };
	char text[ID_TEXT_LEN + 1];

	service_report(&op, REPORT_DUE, 0);
	if (store_apply(store, &op, &result, err)) {
		store_result_free(&result);
		return true;
	}
	if (err->code == ERR_PANIC || err->code == ERR_DISK_FULL || err->code == ERR_BUSY)
		return false;
	id_format(id, text);
	if (err->code != ERR_NOT_FOUND)
		log_warn("due", "task %s: %s", text, err_text(err));
	return true;
}

/* Changes the next task of one kind. */
static bool change_next(
	struct due_tasks *due, struct store *store, bool leases, bool *found, struct err *err)
{
	struct buf *place = leases ? &due->leases : &due->delays;
	int64_t now = clock_wall_ms();
	struct str tenant;
	struct id id;
	bool ok = store_next_due(store, now, leases, place, &tenant, &id, found, err) &&
		  (!*found || change(due, store, now, tenant, &id, err));

	arena_reset(&due->arena);
	if (!*found)
		buf_reset(place);
	return ok;
}

bool due_tasks_run(struct due_tasks *due, struct store *store, bool *more, struct err *err)
{
	int64_t until = clock_mono_us() + STORE_SLICE_MS * 1000LL;
	bool found = true, ok = true;

	while (ok && found && clock_mono_us() < until) {
		found = false;
		ok = change_next(due, store, true, &found, err) &&
		     (found || change_next(due, store, false, &found, err));
	}
	*more = ok && found;
	return ok;
}

void due_tasks_free(struct due_tasks *due)
{
	arena_free(&due->arena);
	buf_free(&due->leases);
	buf_free(&due->delays);
}
