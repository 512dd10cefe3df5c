#include "admin/worker_commands.h"

#include <inttypes.h>

#include "admin/list.h"
#include "admin/tenant_list.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "dialect/dialect.h"
#include "store/store.h"

static struct str tenant_of(const struct admin_call *call)
{
	const char *given = call->options[ADMIN_TENANT];

	return given ? str_cstr(given) : STR("default");
}

/* ---- drain ---- */

static bool set_drain(struct admin *admin, const struct admin_call *call, bool on, struct err *err)
{
	const struct op_drain drain = { str_cstr(call->operand), on };
	struct op op = {
		.kind = OP_DRAIN, .tenant = tenant_of(call), .now = clock_wall_ms(), .drain = &drain
	};
	struct result result = { 0 };
	bool ok, still;

	if (drain.worker.len == 0 || drain.worker.len > TASK_WORKER_MAX)
		return err_set(err, ERR_INVALID, "NAME", "the name of a worker has 1 to %d bytes",
			TASK_WORKER_MAX);
	if (!tenant_is_known(admin->store, op.tenant, err))
		return false;
	ok = store_apply(admin->store, &op, &result, err) && store_flush(admin->store, err);
	still = ok && !on && result.drain;
	store_result_free(&result);
	if (still)
		admin_print_error(admin,
			"note: all workers of the tenant are drained (worker undrain '*' ends it)");
	return ok;
}

bool admin_worker_drain(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return set_drain(admin, call, true, err);
}

bool admin_worker_undrain(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return set_drain(admin, call, false, err);
}

/* ---- list ---- */

#define NAME_SIZE   (TASK_WORKER_MAX + 1)
#define NUMBER_SIZE 24

/* "native/encode 2, native/ 1" */
static void put_holds(
	const struct workers_answer *answer, const struct worker_row *row, struct buf *out)
{
	for (size_t i = 0; i < row->hold_count; i++) {
		const struct worker_hold *hold = &answer->holds[row->hold + i];

		buf_printf(out, "%s%s/%.*s %" PRIu64, i > 0 ? ", " : "",
			dialect_code_name(hold->dialect), STR_ARGS(worker_hold_kind(hold)),
			hold->tasks);
	}
	buf_putc(out, '\0');
}

static bool print_worker(
	struct admin_list *list, const struct workers_answer *answer, const struct worker_row *row)
{
	char name[NAME_SIZE], tasks[NUMBER_SIZE], seen[ADMIN_DATE_SIZE];
	int64_t last = optional_time_is_set(row->last_seen) ? optional_time_ms(row->last_seen) : 0;
	struct buf holds = BUF_INIT;
	struct admin_cell cells[] = {
		{ name, NULL },
		{ tasks, NULL },
		{ admin_list_date(last, seen), "-" },
		{ row->drain		    ? "name"
			: answer->drain_all ? "all"
					    : NULL,
			"-" },
		{ NULL, "-" },
	};
	bool ok;

	snprintf(name, sizeof(name), "%.*s", STR_ARGS(worker_name(row)));
	snprintf(tasks, sizeof(tasks), "%" PRIu64, row->tasks);
	put_holds(answer, row, &holds);
	if (row->hold_count > 0 && buf_ok(&holds))
		cells[4].value = holds.data;
	ok = (buf_ok(&holds) || err_no_memory(list->err)) &&
	     admin_list_row(list, cells, sizeof(cells) / sizeof(cells[0]));
	buf_free(&holds);
	return ok;
}

/* Prints a page; *after, in the arena, is where the next one begins. */
static bool print_page(struct admin_list *list, const struct op *op, struct arena *arena,
	struct str *after, bool *all)
{
	struct result result = { 0 };
	bool ok = store_apply(list->admin->store, op, &result, list->err);

	for (size_t i = 0; ok && i < result.workers->count; i++)
		ok = print_worker(list, result.workers, &result.workers->rows[i]);
	if (ok) {
		*all = result.workers->drain_all;
		*after = arena_copy(arena, buf_str(&result.workers->next));
		ok = after->ptr || err_no_memory(list->err);
	}
	store_result_free(&result);
	return ok;
}

bool admin_worker_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct op_workers query = { .limit = WORKERS_ROWS_MAX };
	struct op op = { .kind = OP_WORKERS,
		.tenant = tenant_of(call),
		.now = clock_wall_ms(),
		.workers = &query };
	struct arena arena = { 0 };
	struct admin_list list;
	bool ok = tenant_is_known(admin->store, op.tenant, err), all = false;

	if (!ok)
		return false;
	admin_list_begin(&list, admin, call, err);
	do {
		ok = print_page(&list, &op, &arena, &query.after, &all);
	} while (ok && query.after.len > 0);
	ok = admin_list_end(&list, ok);
	arena_free(&arena);
	if (ok && all)
		admin_print_error(admin, "note: all workers of the tenant are drained");
	return ok;
}
