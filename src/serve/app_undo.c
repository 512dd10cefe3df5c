/* Claims whose response is not delivered (app_undo). */
#include "base/clock.h"
#include "base/log.h"
#include "dialect/service_report.h"
#include "serve/app.h"

static bool undo_claim(
	struct app *app, struct exchange *exchange, const struct task *task, struct err *err)
{
	struct op op = {
		.arena = &exchange->arena,
		.tenant = exchange->request.principal.tenant,
		.now = clock_wall_ms(),
		.tz = app->tz,
		.id = task->id,
	};
	struct result result = { 0 };
	bool ok;

	service_report(&op, REPORT_UNDO, task->lease.token);
	ok = store_apply(app->store, &op, &result, err);
	store_result_free(&result);
	return ok || err->code == ERR_LEASE_LOST || err->code == ERR_NOT_FOUND;
}

/* If it fails, the first lease, which is short, ends by itself. */
void app_undo(struct app *app, struct exchange *exchange)
{
	const struct result *result = &exchange->result;
	bool ok = true;
	struct err err;

	for (size_t i = 0; ok && exchange->undo && i < result->claimed_count; i++) {
		ok = undo_claim(app, exchange, &result->claimed[i].task, &err);
		app->undone += ok;
	}
	exchange->undo = false;
	if (ok)
		return;
	app->lost = err.code == ERR_PANIC;
	log_warn("undo", "cannot undo a claim: %s", err_text(&err));
}
