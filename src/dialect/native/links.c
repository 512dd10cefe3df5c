/* Links of a page: rel="service-desc" (RFC 8631), "first" and "next" (RFC 8288). */
#include "dialect/native/query.h"
#include "http/query.h"

/* The query without its cursor, with a separator for more. */
static void put_query(const struct request *request, struct buf *out)
{
	for (size_t i = 0; i < request->query_count; i++) {
		const struct pair *pair = &request->query[i];

		if (str_eq(pair->name, STR("cursor")))
			continue;
		query_encode(out, pair->name, QUERY_PLUS_IS_SPACE);
		buf_putc(out, '=');
		query_encode(out, pair->value, QUERY_PLUS_IS_SPACE);
		buf_putc(out, '&');
	}
}

bool native_keep_query(struct request *request, struct err *err)
{
	struct buf query = BUF_INIT;
	struct str *kept = arena_alloc(request->arena, sizeof(*kept));
	bool ok = false;

	put_query(request, &query);
	if (query.len > NATIVE_LINK_QUERY_MAX) {
		err_set(err, ERR_URI_TOO_LONG, NULL,
			"The query of a list must have at most %d bytes, encoded.",
			NATIVE_LINK_QUERY_MAX);
		goto out;
	}
	if (!kept || !buf_ok(&query)) {
		err_no_memory(err);
		goto out;
	}
	*kept = arena_copy(request->arena, buf_str(&query));
	request->encoder_state = kept;
	ok = kept->ptr || err_no_memory(err);
out:
	buf_free(&query);
	return ok;
}

static void put_link(
	const struct request *request, const char *relation, struct str cursor, struct buf *out)
{
	const struct str *query = request->encoder_state;
	bool first = cursor.len == 0;

	buf_puts(out, ", <");
	buf_put_str(out, request->base_url);
	buf_put_str(out, request->path);
	buf_puts(out, first && query->len == 0 ? "" : "?");
	buf_put_str(
		out, first && query->len > 0 ? (struct str){ query->ptr, query->len - 1 } : *query);
	buf_puts(out, first ? "" : "cursor=");
	buf_put_str(out, cursor);
	buf_printf(out, ">; rel=\"%s\"", relation);
}

bool native_encode_links(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct buf links = BUF_INIT;
	struct str cursor;
	bool ok;

	buf_puts(&links, "</v1/openapi/native.json>; rel=\"service-desc\"");
	if (request_query_param(request, "cursor").ptr)
		put_link(request, "first", STR_NULL, &links);
	if (result->next_cursor.len > 0) {
		cursor = native_cursor_encode(request, result->next_cursor);
		put_link(request, "next", cursor, &links);
		links.failed |= !cursor.ptr;
	}
	ok = buf_ok(&links) || err_no_memory(err);
	if (ok)
		response_add_header(response, "Link", buf_str(&links));
	buf_free(&links);
	return ok;
}
