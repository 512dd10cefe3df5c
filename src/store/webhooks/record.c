#include "store/packed.h"
#include "store/webhooks/webhooks.h"

/*
 *	version
 *	numbers: format, method, parallel, enabled, created, updated, revision, old_secret_ends
 *	texts: name, url, secret, old_secret, reason, created_by, updated_by
 *	header fields, query parameters: count, then name and value of each
 *	filter: dialects (a text), kinds (count, texts), states, types, ids (count, a text)
 */
#define VERSION 1

/* ---- write ---- */

static void put_pairs(struct buf *out, const struct webhook_pair *pairs, size_t count)
{
	packed_put_number(out, count);
	for (size_t i = 0; i < count; i++) {
		packed_put_text(out, pairs[i].name);
		packed_put_text(out, pairs[i].value);
	}
}

static void put_filter(struct buf *out, const struct feed_filter *filter)
{
	packed_put_text(out, (struct str){ (const char *)filter->dialects, filter->dialect_count });
	packed_put_number(out, filter->kind_count);
	for (size_t i = 0; i < filter->kind_count; i++)
		packed_put_text(out, filter->kinds[i]);
	packed_put_number(out, filter->states);
	packed_put_number(out, filter->types);
	packed_put_text(out,
		(struct str){ (const char *)filter->ids, filter->id_count * sizeof(*filter->ids) });
}

void webhook_encode(const struct webhook *webhook, struct buf *out)
{
	buf_putc(out, VERSION);
	packed_put_number(out, webhook->format);
	packed_put_number(out, webhook->method);
	packed_put_number(out, webhook->parallel);
	packed_put_number(out, webhook->enabled);
	packed_put_number(out, (uint64_t)webhook->created);
	packed_put_number(out, (uint64_t)webhook->updated);
	packed_put_number(out, webhook->revision);
	packed_put_number(out, (uint64_t)webhook->old_secret_ends.successor);
	packed_put_text(out, webhook->name);
	packed_put_text(out, webhook->url);
	packed_put_text(out, webhook->secret);
	packed_put_text(out, webhook->old_secret);
	packed_put_text(out, webhook->reason);
	packed_put_text(out, webhook->created_by);
	packed_put_text(out, webhook->updated_by);
	put_pairs(out, webhook->headers, webhook->header_count);
	put_pairs(out, webhook->query, webhook->query_count);
	put_filter(out, &webhook->filter);
}

/* ---- read ---- */

static bool read_numbers(struct webhook *webhook, struct str *bytes)
{
	uint64_t numbers[8];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!packed_read_number(bytes, &numbers[i]))
			return false;
	}
	if (numbers[0] > UINT8_MAX || numbers[1] < WEBHOOK_POST || numbers[1] > WEBHOOK_GET ||
		numbers[2] < 1 || numbers[2] > WEBHOOK_PARALLEL_MAX || numbers[3] > 1)
		return false;
	webhook->format = (uint8_t)numbers[0];
	webhook->method = (enum webhook_method)numbers[1];
	webhook->parallel = (unsigned)numbers[2];
	webhook->enabled = numbers[3] != 0;
	webhook->created = (int64_t)numbers[4];
	webhook->updated = (int64_t)numbers[5];
	webhook->revision = numbers[6];
	webhook->old_secret_ends = (struct optional_time){ (int64_t)numbers[7] };
	return true;
}

static bool read_texts(struct webhook *webhook, struct str *bytes)
{
	struct str *const texts[] = { &webhook->name, &webhook->url, &webhook->secret,
		&webhook->old_secret, &webhook->reason, &webhook->created_by,
		&webhook->updated_by };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!packed_read_text(bytes, texts[i]))
			return false;
	}
	return true;
}

static bool read_pairs(struct webhook_pair *pairs, size_t *count, struct str *bytes)
{
	uint64_t number;

	if (!packed_read_number(bytes, &number) || number > WEBHOOK_PAIRS_MAX)
		return false;
	for (size_t i = 0; i < number; i++) {
		if (!packed_read_text(bytes, &pairs[i].name) ||
			!packed_read_text(bytes, &pairs[i].value))
			return false;
	}
	*count = (size_t)number;
	return true;
}

static bool read_kinds(struct feed_filter *filter, struct str *bytes, struct arena *arena)
{
	struct str *kinds;
	uint64_t count;

	if (!packed_read_number(bytes, &count) || count > FEED_VALUES_MAX)
		return false;
	kinds = arena_alloc(arena, (size_t)(count + 1) * sizeof(*kinds));
	if (!kinds)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!packed_read_text(bytes, &kinds[i]))
			return false;
	}
	filter->kinds = kinds;
	filter->kind_count = (size_t)count;
	return true;
}

static bool read_filter(struct feed_filter *filter, struct str *bytes, struct arena *arena)
{
	struct str dialects, ids;
	uint64_t states, types;

	if (!packed_read_text(bytes, &dialects) || !read_kinds(filter, bytes, arena) ||
		!packed_read_number(bytes, &states) || states > UINT32_MAX ||
		!packed_read_number(bytes, &types) || types > UINT32_MAX ||
		!packed_read_text(bytes, &ids) || ids.len % sizeof(*filter->ids) != 0)
		return false;
	filter->dialects = (const uint8_t *)dialects.ptr;
	filter->dialect_count = dialects.len;
	filter->states = (unsigned)states;
	filter->types = (unsigned)types;
	filter->ids = (const struct id *)(const void *)ids.ptr;
	filter->id_count = ids.len / sizeof(*filter->ids);
	return true;
}

bool webhook_decode(struct webhook *webhook, struct str bytes, struct arena *arena)
{
	const struct id id = webhook->id;
	const struct str tenant = webhook->tenant;

	*webhook = (struct webhook){ .id = id, .tenant = tenant };
	if (bytes.len == 0 || bytes.ptr[0] != VERSION)
		return false;
	bytes = str_skip(bytes, 1);
	return read_numbers(webhook, &bytes) && read_texts(webhook, &bytes) &&
	       read_pairs(webhook->headers, &webhook->header_count, &bytes) &&
	       read_pairs(webhook->query, &webhook->query_count, &bytes) &&
	       read_filter(&webhook->filter, &bytes, arena) && bytes.len == 0;
}

bool webhook_is_equal(const struct webhook *a, const struct webhook *b, bool *equal)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	bool ok;

	webhook_encode(a, &left);
	webhook_encode(b, &right);
	ok = buf_ok(&left) && buf_ok(&right);
	*equal = ok && str_eq(buf_str(&left), buf_str(&right));
	buf_free(&left);
	buf_free(&right);
	return ok;
}
