/* Links of a page: rel="service-desc" (RFC 8631), "first" and "next" (RFC 8288). */
#include "dialect/native/query.h"
#include "http/query.h"

static void put_pair(char separator, const struct pair *pair, struct buf *out)
{
	buf_putc(out, separator);
	query_encode(out, pair->name, QUERY_PLUS_IS_SPACE);
	buf_putc(out, '=');
	query_encode(out, pair->value, QUERY_PLUS_IS_SPACE);
}

/* The query without its place. Returns the separator of a further parameter. */
static char put_query(const struct request *request, const char *place, struct buf *out)
{
	char separator = '?';

	for (size_t i = 0; i < request->query_count; i++) {
		if (str_eq(request->query[i].name, str_cstr(place)))
			continue;
		put_pair(separator, &request->query[i], out);
		separator = '&';
	}
	return separator;
}

bool native_check_links(const struct request *request, const char *place, struct err *err)
{
	struct buf query = BUF_INIT;
	bool ok, fits;

	put_query(request, place, &query);
	ok = buf_ok(&query);
	fits = query.len <= NATIVE_LINK_QUERY_MAX;
	buf_free(&query);
	if (!ok)
		return err_no_memory(err);
	return fits || err_set(err, ERR_URI_TOO_LONG, NULL,
			       "The query of a list must have at most %d bytes, encoded.",
			       NATIVE_LINK_QUERY_MAX);
}

/* value: of the place; empty: the link of the first page. */
static void put_link(const struct request *request, const char *relation, const char *place,
	struct str value, struct buf *out)
{
	const struct pair pair = { str_cstr(place), value };
	char separator;

	buf_puts(out, ", <");
	buf_put_str(out, request->base_url);
	buf_put_str(out, request->path);
	separator = put_query(request, place, out);
	if (value.len > 0)
		put_pair(separator, &pair, out);
	buf_printf(out, ">; rel=\"%s\"", relation);
}

bool native_add_links(const struct request *request, const char *place, struct str next,
	struct response *response, struct err *err)
{
	struct buf links = BUF_INIT;
	bool ok;

	buf_puts(&links, "</v1/openapi/native.json>; rel=\"service-desc\"");
	if (request_query_param(request, place).ptr)
		put_link(request, "first", place, STR_NULL, &links);
	if (next.len > 0)
		put_link(request, "next", place, next, &links);
	ok = buf_ok(&links) || err_no_memory(err);
	if (ok)
		response_add_header(response, "Link", buf_str(&links));
	buf_free(&links);
	return ok;
}

bool native_encode_links(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct str cursor = STR("");

	if (result->next_cursor.len > 0)
		cursor = native_cursor_encode(request, result->next_cursor);
	return cursor.ptr ? native_add_links(request, NATIVE_CURSOR, cursor, response, err)
			  : err_no_memory(err);
}
