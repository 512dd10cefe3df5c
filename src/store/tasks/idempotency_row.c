#include "store/tasks/idempotency.h"

struct str idempotency_item_key(struct str key, size_t item, struct arena *arena)
{
	struct buf text = BUF_INIT;
	struct str copy = STR_NULL;

	buf_put_str(&text, key);
	buf_putc(&text, IDEMPOTENCY_ITEM_MARK);
	buf_put_number(&text, (int64_t)item);
	if (buf_ok(&text))
		copy = arena_copy(arena, buf_str(&text));
	buf_free(&text);
	return copy;
}

/* Splits the number of an item off; a key whose last part is no number stays as it is. */
static void split_item(struct idempotency_row *row)
{
	const char *mark = memchr(row->key.ptr, IDEMPOTENCY_ITEM_MARK, row->key.len);
	uint64_t item;
	struct str number;

	if (!mark)
		return;
	number = str_skip(row->key, (size_t)(mark - row->key.ptr) + 1);
	row->is_item = str_to_u64(number, &item) && item < BATCH_MAX;
	if (row->is_item)
		row->key.len -= number.len + 1;
}

/* Takes a text up to its NUL. */
static bool take_text(struct str *rest, struct str *text)
{
	const char *end = rest->len > 0 ? memchr(rest->ptr, '\0', rest->len) : NULL;

	if (!end)
		return false;
	*text = (struct str){ rest->ptr, (size_t)(end - rest->ptr) };
	*rest = str_skip(*rest, text->len + 1);
	return true;
}

static bool parse_value(struct idempotency_row *row, struct str value)
{
	uint64_t first;

	if (value.len < IDEMPOTENCY_HEAD_SIZE)
		return false;
	row->time = (int64_t)idempotency_number(value.ptr, 8);
	first = idempotency_number(value.ptr + 8 + OP_FINGERPRINT_SIZE, 4);
	value = str_skip(value, IDEMPOTENCY_HEAD_SIZE);
	row->record = (struct str){ value.ptr, (size_t)first };
	row->companion = str_skip(value, (size_t)first);
	return first <= value.len;
}

bool idempotency_parse_row(struct idempotency_row *row, struct str key, struct str value)
{
	struct idempotency_row read = { 0 };
	struct str rest = str_skip(key, 4);

	if (key.len < 4 || !take_text(&rest, &read.tenant))
		return false;
	read.period = idempotency_number(key.ptr, 4);
	read.is_tally = rest.len == 0;
	if (read.is_tally ? value.len != 16
			  : !take_text(&rest, &read.user) || !parse_value(&read, value))
		return false;
	read.key = rest;
	if (rest.len > 0)
		split_item(&read);
	*row = read;
	return true;
}
