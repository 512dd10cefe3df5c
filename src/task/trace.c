#include "task/trace.h"

#define FLAGS_AT    53
#define MEMBERS_MAX 32
#define KEY_MAX	    256

/* Upper case is not allowed (3.2.2.3). */
static bool is_hex(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

static bool is_zero(struct str text)
{
	size_t i = 0;

	while (i < text.len && text.ptr[i] == '0')
		i++;
	return i == text.len;
}

static bool is_id(struct str text)
{
	return is_hex(text) && !is_zero(text);
}

/* The part that all versions have, but for the version itself. */
static bool has_form(const char *text)
{
	return text[2] == '-' && is_id((struct str){ text + TRACE_ID_AT, TRACE_ID_LEN }) &&
	       text[TRACE_SPAN_AT - 1] == '-' &&
	       is_id((struct str){ text + TRACE_SPAN_AT, TRACE_SPAN_LEN }) &&
	       text[FLAGS_AT - 1] == '-' && is_hex((struct str){ text + FLAGS_AT, 2 });
}

bool trace_parent_is_valid(struct str text)
{
	return text.len == TRACE_PARENT_LEN && str_starts(text, STR("00-")) && has_form(text.ptr);
}

/* Version ff is invalid; other later ones may have more parts, and flags with another meaning. */
static struct str from_later_version(struct str parent, struct arena *arena)
{
	char text[TRACE_PARENT_LEN];
	struct str copy = { text, sizeof(text) };

	if (parent.len < TRACE_PARENT_LEN || !is_hex((struct str){ parent.ptr, 2 }) ||
		str_starts(parent, STR("00")) || str_starts(parent, STR("ff")) ||
		(parent.len > TRACE_PARENT_LEN && parent.ptr[TRACE_PARENT_LEN] != '-') ||
		!has_form(parent.ptr))
		return STR_NULL;
	memcpy(text, parent.ptr, sizeof(text));
	text[0] = text[1] = text[FLAGS_AT] = '0';
	text[FLAGS_AT + 1] = strchr("13579bdf", text[FLAGS_AT + 1]) ? '1' : '0';
	return arena_copy(arena, copy);
}

/* ---- tracestate ---- */

static bool is_key(struct str key)
{
	for (size_t i = 0; i < key.len; i++) {
		char c = key.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
			(i == 0 || !memchr("_-*/@", c, 5)))
			return false;
	}
	return key.len > 0 && key.len <= KEY_MAX;
}

static bool is_value(struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e || value.ptr[i] == '=')
			return false;
	}
	return value.len > 0 && value.len <= KEY_MAX;
}

bool trace_state_is_valid(struct str text)
{
	size_t count = 0;

	if (text.len > TRACE_STATE_MAX)
		return false;
	while (text.len > 0) {
		struct str member = str_trim(str_split_next(&text, ','));
		struct str key = str_split_next(&member, '=');

		/* Empty members are allowed (3.3.1.1). */
		if (key.len == 0 && member.len == 0)
			continue;
		if (!is_key(key) || !is_value(member) || ++count > MEMBERS_MAX)
			return false;
	}
	return count > 0;
}

struct trace trace_parse(struct str parent, struct str state, struct arena *arena)
{
	struct trace trace = { 0 };

	if (parent.len == 0)
		return trace;
	parent = str_trim(parent);
	trace.parent = trace_parent_is_valid(parent) ? parent : from_later_version(parent, arena);
	if (trace.parent.len > 0 && trace_state_is_valid(state))
		trace.state = state;
	return trace;
}
