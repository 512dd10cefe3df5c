#include "task/feed.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- places ---- */

void feed_place_format(const struct feed_place *place, char text[FEED_PLACE_SIZE])
{
	snprintf(text, FEED_PLACE_SIZE, "%" PRIx64 "-%" PRIu64, place->epoch, place->number);
}

static bool parse_hex(uint64_t *number, struct str text)
{
	uint64_t sum = 0;

	if (text.len == 0 || text.len > 16 || (text.len > 1 && text.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c >= '0' && c <= '9')
			sum = sum << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			sum = sum << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*number = sum;
	return true;
}

bool feed_place_parse(struct feed_place *place, struct str text)
{
	const char *dash = text.len > 0 ? memchr(text.ptr, '-', text.len) : NULL;
	struct feed_place parsed;
	struct str number;

	if (!dash)
		return false;
	number = str_skip(text, (size_t)(dash + 1 - text.ptr));
	if (!parse_hex(&parsed.epoch, (struct str){ text.ptr, (size_t)(dash - text.ptr) }) ||
		number.len == 0 || (number.len > 1 && number.ptr[0] == '0') ||
		!str_to_u64(number, &parsed.number))
		return false;
	*place = parsed;
	return true;
}

/* ---- types ---- */

static const char *const type_names[FEED_TYPES] = {
	[FEED_NONE] = "",
	[FEED_REMOVED] = "task.removed",
	[FEED_SUCCEEDED] = "task.succeeded",
	[FEED_FAILED] = "task.failed",
	[FEED_CANCELLED] = "task.cancelled",
	[FEED_CREATED] = "task.created",
	[FEED_STARTED] = "task.started",
	[FEED_REQUEUED] = "task.requeued",
	[FEED_ARCHIVED] = "task.archived",
	[FEED_READY] = "task.ready",
	[FEED_PROGRESS] = "task.progress",
	[FEED_CHANGED] = "task.changed",
};

static enum feed_type type_of_state(enum task_state state)
{
	static const enum feed_type types[TASK_STATES] = {
		[TASK_PENDING] = FEED_REQUEUED,
		[TASK_RUNNING] = FEED_STARTED,
		[TASK_SUCCEEDED] = FEED_SUCCEEDED,
		[TASK_FAILED] = FEED_FAILED,
		[TASK_CANCELLED] = FEED_CANCELLED,
	};

	return types[state];
}

enum feed_type feed_type_of(const struct journal_entry *entry)
{
	bool has_ended = entry->to >= TASK_SUCCEEDED;

	if (entry->event == JOURNAL_REMOVED)
		return FEED_REMOVED;
	if (entry->from == TASK_STATE_NONE && !has_ended)
		return FEED_CREATED;
	if (entry->from != entry->to)
		return type_of_state(entry->to);
	if (entry->event == JOURNAL_ARCHIVED)
		return FEED_ARCHIVED;
	if (entry->event == JOURNAL_READY)
		return FEED_READY;
	return entry->event == JOURNAL_PROGRESS ? FEED_PROGRESS : FEED_CHANGED;
}

const char *feed_type_name(enum feed_type type)
{
	return type_names[type];
}

enum feed_type feed_type_by_name(struct str name)
{
	for (enum feed_type type = FEED_REMOVED; type < FEED_TYPES; type++) {
		if (str_eq(name, str_cstr(type_names[type])))
			return type;
	}
	return FEED_NONE;
}

/* ---- filters ---- */

static bool has_kind(const struct feed_filter *filter, struct str kind)
{
	for (size_t i = 0; i < filter->kind_count; i++) {
		if (str_eq(filter->kinds[i], kind))
			return true;
	}
	return false;
}

static bool has_id(const struct feed_filter *filter, const struct id *id)
{
	for (size_t i = 0; i < filter->id_count; i++) {
		if (id_compare(&filter->ids[i], id) == 0)
			return true;
	}
	return false;
}

bool feed_filter_matches(const struct feed_filter *filter, const struct journal_entry *entry)
{
	if (filter->dialect_count > 0 &&
		!memchr(filter->dialects, entry->dialect, filter->dialect_count))
		return false;
	if (filter->kind_count > 0 && !has_kind(filter, entry->kind))
		return false;
	if (filter->states != 0 && !(filter->states & 1U << entry->to))
		return false;
	if (filter->types != 0 && !(filter->types & 1U << feed_type_of(entry)))
		return false;
	return filter->id_count == 0 || has_id(filter, &entry->id);
}
