/* Tasks in the responses of Vionlabs: one of a triple, or the list of an item. */
#include "dialect/document.h"

#include "dialect/vionlabs/vionlabs.h"
#include "http/json.h"
#include "http/query.h"

/* Takes the part behind `name` and a slash, decoded. */
static bool href_error(struct err *err)
{
	return err_set(err, ERR_INVALID, "href",
		"the href of a link must be the path of a task: "
		"/tasks/catalog-item/.../product/.../version/...");
}

static bool take_part(struct str *path, struct str name, struct str *part,
	const struct document_item *item, struct err *err)
{
	if (!str_eq(str_split_next(path, '/'), name) || path->len == 0)
		return href_error(err);
	return query_decode(part, str_split_next(path, '/'), QUERY_PLUS_IS_PLUS, item->arena, err);
}

/* "/tasks/catalog-item/movie/product/adbreaks/version/1.0.1", also with a host before it. */
static bool read_href(struct vionlabs_identity *identity, struct str path,
	const struct document_item *item, struct err *err)
{
	/* The query may have the key of a client. */
	path = str_split_next(&path, '?');
	if (!take_part(&path, STR("catalog-item"), &identity->item, item, err) ||
		!take_part(&path, STR("product"), &identity->product, item, err) ||
		!take_part(&path, STR("version"), &identity->version, item, err))
		return false;
	if (item->parent.ptr && !str_eq(identity->item, item->parent))
		return err_set(err, ERR_INVALID, "href", "the task belongs to the item %.*s",
			identity->item.len < 100 ? (int)identity->item.len : 100,
			identity->item.ptr);
	return path.len == 0 || href_error(err);
}

/* The names of links are free, so the first one that leads to a task is its own. */
static bool read_links(
	struct vionlabs_identity *identity, const struct document_item *item, struct err *err)
{
	static const struct str prefix = { "/tasks/", 7 };
	json_t *links = json_object_get(item->json, "_links"), *link;
	const char *name;

	json_object_foreach (links, name, link) {
		struct str href = json_str(json_object_get(link, "href"));
		const char *at = href.len ? memmem(href.ptr, href.len, prefix.ptr, prefix.len)
					  : NULL;

		if (at)
			return read_href(identity,
				str_skip(href, (size_t)(at - href.ptr) + prefix.len), item, err);
	}
	return err_set(err, ERR_MISSING, "_links",
		"no href in _links has the path of the task: import the list of its item instead");
}

static bool read_row(
	struct vionlabs_identity *identity, const struct document_item *item, struct err *err)
{
	identity->item = item->parent;
	if (!item->parent.ptr)
		return err_set(err, ERR_MISSING, "id",
			"a list does not say to which item it belongs: give it with --id");
	return document_get_text(item->json, "product", &identity->product, err) &&
	       document_get_text(item->json, "version", &identity->version, err);
}

static bool set_text(struct task *task, const struct document_item *item, const char *name,
	struct str text, struct err *err)
{
	struct field field = { str_cstr(name), json_quote(text, item->arena) };

	return (field.json.ptr && task_set_field(task, field)) || err_no_memory(err);
}

static bool set_identity(struct task *task, const struct document_item *item,
	const struct vionlabs_identity *identity, struct err *err)
{
	return set_text(task, item, "inventory_id", identity->item, err) &&
	       set_text(task, item, "product", identity->product, err) &&
	       set_text(task, item, "version", identity->version, err) &&
	       vionlabs_make_id(identity, &task->id, item->arena, err);
}

static bool read(struct task *task, const struct document_item *item, struct err *err)
{
	static const char *const single[] = { "status", "error", "_links", NULL };
	static const char *const row[] = { "task_status", "product", "version", NULL };
	static const char *const of_status[] = { "status", "error", NULL };
	json_t *status = json_object_get(item->json, "task_status");
	struct vionlabs_identity identity;
	struct str text;

	task->created = task->updated = item->now;
	task->priority = VIONLABS_PRIORITY_LOW; /* the responses do not have it */
	return document_check_names(item->json, status ? row : single, err) &&
	       document_check_names(status, of_status, err) &&
	       (status ? read_row(&identity, item, err) : read_links(&identity, item, err)) &&
	       set_identity(task, item, &identity, err) &&
	       document_get_text(status ? status : item->json, "status", &text, err) &&
	       document_set_status(task, item, &vionlabs_statuses, text, err) &&
	       document_set_error(
		       task, item, json_object_get(status ? status : item->json, "error"), err);
}

/* The list of an item is an array. */
const struct dialect_document vionlabs_document = {
	.list = NULL, .timeless = true, .needs_parent = true, .read = read
};
