#include "base/date.h"
#include "dialect/vionlabs/vionlabs.h"

static void put_field(struct buf *out, const struct task *task, struct str name)
{
	struct str json = task_field(task, name);

	buf_putc(out, '"');
	buf_put_str(out, name);
	buf_puts(out, "\":");
	buf_put_str(out, json.len ? json : STR("\"\""));
	buf_putc(out, ',');
}

static void put_end(struct buf *out, const char *type, int64_t at)
{
	buf_printf(out, "\"type\":\"%s\",\"timestamp\":\"", type);
	date_put(at, out);
	buf_puts(out, "\"}");
}

/* The body is empty, and nothing is sent, for a task of another dialect or one that was removed. */
static void encode(const struct journal_entry *entry, const struct task *task, struct buf *out)
{
	if (entry->dialect != DIALECT_CODE_vionlabs || !task)
		return;
	buf_putc(out, '{');
	put_field(out, task, STR("product"));
	put_field(out, task, STR("version"));
	put_field(out, task, STR("inventory_id"));
	put_end(out, "task", entry->at);
}

static void encode_test(int64_t at, struct buf *out)
{
	buf_puts(out, "{\"product\":\"adbreaks\",\"version\":\"1.0.1\","
		      "\"inventory_id\":\"polytask-test\",");
	put_end(out, "test", at);
}

const struct dialect_webhook vionlabs_webhook = {
	.name = "vionlabs",
	.own_tasks = true,
	.methods = 1U << WEBHOOK_POST | 1U << WEBHOOK_PUT | 1U << WEBHOOK_GET,
	.default_types = 1U << FEED_SUCCEEDED | 1U << FEED_FAILED | 1U << FEED_CANCELLED,
	.encode = encode,
	.encode_test = encode_test,
};
