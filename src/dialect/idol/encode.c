/* Resource objects, pages of them, and the links of a page. */
#include <stdio.h>
#include <stdlib.h>

#include "dialect/idol/idol.h"
#include "http/json.h"
#include "http/query.h"

#define BASE_PATH "/api/v2/"

/* ---- attributes ---- */

static void put_created(const struct request *request, const struct task *task, struct buf *out)
{
	buf_putc(out, '"');
	tz_put_time(request->tz, task->created, out);
	buf_putc(out, '"');
}

static void put_updated(const struct request *request, const struct task *task, struct buf *out)
{
	buf_putc(out, '"');
	tz_put_time(request->tz, task->updated, out);
	buf_putc(out, '"');
}

static void put_status(const struct request *request, const struct task *task, struct buf *out)
{
	(void)request;
	buf_put_json_string(out, task->status);
}

/*
 * The error of a failed task; null in other states. The type is a string: another value is shown as
 * its JSON text in a string.
 */
static void put_message(const struct request *request, const struct task *task, struct buf *out)
{
	(void)request;
	json_put_as_string(out, task->state == TASK_FAILED ? task->error : STR_NULL);
}

/* In the order of responses. Without put the attribute is the field of that name. */
static const struct attribute {
	const char *name;
	void (*put)(const struct request *request, const struct task *task, struct buf *out);
	bool optional; /* omitted if null */
} attributes[] = {
	{ "created-at", .put = put_created },
	{ "updated-at", .put = put_updated },
	{ "precision", .put = NULL },
	{ "master-type", .put = NULL },
	{ "support-number", .put = NULL },
	{ "status", .put = put_status },
	{ "cover-url", .optional = true },
	{ "url", .put = NULL },
	{ "message", .put = put_message },
	{ "md5", .optional = true },
};

#define ATTRIBUTE_COUNT	  (sizeof(attributes) / sizeof(attributes[0]))
#define SELECT_ATTACHABLE (1U << ATTRIBUTE_COUNT)

bool idol_select_field(struct str name, unsigned *shown)
{
	for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
		if (str_eq(name, str_cstr(attributes[i].name))) {
			*shown |= 1U << i;
			return true;
		}
	}
	if (str_eq(name, STR("attachable"))) {
		*shown |= SELECT_ATTACHABLE;
		return true;
	}
	return str_eq(name, STR("id"));
}

/* The field's JSON text; null if the task does not have the field. */
static struct str field_json(const struct task *task, const char *name)
{
	struct str json = task_field(task, str_cstr(name));

	return json.ptr ? json : STR("null");
}

static void put_attributes(const struct request *request, const struct task *task, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
		const struct attribute *attribute = &attributes[i];

		if (!(request->selected_fields & 1U << i))
			continue;
		if (attribute->optional && str_eq(field_json(task, attribute->name), STR("null")))
			continue;
		buf_puts(out, any ? ",\"" : ",\"attributes\":{\"");
		buf_puts(out, attribute->name);
		buf_puts(out, "\":");
		if (attribute->put)
			attribute->put(request, task, out);
		else
			buf_put_str(out, field_json(task, attribute->name));
		any = true;
	}
	if (any)
		buf_putc(out, '}');
}

/* ---- addresses ---- */

static void put_url(
	const struct request *request, const struct task *task, const char *suffix, struct buf *out)
{
	buf_put_str(out, request->base_url);
	buf_printf(out, BASE_PATH IDOL_RESOURCE_TYPE "/%llu%s", (unsigned long long)task->number,
		suffix);
}

static void put_quoted_url(
	const struct request *request, const struct task *task, const char *suffix, struct buf *out)
{
	buf_putc(out, '"');
	put_url(request, task, suffix, out);
	buf_putc(out, '"');
}

/* ---- included resources ---- */

/* Only type and id of an attachable are known here. */
static void put_stub(const struct request *request, const json_t *linkage, struct buf *out)
{
	struct str type = json_str(json_object_get(linkage, "type"));
	struct str id = json_str(json_object_get(linkage, "id"));

	buf_puts(out, "{\"id\":");
	buf_put_json_string(out, id);
	buf_puts(out, ",\"type\":");
	buf_put_json_string(out, type);
	buf_puts(out, ",\"links\":{\"self\":\"");
	buf_put_str(out, request->base_url);
	buf_puts(out, BASE_PATH);
	query_encode(out, type, QUERY_PLUS_IS_PLUS);
	buf_putc(out, '/');
	query_encode(out, id, QUERY_PLUS_IS_PLUS);
	buf_puts(out, "\"}}");
}

/* Keeps the linkage of a shown task, if the request includes attachables. */
static bool keep_linkage(const struct request *request, const struct task *task)
{
	struct idol_included *included = request->encoder_state;
	struct str json = field_json(task, "attachable");

	if (!included || str_eq(json, STR("null")) || included->count == IDOL_PAGE_SIZE_MAX)
		return true;
	for (size_t i = 0; i < included->count; i++) {
		if (str_eq(included->linkages[i], json))
			return true;
	}
	json = arena_copy(request->arena, json);
	if (json.ptr)
		included->linkages[included->count++] = json;
	return json.ptr;
}

static void put_included(const struct request *request, struct buf *out)
{
	const struct idol_included *included = request->encoder_state;
	const char *before = ",\"included\":[";
	struct err err;

	for (size_t i = 0; included && i < included->count; i++) {
		json_t *linkage;

		if (!json_parse_strict(&linkage, included->linkages[i], &err)) {
			out->failed |= err.code == ERR_NO_MEMORY;
			continue;
		}
		buf_puts(out, before);
		put_stub(request, linkage, out);
		json_decref(linkage);
		before = ",";
	}
	if (included)
		buf_puts(out, before[1] ? ",\"included\":[]" : "]");
}

/* ---- tasks ---- */

/* {"links":{...},"data":...}: a relationship, in a resource or as its own response. */
static void put_linkage(const struct request *request, const struct task *task, struct buf *out)
{
	buf_puts(out, "{\"links\":{\"self\":");
	put_quoted_url(request, task, "/relationships/attachable", out);
	buf_puts(out, ",\"related\":");
	put_quoted_url(request, task, "/attachable", out);
	buf_puts(out, "},\"data\":");
	buf_put_str(out, field_json(task, "attachable"));
	buf_putc(out, '}');
}

bool idol_put_task(const struct request *request, const struct task *task, struct buf *out)
{
	buf_printf(out, "{\"id\":\"%llu\",\"type\":\"" IDOL_RESOURCE_TYPE "\",\"links\":{\"self\":",
		(unsigned long long)task->number);
	put_quoted_url(request, task, "", out);
	buf_putc(out, '}');
	put_attributes(request, task, out);
	if (request->selected_fields & SELECT_ATTACHABLE) {
		buf_puts(out, ",\"relationships\":{\"attachable\":");
		put_linkage(request, task, out);
		buf_putc(out, '}');
	}
	buf_putc(out, '}');
	return keep_linkage(request, task) && buf_ok(out);
}

/* ---- links of a page ---- */

/*
 * The parameters of a page's link: those of the request and the page, in alphabetical order.
 * Encoded like Rails' to_query: a space becomes a plus.
 */
struct page_params {
	struct pair pairs[REQUEST_QUERY_MAX + 2];
	size_t count;
	char number[24], size[24];
};

static bool is_page_param(const struct request *request, size_t i)
{
	struct str name = request->query[i].name, key;

	if (!idol_split_brackets(name, "fields", &key) &&
		!idol_split_brackets(name, "filter", &key) && !str_eq(name, STR("include")) &&
		!str_eq(name, STR("sort")))
		return false;
	/* If a parameter is repeated, the last one counts. */
	for (size_t k = i + 1; k < request->query_count; k++) {
		if (str_eq(request->query[k].name, name))
			return false;
	}
	return true;
}

static int compare_pairs(const void *a, const void *b)
{
	return str_compare(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static void collect_page_params(
	const struct request *request, struct idol_page page, struct page_params *params)
{
	params->count = 0;
	for (size_t i = 0; i < request->query_count; i++) {
		if (is_page_param(request, i))
			params->pairs[params->count++] = request->query[i];
	}
	snprintf(params->number, sizeof(params->number), "%lld", (long long)page.number);
	snprintf(params->size, sizeof(params->size), "%lld", (long long)page.size);
	params->pairs[params->count++] = (struct pair){ STR("page[number]"),
		str_cstr(params->number) };
	params->pairs[params->count++] = (struct pair){ STR("page[size]"), str_cstr(params->size) };
	qsort(params->pairs, params->count, sizeof(params->pairs[0]), compare_pairs);
}

static void put_page_link(
	const struct request *request, const char *name, struct idol_page page, struct buf *out)
{
	struct page_params params;

	collect_page_params(request, page, &params);
	if (out->len > 0 && out->data[out->len - 1] != '{')
		buf_putc(out, ',');
	buf_printf(out, "\"%s\":\"", name);
	buf_put_str(out, request->base_url);
	buf_puts(out, BASE_PATH IDOL_RESOURCE_TYPE);
	for (size_t i = 0; i < params.count; i++) {
		buf_putc(out, i == 0 ? '?' : '&');
		query_encode(out, params.pairs[i].name, QUERY_PLUS_IS_SPACE);
		buf_putc(out, '=');
		query_encode(out, params.pairs[i].value, QUERY_PLUS_IS_SPACE);
	}
	buf_putc(out, '"');
}

bool idol_encode_end(const struct request *request, const struct result *result, struct buf *out)
{
	struct idol_page page = idol_parse_page(request);
	const int64_t total = (int64_t)result->total, size = page.size;
	const int64_t count = (total + size - 1) / size, last = count > 0 ? count : 1;

	buf_putc(out, ']');
	put_included(request, out);
	buf_printf(out, ",\"meta\":{\"record-count\":%lld,\"page-count\":%lld},\"links\":{",
		(long long)total, (long long)count);
	put_page_link(request, "first", (struct idol_page){ 1, size }, out);
	if (page.number > 1)
		put_page_link(request, "prev", (struct idol_page){ page.number - 1, size }, out);
	if (page.number < count)
		put_page_link(request, "next", (struct idol_page){ page.number + 1, size }, out);
	put_page_link(request, "last", (struct idol_page){ last, size }, out);
	buf_puts(out, "}}");
	return buf_ok(out);
}

/* ---- responses ---- */

bool idol_encode(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct idol_included *included = request->encoder_state;
	struct buf url = BUF_INIT;

	if (included)
		included->count = 0;
	if (result->kind == OP_LIST) {
		buf_puts(&response->body, "{\"data\":[");
		return response_finish(response, 200, IDOL_MEDIA_TYPE, err);
	}
	buf_puts(&response->body, "{\"data\":");
	if (!idol_put_task(request, &result->task, &response->body))
		return err_no_memory(err);
	put_included(request, &response->body);
	buf_putc(&response->body, '}');
	if (result->kind != OP_CREATE)
		return response_finish(response, 200, IDOL_MEDIA_TYPE, err);
	put_url(request, &result->task, "", &url);
	response_add_location(response, &url);
	return response_finish(response, 201, IDOL_MEDIA_TYPE, err);
}

bool idol_encode_linkage(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	put_linkage(request, &result->task, &response->body);
	return response_finish(response, 200, IDOL_MEDIA_TYPE, err);
}

bool idol_encode_related(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct err why;
	json_t *linkage;

	if (!json_parse_strict(&linkage, field_json(&result->task, "attachable"), &why))
		return err_set(
			err, why.code == ERR_NO_MEMORY ? ERR_NO_MEMORY : ERR_INTERNAL, NULL, NULL);
	buf_puts(&response->body, "{\"data\":");
	if (json_is_object(linkage))
		put_stub(request, linkage, &response->body);
	else
		buf_puts(&response->body, "null");
	buf_putc(&response->body, '}');
	json_decref(linkage);
	return response_finish(response, 200, IDOL_MEDIA_TYPE, err);
}
