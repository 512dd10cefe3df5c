#include "store/journal/journal.h"
#include "store/packed.h"

/*
 *	version · event · from · to · id (16 bytes)
 *	numbers: dialect, task_number; text: kind (not in version 1)
 *	numbers: at, previous, revision, attempt
 *	texts: actor, request, worker, status, error; log, if there is one
 */
#define VERSION	    2
#define OLD_VERSION 1
#define HEADER_SIZE (4 + sizeof(((struct id *)0)->bytes))

bool journal_encode(const struct journal_entry *entry, struct buf *out)
{
	const uint8_t head[] = { VERSION, (uint8_t)entry->event, (uint8_t)entry->from,
		(uint8_t)entry->to };

	buf_put(out, head, sizeof(head));
	buf_put(out, entry->id.bytes, sizeof(entry->id.bytes));
	packed_put_number(out, entry->dialect);
	packed_put_number(out, entry->task_number);
	packed_put_text(out, entry->kind);
	packed_put_number(out, (uint64_t)entry->at);
	packed_put_number(out, entry->previous);
	packed_put_number(out, entry->revision);
	packed_put_number(out, entry->attempt);
	packed_put_text(out, entry->actor);
	packed_put_text(out, entry->request);
	packed_put_text(out, entry->worker);
	packed_put_text(out, entry->status);
	packed_put_text(out, entry->error);
	if (entry->log.len > 0)
		packed_put_text(out, entry->log);
	return buf_ok(out);
}

static bool read_task(struct journal_entry *entry, struct str *bytes)
{
	uint64_t dialect;

	if (!packed_read_number(bytes, &dialect) || dialect > UINT8_MAX)
		return false;
	entry->dialect = (uint8_t)dialect;
	return packed_read_number(bytes, &entry->task_number) &&
	       packed_read_text(bytes, &entry->kind);
}

bool journal_decode(struct journal_entry *entry, struct str bytes)
{
	const uint8_t *at = (const uint8_t *)bytes.ptr;
	uint64_t time, attempt;

	if (bytes.len < HEADER_SIZE || (at[0] != VERSION && at[0] != OLD_VERSION) ||
		at[1] == JOURNAL_NONE || at[1] >= JOURNAL_EVENTS || at[2] >= TASK_STATES ||
		at[3] >= TASK_STATES)
		return false;
	*entry = (struct journal_entry){ .event = (enum journal_event)at[1],
		.from = (enum task_state)at[2],
		.to = (enum task_state)at[3] };
	memcpy(entry->id.bytes, at + 4, sizeof(entry->id.bytes));
	bytes = str_skip(bytes, HEADER_SIZE);
	if (at[0] != OLD_VERSION && !read_task(entry, &bytes))
		return false;
	if (!packed_read_number(&bytes, &time) || !packed_read_number(&bytes, &entry->previous) ||
		!packed_read_number(&bytes, &entry->revision) ||
		!packed_read_number(&bytes, &attempt) || attempt > UINT32_MAX)
		return false;
	entry->at = (int64_t)time;
	entry->attempt = (uint32_t)attempt;
	return packed_read_text(&bytes, &entry->actor) &&
	       packed_read_text(&bytes, &entry->request) &&
	       packed_read_text(&bytes, &entry->worker) &&
	       packed_read_text(&bytes, &entry->status) &&
	       packed_read_text(&bytes, &entry->error) &&
	       (bytes.len == 0 || (packed_read_text(&bytes, &entry->log) && entry->log.len > 0)) &&
	       bytes.len == 0;
}
