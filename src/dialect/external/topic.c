#include "dialect/external/external.h"
#include "dialect/kind.h"

bool external_parse_topic(struct str name, struct claim_topic *topic, struct err *err)
{
	struct str kind = name, prefix = str_split_next(&kind, '.');
	const struct dialect *dialect = dialect_by_name(prefix);

	if (!dialect)
		return err_set(err, ERR_INVALID, "topicName",
			"topicName must be a dialect, such as native, or a dialect, a dot and a "
			"kind, such as native.encode.");
	if (kind.ptr && !kind_is_valid(kind))
		return err_set(err, ERR_INVALID, "topicName",
			"The kind in topicName must have 1 to %d bytes and no control character.",
			TASK_KIND_MAX);
	topic->dialect = dialect->code;
	topic->kind = kind;
	return true;
}

struct str external_kind(const struct task *task, char scratch[TASK_KIND_MAX])
{
	const struct dialect *dialect = dialect_by_code(task->dialect);

	return dialect ? dialect->kind(task, scratch) : STR("");
}

bool external_topic_has(const struct claim_topic *topic, const struct task *task)
{
	char scratch[TASK_KIND_MAX];

	return topic->dialect == task->dialect &&
	       (!topic->kind.ptr || str_eq(topic->kind, external_kind(task, scratch)));
}

void external_put_topic(struct buf *out, uint8_t dialect, struct str kind)
{
	const char *name = dialect_code_name(dialect);
	struct buf text = BUF_INIT;

	buf_puts(&text, name ? name : "");
	if (kind.len > 0)
		buf_putc(&text, '.');
	buf_put_str(&text, kind);
	buf_put_json_string(out, buf_str(&text));
	out->failed |= !buf_ok(&text);
	buf_free(&text);
}
