#include "admin/transfer_commands.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "admin/task_batch.h"
#include "admin/task_json.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/encode.h"
#include "http/json.h"

#define LINE_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define DATE_SIZE      32
#define SUM_SIZE       32

#define FIRST_LINE STR("{\"export\":")
#define ROW_LINE   STR("{\"table\":")
#define LOST_LINE  STR("{\"lost\":")
#define LAST_LINE  STR("{\"end\":")

/* ---- the sum of the lines ---- */

static bool sum_begin(EVP_MD_CTX *sum)
{
	return sum && EVP_DigestInit_ex(sum, EVP_sha256(), NULL) == 1;
}

static bool sum_add(EVP_MD_CTX *sum, struct str line)
{
	return EVP_DigestUpdate(sum, line.ptr, line.len) == 1 &&
	       EVP_DigestUpdate(sum, "\n", 1) == 1;
}

static bool sum_end(EVP_MD_CTX *sum, char text[HEX_SIZE(SUM_SIZE)])
{
	uint8_t bytes[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_DigestFinal_ex(sum, bytes, &len) != 1 || len != SUM_SIZE)
		return false;
	hex_encode(text, bytes, len);
	return true;
}

/* ---- export ---- */

struct export
{
	struct admin *admin;
	EVP_MD_CTX *sum;
	struct buf line;
	uint64_t tasks, rows, lost;
	bool unnamed; /* more are lost, whose ids are not known */
};

static bool put_line(struct export *export)
{
	return buf_ok(&export->line) && sum_add(export->sum, buf_str(&export->line)) &&
	       admin_print_line(export->admin, buf_str(&export->line));
}

static bool put_first(int64_t moment, void *data)
{
	struct export *export = data;
	char date[DATE_SIZE];

	buf_reset(&export->line);
	date_format(date, sizeof(date), moment, "%Y-%m-%dT%H:%M:%S");
	buf_printf(&export->line, "{\"export\":\"polytask\",\"version\":1,\"moment\":\"%s.%03dZ\"}",
		date, (int)(moment % 1000));
	return put_line(export);
}

static bool put_task(const struct task *task, void *data)
{
	struct export *export = data;

	buf_reset(&export->line);
	task_json_write(task, &export->line);
	export->tasks++;
	return put_line(export);
}

static void put_base64(struct buf *out, struct str bytes)
{
	buf_putc(out, '"');
	if (buf_reserve(out, BASE64URL_SIZE(bytes.len))) {
		base64url_encode(out->data + out->len, bytes.ptr, bytes.len);
		out->len += strlen(out->data + out->len);
	}
	buf_putc(out, '"');
}

static bool put_row(const char *table, struct str key, struct str value, void *data)
{
	struct export *export = data;

	buf_reset(&export->line);
	buf_printf(&export->line, "{\"table\":\"%s\",\"key\":", table);
	put_base64(&export->line, key);
	buf_puts(&export->line, ",\"value\":");
	put_base64(&export->line, value);
	buf_putc(&export->line, '}');
	export->rows++;
	return put_line(export);
}

static bool put_last(struct export *export)
{
	char text[HEX_SIZE(SUM_SIZE)];

	if (!sum_end(export->sum, text))
		return false;
	buf_reset(&export->line);
	buf_printf(&export->line,
		"{\"end\":true,\"tasks\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"sha256\":\"%s\"}",
		export->tasks, export->rows, text);
	return buf_ok(&export->line) && admin_print_line(export->admin, buf_str(&export->line));
}

/* Names a task that is not in the export, on standard error and in a line. */
static bool put_lost(struct str key, const char *why, void *data)
{
	struct export *export = data;
	struct str tenant = { key.ptr, strnlen(key.ptr, key.len) };
	char id[ID_TEXT_LEN + 1] = "", message[400];
	struct id bytes;

	if (key.len == tenant.len + 1 + sizeof(bytes.bytes)) {
		memcpy(bytes.bytes, key.ptr + tenant.len + 1, sizeof(bytes.bytes));
		id_format(&bytes, id);
	}
	snprintf(message, sizeof(message), "task %s of tenant %.*s is lost: %s", id,
		STR_ARGS(tenant), why);
	admin_print_error(export->admin, message);
	buf_reset(&export->line);
	buf_puts(&export->line, "{\"lost\":");
	buf_put_json_string(&export->line, str_cstr(id));
	buf_puts(&export->line, ",\"tenant\":");
	buf_put_json_string(&export->line, tenant);
	buf_puts(&export->line, ",\"why\":");
	buf_put_json_string(&export->line, str_cstr(why));
	buf_putc(&export->line, '}');
	export->lost++;
	return put_line(export);
}

static void note_unnamed(void *data)
{
	struct export *export = data;

	export->unnamed = true;
	admin_print_error(export->admin,
		"the ids of other lost tasks are not known: the index is being rebuilt or damaged");
}

static bool salvage(struct export *export, struct err *err)
{
	const struct store_salvage_sink sink = { put_task, put_lost, note_unnamed, export };

	return put_first(clock_wall_ms(), export) &&
	       store_salvage(export->admin->store, &sink, err);
}

bool admin_export(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct export export = { .admin = admin, .sum = EVP_MD_CTX_new() };
	const struct store_sink sink = {
		.begin = put_first,
		.task = put_task,
		.row = call->options[ADMIN_ALL] ? put_row : NULL,
		.data = &export,
	};
	bool ok;

	if (call->options[ADMIN_SALVAGE] && call->options[ADMIN_ALL])
		ok = err_set(
			err, ERR_INVALID, "salvage", "--salvage exports tasks only, without --all");
	else
		ok = sum_begin(export.sum) || err_no_memory(err);
	if (ok)
		ok = call->options[ADMIN_SALVAGE] ? salvage(&export, err)
						  : store_export(admin->store, &sink, err);
	if (ok && (!buf_ok(&export.line) || ferror(admin->out) || !put_last(&export)))
		ok = err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
	if (ok && (export.lost > 0 || export.unnamed))
		ok = err_set(err, ERR_DAMAGED, NULL,
			"tasks that cannot be read and are not in the export: %" PRIu64 "%s",
			export.lost, export.unnamed ? " or more" : "");
	if (export.line.data)
		explicit_bzero(export.line.data, export.line.capacity);
	buf_free(&export.line);
	EVP_MD_CTX_free(export.sum);
	return ok;
}

/* ---- import ---- */

struct import {
	struct task_batch batch;
	EVP_MD_CTX *sum;
	uint64_t rows;
	bool open; /* a first line was read, and no last line since */
	bool partial;
};

static bool import_task(struct import *import, struct str line, struct err *err)
{
	struct task *task = task_batch_next(&import->batch, err);

	if (!task || !task_json_read(task, &import->batch.arena, line, err))
		return false;
	import->batch.count++;
	return true;
}

static struct str text_of(const json_t *line, const char *name)
{
	const json_t *value = json_object_get(line, name);

	return json_is_string(value) ? json_str(value) : STR_NULL;
}

static bool decode(const json_t *line, const char *name, struct buf *out, struct err *err)
{
	struct str text = text_of(line, name);

	if (!text.ptr)
		return err_set(err, ERR_INVALID, name, "%s must be a string", name);
	if (!buf_reserve(out, text.len + 1))
		return err_no_memory(err);
	return base64url_decode(out->data, out->capacity, &out->len, text) ||
	       err_set(err, ERR_INVALID, name, "%s must be base64url", name);
}

static bool import_row(struct import *import, const json_t *line, struct err *err)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	bool ok = decode(line, "key", &key, err) && decode(line, "value", &value, err) &&
		  store_import_row(import->batch.store, text_of(line, "table"), buf_str(&key),
			  buf_str(&value), err);

	import->rows += ok;
	if (value.data)
		explicit_bzero(value.data, value.capacity);
	buf_free(&key);
	buf_free(&value);
	return ok;
}

static bool begin_export(struct import *import, const json_t *line, struct err *err)
{
	json_int_t version = json_integer_value(json_object_get(line, "version"));

	if (import->open && !import->partial)
		return err_set(err, ERR_INVALID, NULL,
			"an export begins, but the one before has no last line");
	if (version != 1)
		return err_set(err, ERR_INVALID, "version",
			"the export is of version %" JSON_INTEGER_FORMAT ", not 1", version);
	import->open = true;
	return true;
}

static bool end_export(struct import *import, const json_t *line, struct err *err)
{
	char text[HEX_SIZE(SUM_SIZE)];
	bool whole = sum_end(import->sum, text) && str_eq(text_of(line, "sha256"), str_cstr(text));

	if (!sum_begin(import->sum))
		return err_no_memory(err);
	if (!whole && !import->partial)
		return err_set(err, ERR_INVALID, "sha256",
			"the lines before are not those that were exported");
	import->open = false;
	return true;
}

static bool import_other(struct import *import, struct str line, bool last, struct err *err)
{
	json_t *json = NULL;
	bool ok = json_parse_trusted(&json, line, err);

	if (ok && last)
		ok = end_export(import, json, err);
	else if (ok)
		ok = str_starts(line, ROW_LINE) ? import_row(import, json, err)
						: begin_export(import, json, err);
	json_decref(json);
	return ok;
}

static bool import_line(struct import *import, struct str line, struct err *err)
{
	bool last = str_starts(line, LAST_LINE);

	if (line.len > LINE_MAX_BYTES)
		return err_set(err, ERR_TOO_LARGE, NULL, "the line is longer than %zu bytes",
			LINE_MAX_BYTES);
	if (str_starts(line, FIRST_LINE) && !sum_begin(import->sum))
		return err_no_memory(err);
	if (!last && !sum_add(import->sum, line))
		return err_no_memory(err);
	if (last || str_starts(line, FIRST_LINE) || str_starts(line, ROW_LINE))
		return import_other(import, line, last, err);
	return str_trim(line).len == 0 || str_starts(line, LOST_LINE) ||
	       import_task(import, line, err);
}

static bool add_line_number(struct err *err, uint64_t line)
{
	struct err cause = *err;

	return err_set(
		err, cause.code, cause.field, "line %" PRIu64 ": %s", line, err_text(&cause));
}

static bool import_lines(struct admin *admin, struct import *import, struct err *err)
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
		ok = import_line(import, line, err) || add_line_number(err, number);
	}
	if (ok && ferror(admin->in))
		ok = err_set(err, ERR_MALFORMED, NULL, "reading the input failed at line %" PRIu64,
			number);
	if (ok && import->open && !import->partial)
		ok = err_set(err, ERR_MALFORMED, NULL,
			"the input ends at line %" PRIu64
			" without the last line of an export: lines are missing",
			number);
	if (text)
		explicit_bzero(text, size);
	free(text);
	return ok;
}

static void print_counts(struct admin *admin, const struct import *import)
{
	admin_print(admin, "%" PRIu64 " task%s imported", import->batch.total,
		str_plural(import->batch.total));
	if (import->rows > 0)
		admin_print(admin, "%" PRIu64 " other row%s imported", import->rows,
			str_plural(import->rows));
}

/* Keeps the lines before a bad one; the output says how many. */
bool admin_import(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct import import = { .sum = EVP_MD_CTX_new(),
		.partial = call->options[ADMIN_PARTIAL] != NULL };
	struct err late = { 0 };
	bool ok = sum_begin(import.sum) || err_no_memory(err);

	if (!ok || !task_batch_open(&import.batch, admin->store, err)) {
		EVP_MD_CTX_free(import.sum);
		return false;
	}
	ok = import_lines(admin, &import, err);
	if (!ok && err->code != ERR_PANIC)
		task_batch_put(&import.batch, true, &late);
	else if (ok)
		ok = task_batch_put(&import.batch, true, err);
	print_counts(admin, &import);
	task_batch_close(&import.batch);
	EVP_MD_CTX_free(import.sum);
	return ok;
}
