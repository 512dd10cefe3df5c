/* The member status_history: the reports before the present one, oldest first. */
#include "dialect/virtshell/virtshell.h"
#include "dialect/worker_text.h"
#include "http/json.h"

/* The length of the first element of a non-empty JSON array in compact form, without a comma. */
static size_t first_element(struct str array)
{
	bool in_string = false;
	size_t depth = 0, i = 1;

	for (; i < array.len; i++) {
		char c = array.ptr[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '[' || c == '{'))
			depth++;
		else if (!in_string && depth == 0 && (c == ',' || c == ']'))
			break;
		else if (!in_string && (c == ']' || c == '}'))
			depth--;
	}
	return i - 1;
}

static bool is_array(struct str json)
{
	return json.len >= 2 && json.ptr[0] == '[';
}

static size_t count_elements(struct str array)
{
	size_t count = 0;

	while (array.len > 2) {
		array = str_skip(array, first_element(array) + 1);
		count++;
	}
	return count;
}

/* Drops the oldest elements until one of `room` bytes fits. If any are dropped, so is the '['. */
static struct str make_room(struct str history, size_t room)
{
	size_t count = count_elements(history);

	while (count > 0 && (count >= VIRTSHELL_HISTORY_MAX ||
				    history.len + room + 1 > VIRTSHELL_HISTORY_SIZE_MAX)) {
		history = str_skip(history, first_element(history) + 1);
		count--;
	}
	return history;
}

void virtshell_put_time_of_day(const struct tz *tz, int64_t ms, struct buf *out)
{
	const size_t from = strlen("2019-03-22T"), len = strlen("12:26:32.113");
	struct buf time = BUF_INIT;

	tz_put_time(tz, ms, &time);
	if (buf_ok(&time) && time.len >= from + len)
		buf_put(out, time.data + from, len);
	else
		out->failed = true;
	buf_puts(out, "000");
	buf_free(&time);
}

/* Writes [status, date, log] of the task as it was. */
static bool put_element(
	const struct op *op, const struct task *before, struct buf *out, struct err *err)
{
	struct str log = task_field(before, STR("log"));

	if (log.len > VIRTSHELL_HISTORY_LOG_MAX) {
		log = json_unquote(log, op->arena);
		if (log.ptr)
			log = worker_text_quote_end(log, VIRTSHELL_HISTORY_LOG_MAX, op->arena);
		if (!log.ptr)
			return err_no_memory(err);
	}
	buf_putc(out, '[');
	buf_put_json_string(out, before->status);
	buf_puts(out, ",\"");
	virtshell_put_time_of_day(op->tz, before->updated, out);
	buf_puts(out, "\",");
	buf_put_str(out, log.ptr ? log : STR("\"\""));
	buf_putc(out, ']');
	return true;
}

static bool append(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	struct str history = task_field(before, STR("status_history"));
	struct buf element = BUF_INIT, text = BUF_INIT;
	struct field field = { .name = STR("status_history") };
	bool ok = false;

	if (!put_element(op, before, &element, err))
		goto out;
	history = make_room(is_array(history) ? history : STR("[]"), element.len);
	buf_putc(&text, '[');
	if (history.len > 2)
		buf_put(&text, history.ptr + 1, history.len - 2);
	buf_puts(&text, history.len > 2 ? "," : "");
	buf_put_str(&text, buf_str(&element));
	buf_putc(&text, ']');
	if (buf_ok(&text) && buf_ok(&element))
		field.json = arena_copy(op->arena, buf_str(&text));
	ok = field.json.ptr || err_no_memory(err);
	/* virtshell_check_room() has left room; an older task may have none. */
	if (ok)
		task_set_field(task, field);
out:
	buf_free(&element);
	buf_free(&text);
	return ok;
}

bool virtshell_before_update(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	if (!virtshell_check_room(before, task, err))
		return false;
	if (op->change.status.len == 0 && !change_field(&op->change, STR("log")).ptr)
		return true;
	return append(op, before, task, err);
}

bool virtshell_native_complete(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	const struct str log = STR("log");
	bool by_worker = before && (op->kind == OP_CLAIM || op->report.kind != REPORT_NONE);

	if (!by_worker || (str_eq(before->status, task->status) &&
				  str_eq(task_field(before, log), task_field(task, log))))
		return true;
	return append(op, before, task, err);
}
