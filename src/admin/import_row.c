#include "admin/import_row.h"

#include "auth/principal.h"
#include "auth/user_name.h"
#include "base/clock.h"
#include "base/encode.h"
#include "dialect/check.h"
#include "dialect/webhook_rules.h"
#include "http/json.h"

/* ---- the line ---- */

static const char *const members[] = { "table", "key", "value" };

static bool is_member(const char *name)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strcmp(members[i], name) == 0)
			return true;
	}
	return false;
}

static bool check_members(json_t *line, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach (line, name, value) {
		if (!is_member(name))
			return err_set(err, ERR_INVALID, name, "unknown member %.60s", name);
	}
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (!json_is_string(json_object_get(line, members[i])))
			return err_set(
				err, ERR_INVALID, members[i], "%s must be a string", members[i]);
	}
	return true;
}

static struct str text_of(const json_t *line, const char *name)
{
	return json_str(json_object_get(line, name));
}

static bool decode(const json_t *line, const char *name, struct buf *out, struct err *err)
{
	struct str text = text_of(line, name);

	if (!buf_reserve(out, text.len + 1))
		return err_no_memory(err);
	return base64url_decode(out->data, out->capacity, &out->len, text) ||
	       err_set(err, ERR_INVALID, name, "%s must be base64url", name);
}

/* ---- rules ---- */

static bool is_dialect_name(struct str name)
{
	return protocol_by_name(name) != NULL;
}

static bool is_dialect(uint8_t code)
{
	return dialect_code_name(code) != NULL;
}

static bool has_numbers(uint8_t code)
{
	const struct dialect *dialect = dialect_by_code(code);

	return dialect && dialect_has_numbers(dialect);
}

static bool check_task(const struct task *task, struct err *err)
{
	return dialect_check_task(NULL, task, err);
}

/* Checks a row, and writes it unless the store keeps what it has. */
static bool put_bytes(struct row_import *rows, struct str table, struct str key, struct str value,
	struct err *err)
{
	const struct store_row_rules rules = {
		.now = clock_wall_ms(),
		.is_tenant = auth_is_tenant,
		.is_dialect = is_dialect,
		.has_numbers = has_numbers,
		.check = check_task,
		.apply_webhook = webhook_rules_apply,
	};

	rows->auth.is_dialect = is_dialect_name;
	rows->auth.keep = false;
	if (auth_rows_have(table) ? !auth_rows_check(&rows->auth, table, key, value, err)
				  : !store_check_row(&rules, table, key, value, err))
		return false;
	return rows->auth.keep || store_import_row(rows->auth.store, table, key, value, err);
}

/* ---- rows ---- */

/* A user's name helps to find the line; other keys are hashes, ids or not text. */
static bool name_row(const json_t *line, const struct buf *key, struct err *err)
{
	struct str table = text_of(line, "table");
	struct err cause = *err;

	if (cause.code == ERR_NO_MEMORY || cause.code == ERR_PANIC)
		return false;
	if (str_eq(table, STR("users")) && user_name_is_valid(buf_str(key)))
		return err_set(err, cause.code, cause.field, "users, %.*s: %s",
			STR_ARGS(buf_str(key)), err_text(&cause));
	return err_set(err, cause.code, cause.field, "%.*s: %s",
		(int)(table.len < 40 ? table.len : 40), table.ptr, err_text(&cause));
}

/* The table of Idempotency-Keys is large: a row that is there twice replaces itself. */
static bool note_seen(struct row_import *rows, const json_t *line, struct err *err)
{
	struct str table = text_of(line, "table"), key = text_of(line, "key");
	struct buf name = BUF_INIT;
	bool ok = str_eq(table, STR("idempotency")), again = false;

	if (ok)
		return true;
	if (!rows->seen)
		rows->seen = json_object();
	buf_printf(&name, "%.*s %.*s", STR_ARGS(table), STR_ARGS(key));
	buf_putc(&name, '\0');
	if (buf_ok(&name) && rows->seen) {
		again = json_object_get(rows->seen, name.data) != NULL;
		ok = json_object_set_new(rows->seen, name.data, json_true()) == 0;
	}
	buf_free(&name);
	if (!ok)
		return err_no_memory(err);
	return !again || err_set(err, ERR_CONFLICT, "key", "the export has this row twice");
}

bool import_row(struct row_import *rows, json_t *line, struct err *err)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	bool ok = check_members(line, err) && decode(line, "key", &key, err) &&
		  decode(line, "value", &value, err);

	if (ok) {
		struct str table = text_of(line, "table");

		ok = (note_seen(rows, line, err) &&
			     put_bytes(rows, table, buf_str(&key), buf_str(&value), err)) ||
		     name_row(line, &key, err);
	}
	if (value.data)
		explicit_bzero(value.data, value.capacity);
	buf_free(&key);
	buf_free(&value);
	return ok;
}

void import_row_begin(struct row_import *rows)
{
	json_decref(rows->seen);
	rows->seen = NULL;
}

void import_row_free(struct row_import *rows)
{
	import_row_begin(rows);
	auth_rows_free(&rows->auth);
}
