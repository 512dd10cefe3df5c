#include <inttypes.h>

#include "admin/dialect_names.h"
#include "admin/document_reader.h"
#include "admin/task_batch.h"
#include "admin/tenant_list.h"
#include "admin/transfer_commands.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "dialect/document.h"
#include "http/json.h"

/* Further refusals are only counted. */
#define REPORTS_MAX 1000

struct import {
	struct admin *admin;
	const struct dialect *dialect;
	struct str tenant, parent;
	int64_t now;
	struct task_batch batch;
	uint64_t items, refused;
	/*
	 * Lines, each with a NUL at its end, printed after the last object: a client of the control
	 * socket takes output before the end of its input for an end of the command.
	 */
	struct buf reports;
};

/* ---- one task ---- */

static bool read_task(struct import *import, struct task *task, json_t *json, struct err *err)
{
	const struct document_item item = { json, import->parent, import->now,
		&import->batch.arena };

	if (!json_is_object(json))
		return err_set(err, ERR_MALFORMED, NULL, "it must be an object");
	*task = (struct task){ .dialect = import->dialect->code, .tenant = import->tenant };
	return import->dialect->document->read(task, &item, err);
}

/* Each task is written by itself, so that a refusal concerns no other. */
static bool put_task(struct import *import, struct str text, struct err *err)
{
	struct task *task = task_batch_next(&import->batch, err);
	json_t *json;
	bool ok;

	if (!task || !json_parse_strict(&json, text, err))
		return false;
	ok = read_task(import, task, json, err) && task_batch_add(&import->batch, err);
	json_decref(json);
	ok = ok && task_batch_put(&import->batch, false, err);
	if (!ok)
		arena_reset(&import->batch.arena);
	return ok;
}

static bool is_refusal(enum err_code code)
{
	switch ((int)code) {
	case ERR_MALFORMED:
	case ERR_INVALID:
	case ERR_MISSING:
	case ERR_UNPROCESSABLE:
	case ERR_CONFLICT:
	case ERR_TOO_LARGE:
		return true;
	default:
		return false;
	}
}

static void report(struct import *import, struct err *err)
{
	import->batch.refused = false;
	if (import->refused++ < REPORTS_MAX)
		buf_printf(&import->reports, "object %" PRIu64 ": %s%c", import->items,
			admin_error_text(err, true), '\0');
	*err = (struct err){ 0 };
}

static void print_reports(struct import *import)
{
	struct str rest = buf_str(&import->reports);

	while (buf_ok(&import->reports) && rest.len > 0) {
		admin_print_error(import->admin, rest.ptr);
		rest = str_skip(rest, strlen(rest.ptr) + 1);
	}
}

/* ---- all tasks ---- */

static bool put_all(struct import *import, struct err *err)
{
	struct document_reader reader = { .in = import->admin->in,
		.list = import->dialect->document->list };
	bool ok = admin_check_not_compressed(import->admin->in, err), end = false;

	while (ok && !end) {
		struct str text;

		ok = document_next(&reader, &text, &end, err);
		if (!ok || end)
			break;
		import->items++;
		ok = put_task(import, text, err);
		if (!ok && is_refusal(err->code)) {
			report(import, err);
			ok = true;
		}
	}
	if (ok && reader.documents == 0)
		ok = err_set(err, ERR_MALFORMED, NULL, "the input is empty");
	document_reader_free(&reader);
	return ok;
}

static bool check_tenant(struct import *import, const struct admin_call *call, struct err *err)
{
	struct tenant_list tenants = { 0 };
	bool ok = auth_is_tenant(import->tenant) ||
		  err_set(err, ERR_INVALID, "tenant", "'%.*s' is not a valid tenant name",
			  STR_ARGS(import->tenant));

	if (ok && !call->options[ADMIN_NEW_TENANTS])
		ok = tenant_list_read(&tenants, import->admin->store, err);
	ok = ok && tenant_list_check(&tenants, import->tenant, err);
	tenant_list_free(&tenants);
	return ok;
}

static bool has_documents(const struct dialect *dialect)
{
	return dialect->document != NULL;
}

static bool check_call(struct import *import, const struct admin_call *call, struct err *err)
{
	const char *name = call->options[ADMIN_FROM];

	import->dialect = dialect_by_name(str_cstr(name));
	if (!import->dialect)
		return dialect_name_fail("from", str_cstr(name), has_documents, err);
	if (!import->dialect->document)
		return err_set(err, ERR_INVALID, "from", "no other service has the API %s", name);
	if (import->parent.ptr && !import->dialect->document->needs_parent)
		return err_set(err, ERR_INVALID, "id",
			"--id cannot be used with --from %s, whose responses have the ids of their "
			"tasks",
			name);
	return check_tenant(import, call, err);
}

/* The tasks before an error are written, and these counts are of durable ones. */
static bool finish(struct import *import, bool ok, struct err *err)
{
	struct err late = { 0 };

	if (ok || err->code != ERR_PANIC)
		ok = task_batch_put(&import->batch, true, ok ? err : &late) && ok;
	print_reports(import);
	task_batch_print(&import->batch, import->admin);
	return ok &&
	       (import->refused == 0 || err_set(err, ERR_CONFLICT, NULL,
						"%" PRIu64 " of %" PRIu64 " objects were refused",
						import->refused, import->items));
}

bool admin_import_documents(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *tenant = call->options[ADMIN_TENANT];
	struct import import = { .admin = admin,
		.tenant = str_cstr(tenant ? tenant : "default"),
		.parent = str_cstr(call->options[ADMIN_ID]),
		.now = clock_wall_ms() };
	bool ok;

	if (!check_call(&import, call, err) || !task_batch_open(&import.batch, admin->store, err))
		return false;
	/* The vendor of one API must not replace tasks of another by choosing their ids. */
	import.batch.keep_foreign = true;
	import.batch.keep_changed = !call->options[ADMIN_REPLACE];
	import.batch.timeless = import.dialect->document->timeless;
	ok = finish(&import, put_all(&import, err), err);
	buf_free(&import.reports);
	task_batch_close(&import.batch);
	return ok;
}
