/* The model of a task: its linkage, and the rules for tasks that arrive by the native API. */
#include <stdio.h>

#include "base/encode.h"
#include "dialect/idol/idol.h"

#define LINKAGE_ID_MAX 64
#define MD5_LEN	       32

static const char *const master_types[] = { "cd", "hd", "dolby_atmos", "apple_motion_art_desktop",
	"apple_motion_art_mobile" };

bool idol_is_master_type(struct str text)
{
	for (size_t i = 0; i < sizeof(master_types) / sizeof(master_types[0]); i++) {
		if (str_eq(text, str_cstr(master_types[i])))
			return true;
	}
	return false;
}

bool idol_is_md5(struct str text)
{
	uint8_t sum[MD5_LEN / 2];

	return hex_decode(sum, sizeof(sum), text);
}

const char *const idol_members[] = { "master-type", "precision", "support-number", "url", "md5",
	NULL };

/* ---- types ---- */

/* jsonapi-resources treats ImportTask, import_task and import-tasks alike. */
bool idol_matches_type(struct str text, const char *plain)
{
	size_t len = strlen(plain), at = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '-' || text.ptr[i] == '_')
			continue;
		if (at < len && (text.ptr[i] | 0x20) == plain[at])
			at++;
		else if (at == len && i + 1 == text.len && (text.ptr[i] | 0x20) == 's')
			return true;
		else
			return false;
	}
	return at == len;
}

static const struct {
	const char *plain, *shown;
} types[] = {
	{ "track", "tracks" },
	{ "video", "videos" },
	{ "assetattachment", "asset-attachments" },
	{ "product", "products" },
};

static const char *find_type(const json_t *name)
{
	for (size_t i = 0; json_is_string(name) && i < sizeof(types) / sizeof(types[0]); i++) {
		if (idol_matches_type(json_str(name), types[i].plain))
			return types[i].shown;
	}
	return NULL;
}

bool idol_is_attachable_type(struct str text)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (str_eq(text, str_cstr(types[i].shown)))
			return true;
	}
	return false;
}

/* ---- linkage ---- */

static bool set_linkage_error(
	struct idol_linkage *linkage, enum idol_api_error error, const json_t *bad_value)
{
	linkage->error = error;
	linkage->bad_value = bad_value;
	return false;
}

static bool is_linkage(struct idol_linkage *linkage, const json_t *data)
{
	if (json_object_size(data) == 2 && json_object_get(data, "type") &&
		json_object_get(data, "id"))
		return true;
	return set_linkage_error(linkage, IDOL_INVALID_LINKS_OBJECT, NULL);
}

static bool parse_linked_id(struct idol_linkage *linkage, const json_t *id)
{
	linkage->id = json_str(id);
	if (json_is_integer(id)) {
		snprintf(linkage->number, sizeof(linkage->number), "%lld",
			(long long)json_integer_value(id));
		linkage->id = str_cstr(linkage->number);
	}
	if (linkage->id.len == 0 || linkage->id.len > LINKAGE_ID_MAX)
		return set_linkage_error(linkage, IDOL_INVALID_FIELD_VALUE, id);
	return true;
}

bool idol_parse_linkage(struct idol_linkage *linkage, const json_t *data)
{
	const json_t *type = json_object_get(data, "type");

	if (!is_linkage(linkage, data))
		return false;
	linkage->type = find_type(type);
	if (!linkage->type)
		return set_linkage_error(linkage, IDOL_INVALID_RESOURCE, type);
	return parse_linked_id(linkage, json_object_get(data, "id"));
}

bool idol_parse_owner(struct idol_linkage *linkage, const json_t *data, const char *plain)
{
	const json_t *type = json_object_get(data, "type");

	if (!is_linkage(linkage, data))
		return false;
	if (!json_is_string(type) || !idol_matches_type(json_str(type), plain))
		return set_linkage_error(linkage, IDOL_INVALID_RESOURCE, type);
	return parse_linked_id(linkage, json_object_get(data, "id"));
}

/* A product sets product-id too. */
bool idol_set_linkage(const struct idol_linkage *linkage, struct change *change,
	struct arena *arena, struct err *err)
{
	struct buf text = BUF_INIT;
	struct str json = STR_NULL, id = json_quote(linkage->id, arena);
	bool ok = id.ptr;

	buf_printf(&text, "{\"type\":\"%s\",\"id\":", linkage->type);
	if (ok)
		buf_put_str(&text, id);
	buf_putc(&text, '}');
	if (ok && buf_ok(&text))
		json = arena_copy(arena, buf_str(&text));
	buf_free(&text);
	if (!json.ptr)
		return err_no_memory(err);
	ok = change_set_field(change, STR("attachable"), json);
	if (strcmp(linkage->type, "products") == 0)
		ok = ok && change_set_field(change, STR("product-id"), id);
	return ok || err_set(err, ERR_INVALID, "attachable", "A task has too many members");
}

/* ---- tasks of the native API ---- */

static bool set_member_error(struct err *err, const char *name, const char *expected)
{
	return err_set(err, ERR_UNPROCESSABLE, name, "%s must be %s", name, expected);
}

#define LINKAGE_EXPECTED "an object of type (tracks, videos, asset-attachments, products) and id"

/* The caller owns *json. */
static bool parse_attachable(json_t **json, struct str text, struct err *err)
{
	if (text.len == 0)
		return set_member_error(err, "attachable", LINKAGE_EXPECTED);
	return json_parse_strict(json, text, err);
}

/* Turns every spelling that a creation accepts into the one of responses. */
static bool normalize_linkage(struct op *op, struct arena *arena, struct err *err)
{
	struct str text = change_field(&op->change, STR("attachable"));
	struct idol_linkage linkage;
	json_t *json;
	bool ok;

	if (!parse_attachable(&json, text, err))
		return false;
	if (idol_parse_linkage(&linkage, json))
		ok = idol_set_linkage(&linkage, &op->change, arena, err);
	else
		ok = set_member_error(err, "attachable", LINKAGE_EXPECTED);
	json_decref(json);
	return ok;
}

bool idol_native_defaults(const struct request *request, struct op *op, struct err *err)
{
	struct str precision = change_field(&op->change, STR("precision"));

	op->assign_number = true;
	if (change_field(&op->change, STR("master-type")).len == 0)
		return set_member_error(err, "master-type", "present");
	if (!normalize_linkage(op, request->arena, err))
		return false;
	if (str_eq(precision, STR("16")) || str_eq(precision, STR("24")))
		change_set_field(&op->change, STR("precision"),
			str_eq(precision, STR("16")) ? STR("\"16\"") : STR("\"24\""));
	for (size_t i = 0; idol_members[i]; i++) {
		if (change_field(&op->change, str_cstr(idol_members[i])).len == 0 &&
			!change_set_field(&op->change, str_cstr(idol_members[i]), STR("null")))
			return err_set(err, ERR_UNPROCESSABLE, idol_members[i],
				"A task has too many members");
	}
	return true;
}

/* ---- validation ---- */

static bool is_text(struct str json)
{
	return json.len >= 2 && json.ptr[0] == '"';
}

static bool is_null(struct str json)
{
	return str_eq(json, STR("null"));
}

/* The text between the quotes; the values compared with it need no escapes. */
static struct str unquote(struct str json)
{
	return is_text(json) ? (struct str){ json.ptr + 1, json.len - 2 } : STR_NULL;
}

static bool is_master_type(struct str json)
{
	return idol_is_master_type(unquote(json));
}

static bool is_precision(struct str json)
{
	return is_null(json) || str_eq(json, STR("\"16\"")) || str_eq(json, STR("\"24\""));
}

static bool is_text_or_null(struct str json)
{
	return is_null(json) || is_text(json);
}

static bool is_text_or_absent(struct str json)
{
	return !json.ptr || is_text_or_null(json);
}

static bool is_md5_or_null(struct str json)
{
	return is_null(json) || idol_is_md5(unquote(json));
}

static bool is_id_or_absent(struct str json)
{
	if (!json.ptr || is_text(json))
		return true;
	for (size_t i = 0; i < json.len; i++) {
		if (json.ptr[i] < '0' || json.ptr[i] > '9')
			return false;
	}
	return json.len > 0;
}

/* In a merge patch null removes a member. */
#define REQUIRED_SUFFIX ", and cannot be removed"

static const struct rule {
	const char *name;
	bool (*is_valid)(struct str json); /* NULL: null or a text */
	const char *expected;
	size_t max; /* of a text, in characters */
	bool not_blank;
} rules[] = {
	{ .name = "master-type",
		.is_valid = is_master_type,
		.expected = "cd, hd, dolby_atmos, apple_motion_art_desktop or "
			    "apple_motion_art_mobile" },
	{ .name = "precision",
		.is_valid = is_precision,
		.expected = "\"16\", \"24\" or null" REQUIRED_SUFFIX },
	{ .name = "support-number",
		.max = IDOL_SUPPORT_NUMBER_MAX,
		.expected = "a string of at most 255 characters or null" REQUIRED_SUFFIX },
	{ .name = "url",
		.max = IDOL_URL_MAX,
		.not_blank = true,
		.expected = "a string of 1 to 8192 characters or null" REQUIRED_SUFFIX },
	{ .name = "md5",
		.is_valid = is_md5_or_null,
		.expected = "32 hexadecimal digits or null" REQUIRED_SUFFIX },
	{ .name = "cover-url", .is_valid = is_text_or_absent, .expected = "a string or null" },
	{ .name = "product-id",
		.is_valid = is_id_or_absent,
		.expected = "a string or a whole number from 0" },
	{ .name = "distributor-id",
		.is_valid = is_id_or_absent,
		.expected = "a string or a whole number from 0" },
};

/* Returns false only if memory is exhausted. */
static bool check_text(const struct rule *rule, struct str json, bool *valid, struct err *err)
{
	struct arena arena = { 0 };
	struct str text = STR_NULL;
	size_t blank = 0;
	bool ok = true;

	if (is_text(json)) {
		text = json_unquote(json, &arena);
		ok = text.ptr || err_no_memory(err);
	}
	while (blank < text.len && memchr(" \t\r\n\f\v", text.ptr[blank], 6))
		blank++;
	if (ok)
		*valid = is_null(json) || (text.ptr && str_utf8_length(text) <= rule->max &&
						  !(rule->not_blank && blank == text.len));
	arena_free(&arena);
	return ok;
}

static bool check_rule(const struct rule *rule, struct str json, struct err *err)
{
	bool valid = false;

	if (rule->is_valid)
		valid = rule->is_valid(json);
	else if (!check_text(rule, json, &valid, err))
		return false;
	return valid || set_member_error(err, rule->name, rule->expected);
}

/* The encoder copies the linkage unchecked: type in its canonical spelling, id a string. */
static bool validate_linkage(struct str text, struct err *err)
{
	struct idol_linkage linkage;
	json_t *json;
	bool ok;

	if (!parse_attachable(&json, text, err))
		return false;
	ok = idol_parse_linkage(&linkage, json) && json_is_string(json_object_get(json, "id")) &&
	     str_eq(json_str(json_object_get(json, "type")), str_cstr(linkage.type));
	json_decref(json);
	return ok || set_member_error(err, "attachable", LINKAGE_EXPECTED);
}

bool idol_validate(const struct task *before, const struct task *task, struct err *err)
{
	(void)before;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!check_rule(&rules[i], task_field(task, str_cstr(rules[i].name)), err))
			return false;
	}
	return validate_linkage(task_field(task, STR("attachable")), err);
}
