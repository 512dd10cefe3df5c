#include "store/journal/journal.h"
#include "store/packed.h"
#include "store/webhooks/webhooks.h"

/* ---- a delivery ---- */

/*
 *	version · state · test
 *	numbers: created, next, ended, attempts, number of the entry
 *	texts: entry (empty of a test), body, traceparent, tracestate
 *	attempts: count; of each at, took_ms, status, error, answer
 *
 * Version 1 has no traceparent and tracestate.
 */
#define VERSION	    2
#define HEADER_SIZE 3

/* The entry of a test has its time only. */
static void put_entry(const struct delivery *delivery, struct buf *out)
{
	struct journal_entry entry = delivery->entry;
	struct buf bytes = BUF_INIT;

	entry.log = STR_NULL;
	if (!delivery->test)
		out->failed |= !journal_encode(&entry, &bytes);
	packed_put_text(out, buf_str(&bytes));
	buf_free(&bytes);
}

void delivery_encode(const struct delivery *delivery, struct buf *out)
{
	buf_putc(out, VERSION);
	buf_putc(out, (char)delivery->state);
	buf_putc(out, (char)delivery->test);
	packed_put_number(out, (uint64_t)delivery->created);
	packed_put_number(out, (uint64_t)delivery->next.successor);
	packed_put_number(out, (uint64_t)delivery->ended.successor);
	packed_put_number(out, delivery->attempts);
	packed_put_number(out, delivery->entry.number);
	put_entry(delivery, out);
	packed_put_text(out, delivery->body);
	packed_put_text(out, delivery->trace.parent);
	packed_put_text(out, delivery->trace.state);
	packed_put_number(out, delivery->log_count);
	for (size_t i = 0; i < delivery->log_count; i++) {
		const struct delivery_attempt *attempt = &delivery->log[i];

		packed_put_number(out, (uint64_t)attempt->at);
		packed_put_number(out, attempt->took_ms);
		packed_put_number(out, attempt->status);
		packed_put_text(out, attempt->error);
		packed_put_text(out, attempt->answer);
	}
}

static bool read_entry(struct delivery *delivery, struct str *bytes, uint64_t number)
{
	struct str entry;

	if (!packed_read_text(bytes, &entry))
		return false;
	if (delivery->test)
		delivery->entry.at = delivery->created;
	else if (!journal_decode(&delivery->entry, entry))
		return false;
	delivery->entry.number = number;
	return true;
}

static bool read_attempt(struct delivery_attempt *attempt, struct str *bytes)
{
	uint64_t at, took, status;

	if (!packed_read_number(bytes, &at) || !packed_read_number(bytes, &took) ||
		took > UINT32_MAX || !packed_read_number(bytes, &status) || status > UINT32_MAX)
		return false;
	attempt->at = (int64_t)at;
	attempt->took_ms = (uint32_t)took;
	attempt->status = (unsigned)status;
	return packed_read_text(bytes, &attempt->error) &&
	       packed_read_text(bytes, &attempt->answer);
}

static bool read_log(struct delivery *delivery, struct str *bytes)
{
	uint64_t count;

	if (!packed_read_number(bytes, &count) || count > DELIVERY_ATTEMPTS_KEPT)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!read_attempt(&delivery->log[i], bytes))
			return false;
	}
	delivery->log_count = (size_t)count;
	return bytes->len == 0;
}

static bool read_trace(struct trace *trace, struct str *bytes)
{
	return packed_read_text(bytes, &trace->parent) && packed_read_text(bytes, &trace->state);
}

bool delivery_decode(struct delivery *delivery, struct str bytes)
{
	const struct id webhook = delivery->webhook;
	uint64_t number = delivery->number, created, next, ended, attempts, entry;
	const uint8_t *head = (const uint8_t *)bytes.ptr;

	*delivery = (struct delivery){ .webhook = webhook, .number = number };
	if (bytes.len < HEADER_SIZE || head[0] < 1 || head[0] > VERSION ||
		head[1] < DELIVERY_PENDING || head[1] > DELIVERY_FAILED || head[2] > 1)
		return false;
	delivery->state = (enum delivery_state)head[1];
	delivery->test = head[2] != 0;
	bytes = str_skip(bytes, HEADER_SIZE);
	if (!packed_read_number(&bytes, &created) || !packed_read_number(&bytes, &next) ||
		!packed_read_number(&bytes, &ended) || !packed_read_number(&bytes, &attempts) ||
		attempts > UINT32_MAX || !packed_read_number(&bytes, &entry))
		return false;
	delivery->created = (int64_t)created;
	delivery->next = (struct optional_time){ (int64_t)next };
	delivery->ended = (struct optional_time){ (int64_t)ended };
	delivery->attempts = (unsigned)attempts;
	return read_entry(delivery, &bytes, entry) && packed_read_text(&bytes, &delivery->body) &&
	       (head[0] < 2 || read_trace(&delivery->trace, &bytes)) && read_log(delivery, &bytes);
}

bool delivery_copy(struct delivery *delivery, bool with_body, struct arena *arena)
{
	struct buf bytes = BUF_INIT;
	struct str copy = STR_NULL;

	if (!with_body)
		delivery->body = STR_NULL;
	delivery_encode(delivery, &bytes);
	if (buf_ok(&bytes))
		copy = arena_copy(arena, buf_str(&bytes));
	buf_free(&bytes);
	return copy.ptr && delivery_decode(delivery, copy);
}

/* ---- the row of a webhook in the outbox ---- */

/* version, then all members as numbers */
#define OUTBOX_VERSION 1
#define OUTBOX_NUMBERS 13

void outbox_encode_row(const struct outbox *outbox, struct buf *out)
{
	const struct webhook_state *state = &outbox->state;
	const uint64_t numbers[OUTBOX_NUMBERS] = { state->place.epoch, state->place.number,
		state->pending, state->missed, (uint64_t)state->last_success.successor,
		(uint64_t)state->last_failure.successor, (uint64_t)state->failing_since.successor,
		state->last_status, outbox->next, outbox->pending_bytes, outbox->ended,
		(uint64_t)outbox->warned, (uint64_t)outbox->placed };

	buf_putc(out, OUTBOX_VERSION);
	for (size_t i = 0; i < OUTBOX_NUMBERS; i++)
		packed_put_number(out, numbers[i]);
}

bool outbox_decode_row(struct outbox *outbox, struct str bytes)
{
	uint64_t numbers[OUTBOX_NUMBERS];

	if (bytes.len == 0 || bytes.ptr[0] != OUTBOX_VERSION)
		return false;
	bytes = str_skip(bytes, 1);
	for (size_t i = 0; i < OUTBOX_NUMBERS; i++) {
		if (!packed_read_number(&bytes, &numbers[i]))
			return false;
	}
	*outbox = (struct outbox){ .state = { .place = { numbers[0], numbers[1] },
					   .pending = numbers[2],
					   .missed = numbers[3] != 0,
					   .last_success = { (int64_t)numbers[4] },
					   .last_failure = { (int64_t)numbers[5] },
					   .failing_since = { (int64_t)numbers[6] },
					   .last_status = (unsigned)numbers[7] },
		.next = numbers[8],
		.pending_bytes = numbers[9],
		.ended = numbers[10],
		.warned = (int64_t)numbers[11],
		.placed = (int64_t)numbers[12] };
	return bytes.len == 0;
}
