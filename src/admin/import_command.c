#include <inttypes.h>

#include "admin/export_sum.h"
#include "admin/import_row.h"
#include "admin/task_batch.h"
#include "admin/task_json.h"
#include "admin/tenant_list.h"
#include "admin/transfer_commands.h"
#include "http/json.h"

#define LINE_MAX_BYTES ((size_t)8 * 1024 * 1024)

#define FIRST_LINE STR("{\"export\":")
#define ROW_LINE   STR("{\"table\":")
#define LOST_LINE  STR("{\"lost\":")
#define LAST_LINE  STR("{\"end\":")

enum import_part {
	PART_NONE, /* no line was read */
	PART_OLD,  /* tasks without a first line, by an older build: they have no last line */
	PART_OPEN, /* an export whose last line was not read yet */
	PART_ENDED,
};

struct import {
	struct task_batch batch;
	EVP_MD_CTX *sum;
	enum import_part part;
	uint64_t rows;
	json_int_t tasks_read, rows_read; /* of this export */
	int version;			  /* of the lines of tasks (task_json.h) */
	bool partial;
	uint64_t line; /* number of the line that is being read, from 1 */
	struct tenant_list tenants;
	struct row_import row_import;
	bool webhooks; /* rows of webhooks follow the last task */
};

/* For responses of another API, whose first line has no task. */
static bool add_hint(const struct import *import, struct str line, struct err *err)
{
	struct err cause = *err;

	if (import->part == PART_NONE && cause.code != ERR_NO_MEMORY &&
		!memmem(line.ptr, line.len, "\"dialect\"", 9))
		err_set(err, cause.code, cause.field,
			"%s (responses of another API are read with --from)", err_text(&cause));
	return false;
}

static bool import_task(struct import *import, struct str line, struct err *err)
{
	struct task *task = task_batch_next(&import->batch, err);

	if (!task || !task_json_read(task, &import->batch.arena, line, import->version, err))
		return add_hint(import, line, err);
	if (!tenant_list_check(&import->tenants, task->tenant, err))
		return false;
	import->batch.lines[import->batch.count] = import->line;
	if (!task_batch_add(&import->batch, err))
		return false;
	import->webhooks = false;
	import->tasks_read++;
	if (import->part == PART_NONE)
		import->part = PART_OLD;
	return true;
}

static struct str text_of(const json_t *line, const char *name)
{
	const json_t *value = json_object_get(line, name);

	return json_is_string(value) ? json_str(value) : STR_NULL;
}

/* A webhook begins with the events behind the last flush: the imported tasks are before that. */
static bool flush_before(struct import *import, const json_t *line, struct err *err)
{
	return import->webhooks || !str_eq(text_of(line, "table"), STR("webhooks")) ||
	       (import->webhooks = task_batch_put(&import->batch, true, err));
}

static bool read_row(struct import *import, json_t *line, struct err *err)
{
	bool ok = flush_before(import, line, err) && import_row(&import->row_import, line, err);

	import->rows += ok;
	import->rows_read++;
	return ok;
}

static bool begin_export(struct import *import, const json_t *line, struct err *err)
{
	json_int_t version = json_integer_value(json_object_get(line, "version"));

	if (import->part == PART_OPEN && !import->partial)
		return err_set(err, ERR_INVALID, NULL,
			"an export begins, but the one before has no last line");
	if (version < 1 || version > TASK_JSON_VERSION)
		return err_set(err, ERR_INVALID, "version",
			"the export is of version %" JSON_INTEGER_FORMAT
			", which this version cannot read",
			version);
	import->version = (int)version;
	import->tasks_read = 0;
	import->rows_read = 0;
	import_row_begin(&import->row_import);
	return true;
}

static json_int_t count_of(const json_t *line, const char *name)
{
	return json_integer_value(json_object_get(line, name));
}

static bool end_export(struct import *import, const json_t *line, struct err *err)
{
	char text[HEX_SIZE(EXPORT_SUM_SIZE)];
	bool whole = export_sum_end(import->sum, text) &&
		     str_eq(text_of(line, "sha256"), str_cstr(text));

	if (!export_sum_begin(import->sum))
		return err_no_memory(err);
	if (!whole && !import->partial)
		return err_set(err, ERR_INVALID, "sha256",
			"the lines before are not those that were exported");
	if (!import->partial && (count_of(line, "tasks") != import->tasks_read ||
					count_of(line, "rows") != import->rows_read))
		return err_set(err, ERR_INVALID, "tasks",
			"the numbers of tasks and rows are not those of the lines before");
	import->part = PART_ENDED;
	return true;
}

static bool import_other(struct import *import, struct str line, bool last, struct err *err)
{
	json_t *json = NULL;
	bool ok = json_parse_trusted(&json, line, err);

	if (ok && last)
		ok = end_export(import, json, err);
	else if (ok)
		ok = str_starts(line, ROW_LINE) ? read_row(import, json, err)
						: begin_export(import, json, err);
	json_decref(json);
	return ok;
}

static bool import_line(struct import *import, struct str line, struct err *err)
{
	bool first = str_starts(line, FIRST_LINE), last = str_starts(line, LAST_LINE),
	     row = str_starts(line, ROW_LINE), lost = str_starts(line, LOST_LINE);

	if (line.len > LINE_MAX_BYTES)
		return err_set(err, ERR_TOO_LARGE, NULL, "the line is longer than %zu bytes",
			LINE_MAX_BYTES);
	if (import->part == PART_ENDED && !first && str_trim(line).len > 0 && !import->partial)
		return err_set(
			err, ERR_INVALID, NULL, "the line is behind the last line of the export");
	if (first && !export_sum_begin(import->sum))
		return err_no_memory(err);
	if (!last && !export_sum_add(import->sum, line))
		return err_no_memory(err);
	if (first || last || row) {
		if (!import_other(import, line, last, err))
			return false;
	} else if (!lost) {
		return str_trim(line).len == 0 || import_task(import, line, err);
	}
	if (!last)
		import->part = PART_OPEN;
	return true;
}

static bool add_line_number(const struct import *import, struct err *err, uint64_t line)
{
	struct err cause = *err;

	if (import->batch.refused)
		line = import->batch.refused_line;
	return err_set(err, cause.code, cause.field, "line %" PRIu64 ": %s", line,
		admin_error_text(&cause, true));
}

/* The beginning of a line that cannot be read, because the rest is missing. */
static bool is_cut(const struct err *err, struct str line)
{
	return err->code == ERR_MALFORMED && line.ptr[0] == '{' && line.ptr[line.len - 1] != '\n';
}

static bool import_text(struct import *import, struct str line, uint64_t number, struct err *err)
{
	struct str content = line;

	import->line = number;
	if (line.ptr[line.len - 1] == '\n')
		content.len--;
	if (import_line(import, content, err))
		return true;
	if (!is_cut(err, line))
		return add_line_number(import, err, number);
	if (import->partial)
		return true;
	err_set(err, ERR_MALFORMED, NULL, "the input ends in the middle of line %" PRIu64, number);
	return add_hint(import, line, err);
}

static bool check_end(const struct import *import, uint64_t lines, struct err *err)
{
	if (import->partial)
		return true;
	if (import->part == PART_NONE)
		return err_set(err, ERR_MALFORMED, NULL,
			"the input is empty: it has no last line of an export, which proves that no "
			"line is missing");
	return import->part != PART_OPEN ||
	       err_set(err, ERR_MALFORMED, NULL,
		       "the input ends at line %" PRIu64
		       " without the last line of an export: lines are missing",
		       lines);
}

/* Reads a line with its end; of a longer one LINE_MAX_BYTES + 2 bytes. Empty at the end. */
static bool read_line(FILE *in, struct buf *line, struct err *err)
{
	char bytes[4096];
	size_t len = 0;
	int c = 0;

	buf_reset(line);
	while (c != '\n' && line->len + len < LINE_MAX_BYTES + 2 && (c = getc(in)) != EOF) {
		bytes[len++] = (char)c;
		if (len == sizeof(bytes)) {
			buf_put(line, bytes, len);
			len = 0;
		}
	}
	buf_put(line, bytes, len);
	explicit_bzero(bytes, len);
	return buf_ok(line) || err_no_memory(err);
}

static bool import_lines(struct admin *admin, struct import *import, struct err *err)
{
	struct buf line = BUF_INIT;
	uint64_t number = 0;
	bool ok = admin_check_not_compressed(admin->in, err) && read_line(admin->in, &line, err);

	while (ok && line.len > 0)
		ok = import_text(import, buf_str(&line), ++number, err) &&
		     read_line(admin->in, &line, err);
	if (ok && ferror(admin->in))
		ok = err_set(err, ERR_MALFORMED, NULL, "reading the input failed at line %" PRIu64,
			number);
	ok = ok && check_end(import, number, err);
	if (line.data)
		explicit_bzero(line.data, line.capacity);
	buf_free(&line);
	return ok;
}

static void print_counts(struct admin *admin, const struct import *import)
{
	task_batch_print(&import->batch, admin);
	if (import->rows > 0)
		admin_print(admin, "%" PRIu64 " other row%s imported", import->rows,
			str_plural(import->rows));
	if (import->row_import.auth.kept > 0)
		admin_print(admin,
			"%" PRIu64 " of them left out: the store has ended the credential since",
			import->row_import.auth.kept);
}

/* Keeps the lines before a bad one; the output says how many. */
static bool import_export(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct import import = { .sum = EVP_MD_CTX_new(),
		.version = 1,
		.partial = call->options[ADMIN_PARTIAL] != NULL };
	struct err late = { 0 };
	bool ok = export_sum_begin(import.sum) || err_no_memory(err), flushed;

	ok = ok && (call->options[ADMIN_NEW_TENANTS] ||
			   tenant_list_read(&import.tenants, admin->store, err));
	if (!ok || !task_batch_open(&import.batch, admin->store, err)) {
		tenant_list_free(&import.tenants);
		EVP_MD_CTX_free(import.sum);
		return false;
	}
	import.row_import.auth.store = admin->store;
	ok = import_lines(admin, &import, err);
	flushed = (ok || err->code != ERR_PANIC) &&
		  task_batch_put(&import.batch, true, ok ? err : &late);
	if (ok && import.batch.refused)
		add_line_number(&import, err, 0);
	/* The tasks before the refused one are written, but not flushed yet. */
	if (import.batch.refused && !flushed)
		flushed = task_batch_put(&import.batch, true, &late);
	ok = ok && flushed && !import.batch.refused;
	/* Rows are behind the tasks: only this flush has made them durable. */
	if (!flushed)
		import.rows = 0;
	print_counts(admin, &import);
	import_row_free(&import.row_import);
	task_batch_close(&import.batch);
	tenant_list_free(&import.tenants);
	EVP_MD_CTX_free(import.sum);
	return ok;
}

bool admin_check_import(const struct admin_call *call, struct err *err)
{
	if (call->options[ADMIN_FROM])
		return !call->options[ADMIN_PARTIAL] ||
		       err_set(err, ERR_INVALID, "partial", "--partial is for an export");
	if (call->options[ADMIN_TENANT] || call->options[ADMIN_ID])
		return err_set(err, ERR_INVALID, "from",
			"the lines of an export have a tenant and an id: --tenant and --id are for "
			"--from");
	return !call->options[ADMIN_REPLACE] ||
	       err_set(err, ERR_INVALID, "replace",
		       "the lines of an export replace other tasks: --replace is for --from");
}

bool admin_import(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return call->options[ADMIN_FROM] ? admin_import_documents(admin, call, err)
					 : import_export(admin, call, err);
}
