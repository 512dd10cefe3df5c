/* The bodies of webhooks in the format of the Standard Webhooks specification. */
#include "base/date.h"
#include "dialect/native/event.h"
#include "dialect/native/webhook.h"

static void put_head(const char *type, int64_t at, struct buf *out)
{
	buf_puts(out, "{\"type\":\"");
	buf_puts(out, type);
	buf_puts(out, "\",\"timestamp\":\"");
	date_put(at, out);
	buf_puts(out, "\",\"data\":{");
}

/* Leaves the task out if the body would be too large with it. */
static void put_task(const struct task *task, struct buf *out)
{
	/* No request: links have no host, and the time until which the task is kept is not shown. */
	static const struct request none;
	size_t before = out->len;

	buf_puts(out, ",\"task\":");
	if (!task) {
		buf_puts(out, "null");
		return;
	}
	native_encode_row(&none, task, out);
	if (!buf_ok(out) || out->len + 2 <= WEBHOOK_BODY_MAX)
		return;
	out->len = before;
	buf_puts(out, ",\"task\":null,\"task_omitted\":true");
}

/* The lines of a worker's log would take most of the body: the event is in the feed with them. */
static void encode(const struct journal_entry *entry, const struct task *task, struct buf *out)
{
	struct journal_entry event = *entry;

	event.log = STR_NULL;
	put_head(feed_type_name(feed_type_of(entry)), entry->at, out);
	native_put_event_members(&event, out);
	put_task(task, out);
	buf_puts(out, "}}");
}

static void encode_test(int64_t at, struct buf *out)
{
	put_head("webhook.test", at, out);
	buf_puts(out, "}}");
}

const struct dialect_webhook native_webhook = {
	.name = "standard",
	.methods = 1U << WEBHOOK_POST,
	.is_signed = true,
	.default_types = 1U << FEED_SUCCEEDED | 1U << FEED_FAILED | 1U << FEED_CANCELLED,
	.encode = encode,
	.encode_test = encode_test,
};
