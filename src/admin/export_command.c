#include <inttypes.h>

#include "admin/export_sum.h"
#include "admin/task_json.h"
#include "admin/transfer_commands.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/encode.h"
#include "http/json.h"
#include "store/store.h"

#define DATE_SIZE 32

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
	return buf_ok(&export->line) && export_sum_add(export->sum, buf_str(&export->line)) &&
	       admin_print_line(export->admin, buf_str(&export->line));
}

static bool put_first(int64_t moment, void *data)
{
	struct export *export = data;
	char date[DATE_SIZE];

	buf_reset(&export->line);
	date_format(date, sizeof(date), moment, "%Y-%m-%dT%H:%M:%S");
	buf_printf(&export->line,
		"{\"export\":\"polytask\",\"version\":%d,\"moment\":\"%s.%03dZ\"}",
		TASK_JSON_VERSION, date, (int)(moment % 1000));
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
	char text[HEX_SIZE(EXPORT_SUM_SIZE)];

	if (!export_sum_end(export->sum, text))
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

bool admin_check_export(const struct admin_call *call, struct err *err)
{
	return !call->options[ADMIN_SALVAGE] || !call->options[ADMIN_ALL] ||
	       err_set(err, ERR_INVALID, "salvage", "--salvage exports tasks only, without --all");
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
	bool ok = export_sum_begin(export.sum) || err_no_memory(err);

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
