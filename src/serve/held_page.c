#include "serve/held_page.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "serve/precondition.h"

#define TAG_BYTES 16

void held_page_add(struct exchange *exchange, const struct task *row)
{
	if (!exchange->held_back)
		return;
	buf_put(&exchange->revisions, &row->id, sizeof(row->id));
	buf_put(&exchange->revisions, &row->revision, sizeof(row->revision));
}

static bool set_tag(struct exchange *exchange, struct err *err)
{
	const struct result *result = &exchange->result;
	struct buf *text = &exchange->revisions;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char tag[2 * TAG_BYTES + 1];

	buf_printf(text, "%d %" PRIu64 " ", result->total_known, result->total);
	buf_put_str(text, result->next_cursor);
	if (!buf_ok(text) || !SHA256((const uint8_t *)text->data, text->len, digest))
		return err_no_memory(err);
	for (size_t i = 0; i < TAG_BYTES; i++)
		snprintf(tag + 2 * i, 3, "%02x", digest[i]);
	precondition_set_page_etag(&exchange->request, str_cstr(tag), &exchange->response);
	return true;
}

static bool is_held(const struct exchange *exchange)
{
	return exchange->streaming &&
	       (exchange->route->encode_links || exchange->response.body.len < HELD_PAGE_MAX);
}

bool held_page_check(struct exchange *exchange, struct err *err)
{
	const struct route *route = exchange->route;
	struct response *response = &exchange->response;
	bool is_head = exchange->request.method == METHOD_HEAD, ok = true;

	if (!exchange->held_back || is_held(exchange))
		return true;
	exchange->held_back = false;
	if (!exchange->streaming)
		ok = (!route->encode_links || route->encode_links(&exchange->request,
						      &exchange->result, response, err)) &&
		     set_tag(exchange, err);
	if (is_head) {
		exchange->streaming = false;
		buf_reset(&response->body);
	}
	return ok;
}
