/* Pagination parameters, and the header fields of a list. */
#include <stdio.h>
#include <stdlib.h>

#include "dialect/fourhse/fourhse.h"
#include "http/query.h"

/* More pages than any list has; times the largest page size it fits into 64 bits. */
#define PAGE_NUMBER_MAX 1000000000000
/* Bytes of one URL: nginx must accept a Link header field with five of them. */
#define LINK_MAX 1500

/* ---- numbers ---- */

static int64_t clamp_double(double number)
{
	if (number >= PAGE_NUMBER_MAX)
		return PAGE_NUMBER_MAX;
	return number >= 1 ? (int64_t)number : 0;
}

/* PHP reads an exponent too: (int) "1e2" is 100. */
static int64_t php_integer(struct str text)
{
	char copy[32];
	size_t digits;

	text = str_trim(text);
	digits = str_starts(text, STR("-")) || str_starts(text, STR("+"));
	while (digits < text.len && memchr("0123456789.", text.ptr[digits], 11))
		digits++;
	if (text.len >= sizeof(copy) || digits == text.len || (text.ptr[digits] | 0x20) != 'e')
		return str_leading_number(text, PAGE_NUMBER_MAX);
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return clamp_double(strtod(copy, NULL));
}

static uint64_t clamp_number(const json_t *value, int64_t default_value, int64_t max)
{
	int64_t number = default_value;

	if (json_is_integer(value))
		number = json_integer_value(value);
	else if (json_is_real(value))
		number = clamp_double(json_real_value(value));
	else if (json_is_string(value))
		number = php_integer(json_str(value));
	else if (json_is_boolean(value))
		number = json_is_true(value);
	if (number < 1)
		return 1;
	return (uint64_t)(number < max ? number : max);
}

uint64_t fourhse_per_page(const json_t *params)
{
	return clamp_number(json_object_get(params, "per-page"), FOURHSE_PER_PAGE_DEFAULT,
		FOURHSE_PER_PAGE_MAX);
}

uint64_t fourhse_page(const json_t *params)
{
	return clamp_number(json_object_get(params, "page"), 1, PAGE_NUMBER_MAX);
}

/* ---- addresses ---- */

struct link {
	struct arena *arena;
	struct buf *text;
	struct buf name; /* of the current parameter, with brackets: filter[status] */
	bool failed;
};

static bool put_params(struct link *link, json_t *value);

static bool put_child(struct link *link, struct str key, json_t *value)
{
	size_t len = link->name.len;
	bool fits;

	if (len > 0)
		buf_puts(&link->name, "%5B");
	query_encode(&link->name, key, QUERY_PLUS_IS_PLUS);
	if (len > 0)
		buf_puts(&link->name, "%5D");
	fits = put_params(link, value);
	link->name.len = len;
	return fits;
}

static bool put_list(struct link *link, const json_t *list)
{
	char place[24];

	for (size_t i = 0; i < json_array_size(list); i++) {
		snprintf(place, sizeof(place), "%zu", i);
		if (!put_child(link, str_cstr(place), json_array_get(list, i)))
			return false;
	}
	return true;
}

static bool put_scalar(struct link *link, const json_t *value)
{
	struct str text;

	if (json_is_string(value))
		text = json_str(value);
	else if (json_is_null(value))
		text = STR("NULL");
	else
		text = json_text(value, link->arena);
	if (!text.ptr)
		link->failed = true;
	buf_putc(link->text, '&');
	buf_put_str(link->text, buf_str(&link->name));
	buf_putc(link->text, '=');
	if (text.len <= LINK_MAX)
		query_encode(link->text, text, QUERY_PLUS_IS_PLUS);
	return text.len <= LINK_MAX;
}

/* Returns false if the URL becomes too long. */
static bool put_params(struct link *link, json_t *value)
{
	const char *key;
	json_t *child;

	if (link->text->len + link->name.len > LINK_MAX)
		return false;
	if (json_is_array(value))
		return put_list(link, value);
	if (!json_is_object(value))
		return put_scalar(link, value);
	json_object_foreach (value, key, child) {
		if (strlen(key) > LINK_MAX || !put_child(link, str_cstr(key), child))
			return false;
	}
	return true;
}

/* Sets the parameters of another page of the same list. */
static bool set_page_params(json_t *params, uint64_t page, uint64_t per_page)
{
	if (json_object_set_new(params, "page", json_integer((json_int_t)page)) != 0)
		return false;
	if (per_page != FOURHSE_PER_PAGE_DEFAULT)
		return json_object_set_new(
			       params, "per-page", json_integer((json_int_t)per_page)) == 0;
	json_object_del(params, "per-page");
	return true;
}

/* ---- headers ---- */

struct pages {
	const struct request *request;
	json_t *params; /* owned */
	uint64_t per_page, current, count;
	struct buf links;
	bool failed;
};

/* Returns false if the URL is too long or memory is exhausted. */
static bool put_link(struct pages *pages, const char *rel, uint64_t page)
{
	struct buf text = BUF_INIT;
	struct link link = { .arena = pages->request->arena, .text = &text };
	bool fits = false;

	if (set_page_params(pages->params, page, pages->per_page))
		fits = put_params(&link, pages->params);
	else
		link.failed = true;
	if (text.len > 0)
		text.data[0] = '?';
	buf_puts(&pages->links, pages->links.len == 0 ? "<" : ", <");
	buf_put_str(&pages->links, pages->request->base_url);
	buf_puts(&pages->links, FOURHSE_PREFIX "/index");
	buf_put_str(&pages->links, buf_str(&text));
	buf_printf(&pages->links, ">; rel=%s", rel);
	pages->failed |= link.failed || !buf_ok(&text) || !buf_ok(&link.name);
	fits = fits && text.len <= LINK_MAX;
	buf_free(&text);
	buf_free(&link.name);
	return fits && !pages->failed;
}

static bool put_links(struct pages *pages)
{
	if (!put_link(pages, "self", pages->current))
		return false;
	if (pages->count > 0 &&
		(!put_link(pages, "first", 1) || !put_link(pages, "last", pages->count)))
		return false;
	if (pages->current > 1 && !put_link(pages, "prev", pages->current - 1))
		return false;
	return pages->current >= pages->count || put_link(pages, "next", pages->current + 1);
}

bool fourhse_add_page_headers(const json_t *params, const struct request *request,
	const struct result *result, struct response *response, struct err *err)
{
	struct pages pages = { .request = request, .per_page = fourhse_per_page(params) };
	/* json_copy() takes a non-const argument but does not modify it. */
	json_t *copy = json_copy((json_t *)(uintptr_t)params);

	pages.params = copy;
	pages.count = (result->total + pages.per_page - 1) / pages.per_page;
	pages.current = result->total > 0 ? result->offset / pages.per_page + 1 : 1;
	response_add_number(response, "X-Pagination-Total-Count", result->total);
	response_add_number(response, "X-Pagination-Page-Count", pages.count);
	response_add_number(response, "X-Pagination-Current-Page", pages.current);
	response_add_number(response, "X-Pagination-Per-Page", pages.per_page);
	/* Omit Link if it is too long for nginx. */
	if (copy && put_links(&pages))
		response_add_header(response, "Link", buf_str(&pages.links));
	pages.failed |= !copy || !buf_ok(&pages.links);
	buf_free(&pages.links);
	json_decref(copy);
	return !pages.failed || err_no_memory(err);
}
