#include "dialect/vionlabs.h"
#include "http/json.h"

const char *const vionlabs_products[] = {
	"adbreaks",
	"contextual_adbreak",
	"emotions",
	"fingerprint",
	"fingerprintplus",
	"jitpreviews",
	"jitthumbnails",
	"markers",
	"nudity",
	"profanity",
	"semantic",
	"similar",
	"content_summary",
	"semantic_scenes",
	"vertical_conversion",
	"scene_tags",
	NULL,
};

const char *const vionlabs_priorities[] = { "low", "medium", "high", NULL };

/* What names a task within its tenant. */
struct identity {
	struct str item, product, version;
};

int vionlabs_place(const char *const *words, struct str word)
{
	for (int i = 0; words[i]; i++) {
		if (str_eq(word, str_of(words[i])))
			return i;
	}
	return -1;
}

/* ---- the address ---- */

static bool read_text(struct buf *problems, const char *loc, struct str text, size_t max,
	struct mem *mem, struct err *err)
{
	struct str quoted;

	if (str_characters(text) <= max)
		return true;
	quoted = json_quote(text, mem);
	if (!quoted.ptr)
		return err_no_memory(err);
	vionlabs_put_too_long(problems, loc, quoted, max);
	return true;
}

static bool read_product(struct buf *problems, struct str product, struct mem *mem, struct err *err)
{
	struct str quoted;

	if (vionlabs_place(vionlabs_products, product) >= 0)
		return true;
	quoted = json_quote(product, mem);
	if (!quoted.ptr)
		return err_no_memory(err);
	vionlabs_put_wrong_word(problems, "\"path\",\"product\"", quoted, vionlabs_products);
	return true;
}

/* False only without memory: what is wrong goes to the problems. */
static bool read_path(
	const struct request *request, struct buf *problems, struct identity *who, struct err *err)
{
	who->item = request_var(request, "item");
	who->product = request_var(request, "product");
	who->version = request_var(request, "version");
	return read_text(problems, "\"path\",\"inventory_id\"", who->item, VIONLABS_ITEM_MAX,
		       request->mem, err) &&
	       read_product(problems, who->product, request->mem, err) &&
	       read_text(problems, "\"path\",\"version\"", who->version, VIONLABS_VERSION_MAX,
		       request->mem, err);
}

/* No part of a name holds a NUL, so no two names are written alike. */
static bool make_id(const struct identity *who, struct id *id, struct mem *mem, struct err *err)
{
	size_t len = who->item.len + who->product.len + who->version.len + 2;
	char *name = mem_alloc(mem, len), *at = name;
	const struct str parts[] = { who->item, who->product, who->version };

	if (!name)
		return err_no_memory(err);
	for (size_t i = 0; i < 3; i++) {
		if (i > 0)
			*at++ = '\0';
		if (parts[i].len > 0)
			memcpy(at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	return id_of_name(id, STR("vionlabs"), (struct str){ name, len }) || err_no_memory(err);
}

/* ---- the body ---- */

/* What we refuse and Python takes has no place there: it is told at the body's begin. */
static bool refuse_json(const struct request *request, const char *why, struct err *err)
{
	struct buf problems = BUF_INIT;
	size_t at = 0;
	const char *complaint = vionlabs_json_complaint(request->body, &at);

	vionlabs_put_no_json(&problems, complaint ? at : 0, complaint ? complaint : why);
	return vionlabs_conclude(&problems, request->mem, err);
}

/* *json stays NULL when there is no body, whatever its Content-Type. */
static bool read_body(const struct request *request, json_t **json, struct err *err)
{
	struct err why;

	if (request->body.len == 0)
		return true;
	if (!str_is_utf8(request->body))
		return err_set(err, ERR_MALFORMED, NULL, "There was an error parsing the body");
	if (json_read(json, request->body, &why))
		return true;
	if (why.code == ERR_NO_MEMORY)
		return err_no_memory(err);
	return refuse_json(request, err_text(&why), err);
}

static void set_priority(struct change *change, struct str word)
{
	int place = vionlabs_place(vionlabs_priorities, word);

	if (place < 0)
		return;
	change->set |= CHANGE_PRIORITY;
	change->priority = place;
}

/* null stands for "not given", for the body as for the member. */
static bool take_body(const json_t *json, struct buf *problems, struct change *change,
	struct mem *mem, struct err *err)
{
	const json_t *priority = json_object_get(json, "priority");
	struct str text;

	if (!json || json_is_null(json))
		return true;
	if (json_is_object(json) && (!priority || json_is_null(priority)))
		return true;
	text = json_text(priority ? priority : json, mem);
	if (!text.ptr)
		return err_no_memory(err);
	if (!json_is_object(json))
		vionlabs_put_no_object(problems, text);
	else if (vionlabs_place(vionlabs_priorities, json_str(priority)) < 0)
		vionlabs_put_wrong_word(
			problems, "\"body\",\"priority\"", text, vionlabs_priorities);
	else
		change_set(change, STR("priority"), text);
	set_priority(change, json_str(priority));
	return true;
}

/* ---- the rows ---- */

/* The address alone; ends the problems. */
static bool read_identity(const struct request *request, struct id *id, struct err *err)
{
	struct buf problems = BUF_INIT;
	struct identity who;

	if (!read_path(request, &problems, &who, err)) {
		buf_free(&problems);
		return false;
	}
	return vionlabs_conclude(&problems, request->mem, err) &&
	       make_id(&who, id, request->mem, err);
}

bool vionlabs_decode_list(struct request *request, struct op *op, struct err *err)
{
	struct str item = request_var(request, "item"), value;
	struct buf problems = BUF_INIT;

	if (!read_text(&problems, "\"path\",\"inventory_id\"", item, VIONLABS_ITEM_MAX,
		    request->mem, err) ||
		!vionlabs_conclude(&problems, request->mem, err))
		return false;
	value = json_quote(item, request->mem);
	if (!value.ptr)
		return err_no_memory(err);
	op->kind = OP_LIST;
	op->dialect = vionlabs_dialect.code;
	/* within one item the index has the order of product and version */
	list_where(&op->list, VIONLABS_BY_ITEM, value);
	list_by(&op->list, VIONLABS_BY_ITEM, false);
	return true;
}

bool vionlabs_decode_read(struct request *request, struct op *op, struct err *err)
{
	if (!read_identity(request, &op->id, err))
		return false;
	op->kind = OP_READ;
	op->dialect = vionlabs_dialect.code;
	return true;
}

bool vionlabs_decode_deactivate(struct request *request, struct op *op, struct err *err)
{
	if (!read_identity(request, &op->id, err))
		return false;
	op->kind = OP_UPDATE;
	op->dialect = vionlabs_dialect.code;
	op->change.state = TASK_CANCELLED;
	op->change.word = str_of(dialect_word(&vionlabs_dialect, TASK_CANCELLED));
	return true;
}

static bool put_identity(
	struct change *change, const struct identity *who, struct mem *mem, struct err *err)
{
	struct str item = json_quote(who->item, mem);
	struct str product = json_quote(who->product, mem);
	struct str version = json_quote(who->version, mem);

	if (!item.ptr || !product.ptr || !version.ptr)
		return err_no_memory(err);
	return change_set(change, STR("inventory_id"), item) &&
	       change_set(change, STR("product"), product) &&
	       change_set(change, STR("version"), version);
}

bool vionlabs_decode_create(struct request *request, struct op *op, struct err *err)
{
	struct buf problems = BUF_INIT;
	struct change change = { .state = TASK_PENDING };
	struct identity who;
	json_t *json = NULL;
	bool ok = false;

	change.word = str_of(dialect_word(&vionlabs_dialect, TASK_PENDING));
	if (!read_body(request, &json, err) || !read_path(request, &problems, &who, err) ||
		!put_identity(&change, &who, request->mem, err) ||
		!take_body(json, &problems, &change, request->mem, err))
		goto out;
	if (!vionlabs_conclude(&problems, request->mem, err) ||
		!make_id(&who, &op->fresh, request->mem, err))
		goto out;
	op->kind = OP_ENSURE;
	op->named = true;
	op->dialect = vionlabs_dialect.code;
	op->change = change;
	ok = true;
out:
	buf_free(&problems);
	json_decref(json);
	return ok;
}

/* ---- tasks of the native API ---- */

/* A member that must be a text of 1 to max characters; *text is its value. */
static bool need_text(const struct op *op, const char *name, size_t max, struct mem *mem,
	struct str *text, struct err *err)
{
	struct str json = change_field(&op->change, str_of(name));

	if (json.len == 0 || json.ptr[0] != '"')
		return err_set(err, ERR_UNPROCESSABLE, name, "%s must be a string", name);
	*text = json_unquote(json, mem);
	if (!text->ptr)
		return err_no_memory(err);
	if (text->len == 0 || str_characters(*text) > max)
		return err_set(err, ERR_UNPROCESSABLE, name, "%s must have 1 to %zu characters",
			name, max);
	if (!request_can_be_segment(*text))
		return err_set(err, ERR_UNPROCESSABLE, name,
			"%s holds a backslash or a dot segment, which no address may", name);
	return true;
}

bool vionlabs_prepare(const struct request *request, struct op *op, struct err *err)
{
	struct str priority = change_field(&op->change, STR("priority"));
	struct identity who;

	if (!need_text(op, "inventory_id", VIONLABS_ITEM_MAX, request->mem, &who.item, err) ||
		!need_text(op, "product", VIONLABS_ITEM_MAX, request->mem, &who.product, err) ||
		!need_text(op, "version", VIONLABS_VERSION_MAX, request->mem, &who.version, err))
		return false;
	if (priority.len > 2 && !(op->change.set & CHANGE_PRIORITY))
		set_priority(&op->change, (struct str){ priority.ptr + 1, priority.len - 2 });
	op->named = true;
	return make_id(&who, &op->fresh, request->mem, err);
}

/* Whether a member's JSON text is a string that is one of the words. */
static bool is_word(struct str json, const char *const *words)
{
	return json.len > 2 && json.ptr[0] == '"' &&
	       vionlabs_place(words, (struct str){ json.ptr + 1, json.len - 2 }) >= 0;
}

/* The address of a task is made of these. */
static bool admit_identity(const struct task *before, const struct task *task, struct err *err)
{
	static const char *const names[] = { "inventory_id", "product", "version" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str json = task_field(task, str_of(names[i]));

		if (json.len <= 2 || json.ptr[0] != '"')
			return err_set(err, ERR_UNPROCESSABLE, names[i],
				"%s must be a string and not empty", names[i]);
		if (before && !str_eq(json, task_field(before, str_of(names[i]))))
			return err_set(err, ERR_UNPROCESSABLE, names[i],
				"%s cannot be changed: it is part of the task's name", names[i]);
	}
	if (!is_word(task_field(task, STR("product")), vionlabs_products))
		return err_set(
			err, ERR_UNPROCESSABLE, "product", "product must be one that is known");
	return true;
}

bool vionlabs_admit(const struct task *before, const struct task *task, struct err *err)
{
	struct str priority = task_field(task, STR("priority"));

	if (!admit_identity(before, task, err))
		return false;
	if (priority.ptr && !is_word(priority, vionlabs_priorities))
		return err_set(
			err, ERR_UNPROCESSABLE, "priority", "priority must be low, medium or high");
	if (dialect_state(&vionlabs_dialect, task->word) != task->state)
		return err_set(err, ERR_UNPROCESSABLE, "word",
			"the word must be the one that Vionlabs has for the state");
	return true;
}
