/* Import-tasks in the responses of IDOL: resource objects of JSON:API, a page or one. */
#include "dialect/document.h"

#include "dialect/idol/idol.h"
#include "http/json.h"

/* The same number leads to the same id, so a file that is read again replaces its tasks. */
static bool read_id(struct task *task, const struct document_item *item, struct err *err)
{
	struct str type, id;

	if (!document_get_text(item->json, "type", &type, err) ||
		!document_get_text(item->json, "id", &id, err))
		return false;
	if (!str_eq(type, STR(IDOL_RESOURCE_TYPE)))
		return err_set(err, ERR_INVALID, "type", "type must be " IDOL_RESOURCE_TYPE);
	if (!str_to_u64(id, &task->number) || id.ptr[0] == '0')
		return err_set(err, ERR_INVALID, "id", "id must be a number from 1");
	return id_from_name(&task->id, STR("idol"), id) || err_no_memory(err);
}

/* In the spelling of responses. As in requests, a product sets product-id too. */
static bool set_linkage(
	struct task *task, const struct document_item *item, json_t *linkage, struct err *err)
{
	struct idol_linkage parsed;
	json_t *id;
	bool ok;

	if (!idol_parse_linkage(&parsed, linkage))
		return document_set_field(task, item, "attachable", linkage, err);
	id = json_stringn(parsed.id.ptr, parsed.id.len);
	ok = json_object_set_new(linkage, "type", json_string(parsed.type)) == 0 &&
	     json_object_set(linkage, "id", id) == 0;
	ok = ok ? document_set_field(task, item, "attachable", linkage, err) : err_no_memory(err);
	if (ok && strcmp(parsed.type, "products") == 0)
		ok = document_set_field(task, item, "product-id", id, err);
	json_decref(id);
	return ok;
}

static bool read_attachable(struct task *task, const struct document_item *item, struct err *err)
{
	static const char *const names[] = { "attachable", NULL };
	static const char *const parts[] = { "links", "data", "meta", NULL };
	json_t *all = json_object_get(item->json, "relationships");
	json_t *attachable = json_object_get(all, "attachable");
	json_t *data = json_object_get(attachable, "data"), *linkage;
	bool ok;

	if (!document_check_names(all, names, err) || !document_check_names(attachable, parts, err))
		return false;
	if (!data)
		return err_set(err, ERR_MISSING, "attachable",
			"the linkage of attachable is missing: ask the vendor with "
			"include=attachable");
	if (!json_is_object(data))
		return document_set_field(task, item, "attachable", data, err);
	linkage = json_pack("{s:O?, s:O?}", "type", json_object_get(data, "type"), "id",
		json_object_get(data, "id"));
	ok = linkage ? set_linkage(task, item, linkage, err)
		     : err_set(err, ERR_INVALID, "attachable",
			       "the linkage of attachable must have type and id");
	json_decref(linkage);
	return ok;
}

/* As in requests, a number is accepted; responses have a string. */
static bool set_precision(
	struct task *task, const struct document_item *item, const json_t *attributes)
{
	const json_t *value = json_object_get(attributes, "precision");
	struct buf text = BUF_INIT;
	struct str json = STR_NULL;

	if (!json_is_integer(value))
		return true;
	buf_printf(&text, "\"%" JSON_INTEGER_FORMAT "\"", json_integer_value(value));
	if (buf_ok(&text))
		json = arena_copy(item->arena, buf_str(&text));
	buf_free(&text);
	return json.ptr && task_set_field(task, (struct field){ STR("precision"), json });
}

static bool read_attributes(struct task *task, const struct document_item *item, struct err *err)
{
	static const char *const names[] = { "created-at", "updated-at", "precision", "master-type",
		"support-number", "status", "cover-url", "url", "message", "md5", NULL };
	static const char *const cover[] = { "cover-url", NULL };
	json_t *attributes = json_object_get(item->json, "attributes");
	struct str status;

	return document_check_names(attributes, names, err) &&
	       document_get_time(attributes, "created-at", &task->created, err) &&
	       document_get_time(attributes, "updated-at", &task->updated, err) &&
	       document_get_text(attributes, "status", &status, err) &&
	       document_set_status(task, item, &idol_statuses, status, err) &&
	       document_set_fields(task, item, attributes, idol_members, true, err) &&
	       document_set_fields(task, item, attributes, cover, false, err) &&
	       (set_precision(task, item, attributes) || err_no_memory(err)) &&
	       document_set_error(task, item, json_object_get(attributes, "message"), err);
}

static bool read(struct task *task, const struct document_item *item, struct err *err)
{
	static const char *const names[] = { "id", "type", "links", "attributes", "relationships",
		"meta", NULL };

	return document_check_names(item->json, names, err) && read_id(task, item, err) &&
	       read_attributes(task, item, err) && read_attachable(task, item, err);
}

const struct dialect_document idol_document = { .list = "data", .read = read };
