/* Parses the body of a creation. The order of the checks is that of jsonapi-resources. */
#include "dialect/decode.h"
#include "dialect/idol/idol.h"

#define BLANK	     "can't be blank"
#define NOT_INCLUDED "is not included in the list"
#define NOT_VALID    "is invalid"

/* ---- validations of the model: the reason why a value is invalid, or NULL ---- */

/* Ruby's blank?: absent, null, false, white space, or an empty container. */
static bool is_blank(const json_t *value)
{
	struct str text = json_str(value);

	if (json_is_string(value))
		return strspn(text.ptr, " \t\r\n\f\v") == text.len;
	return !value || json_is_null(value) || json_is_false(value) ||
	       ((json_is_object(value) || json_is_array(value)) && json_object_size(value) == 0 &&
		       json_array_size(value) == 0);
}

/* Null or "": Rails takes the text of an optional attribute, if it is empty, as null. */
static bool is_none(const json_t *value)
{
	return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

static const char *check_master_type(const json_t *value)
{
	if (is_blank(value))
		return BLANK;
	if (json_is_string(value) && idol_is_master_type(json_str(value)))
		return NULL;
	return NOT_INCLUDED;
}

/* The JSON string for 16 or 24, given as a number or a string; NULL for other values. */
static const char *precision_text(const json_t *value)
{
	if (json_is_string(value))
		return str_eq(json_str(value), STR("16"))   ? "\"16\""
		       : str_eq(json_str(value), STR("24")) ? "\"24\""
							    : NULL;
	if (!json_is_number(value) || json_number_value(value) < 16 ||
		json_number_value(value) > 24)
		return NULL;
	if (json_number_value(value) <= 16)
		return "\"16\"";
	return json_number_value(value) >= 24 ? "\"24\"" : NULL;
}

static const char *check_precision(const json_t *value)
{
	return is_none(value) || precision_text(value) ? NULL : NOT_INCLUDED;
}

static const char *check_status(const json_t *value)
{
	return json_is_null(value) || str_eq(json_str(value), STR("uploaded")) ? NULL
									       : NOT_INCLUDED;
}

static const char *check_url(const json_t *value)
{
	if (is_none(value) || json_is_number(value))
		return NULL;
	if (!json_is_string(value) || is_blank(value))
		return NOT_VALID;
	return str_utf8_length(json_str(value)) <= IDOL_URL_MAX
		       ? NULL
		       : "is too long (maximum is 8192 characters)";
}

static const char *check_md5(const json_t *value)
{
	return is_none(value) || (json_is_string(value) && idol_is_md5(json_str(value)))
		       ? NULL
		       : NOT_VALID;
}

static const char *check_support_number(const json_t *value)
{
	if (json_is_null(value) || json_is_number(value))
		return NULL;
	if (!json_is_string(value))
		return NOT_VALID;
	return str_utf8_length(json_str(value)) <= IDOL_SUPPORT_NUMBER_MAX
		       ? NULL
		       : "is too long (maximum is 255 characters)";
}

static const struct attribute {
	const char *name, *pointer;
	const char *(*check)(const json_t *value);
	bool required;
} attributes[] = {
	{ "master-type", "/data/attributes/master-type", check_master_type, true },
	{ "precision", "/data/attributes/precision", check_precision, false },
	{ "support-number", "/data/attributes/support-number", check_support_number, false },
	{ "status", "/data/attributes/status", check_status, false },
	{ "url", "/data/attributes/url", check_url, false },
	{ "md5", "/data/attributes/md5", check_md5, false },
};

#define ATTRIBUTE_COUNT (sizeof(attributes) / sizeof(attributes[0]))

static bool is_attribute(const char *name)
{
	for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
		if (strcmp(name, attributes[i].name) == 0)
			return true;
	}
	return false;
}

/* ---- the body ---- */

/* The text that an error echoes: a string as it is, other values as JSON. ptr NULL: no memory. */
static struct str echo_value(const json_t *value, struct arena *arena)
{
	return json_is_string(value) ? arena_copy(arena, json_str(value)) : json_text(value, arena);
}

static bool set_value_error(const struct request *request, enum idol_api_error fault,
	const json_t *value, struct str field, struct err *err)
{
	struct str text = value ? echo_value(value, request->arena) : STR("");

	if (!text.ptr)
		return err_no_memory(err);
	return idol_set_error(err, request->arena, fault, text, field);
}

static bool check_content_type(const struct request *request, struct err *err)
{
	struct str sent = request_media_type(request);
	struct str field = request_cgi_param(request, "CONTENT_TYPE");

	if (str_eq_nocase(sent, STR(IDOL_MEDIA_TYPE)) && !idol_has_extension(field))
		return true;
	return idol_set_error(err, request->arena, IDOL_UNSUPPORTED_MEDIA_TYPE,
		sent.len > 0 && idol_has_extension(field) ? field : sent, STR_NULL);
}

/* Checks the member data of the body, and its type. */
static bool check_data(
	const struct request *request, const json_t *json, const json_t **data, struct err *err)
{
	const json_t *type;

	*data = json_object_get(json, "data");
	if (json && !json_is_null(json) && !json_is_object(json))
		return set_value_error(request, IDOL_BODY_NOT_OBJECT, NULL, STR_NULL, err);
	if (is_blank(*data))
		return idol_set_error(
			err, request->arena, IDOL_PARAM_MISSING, STR("data"), STR_NULL);
	if (!json_is_object(*data))
		return set_value_error(request, IDOL_INVALID_DATA_FORMAT, NULL, STR_NULL, err);
	type = json_object_get(*data, "type");
	if (is_blank(type))
		return idol_set_error(
			err, request->arena, IDOL_PARAM_MISSING, STR("type"), STR_NULL);
	if (!json_is_string(type) || !idol_matches_type(json_str(type), "importtask"))
		return set_value_error(request, IDOL_INVALID_RESOURCE, type, STR_NULL, err);
	return true;
}

static bool is_data_member(const char *name)
{
	return strcmp(name, "type") == 0 || strcmp(name, "attributes") == 0 ||
	       strcmp(name, "relationships") == 0;
}

/* Resources that the attachable belongs to, for the filters of these fields. */
static const struct owner {
	const char *name, *plain, *field;
} owners[] = {
	{ "product", "product", "product-id" },
	{ "distributor", "distributor", "distributor-id" },
};

#define OWNER_COUNT (sizeof(owners) / sizeof(owners[0]))

static bool is_relationship(const char *name)
{
	for (size_t i = 0; i < OWNER_COUNT; i++) {
		if (strcmp(name, owners[i].name) == 0)
			return true;
	}
	return strcmp(name, "attachable") == 0;
}

/* Every member of the object must be known. name is that of the object, for errors. */
static bool check_member_names(const struct request *request, const json_t *object,
	const char *name, bool (*is_known)(const char *name), struct err *err)
{
	/* jansson's iterators take a non-const argument but do not modify it. */
	json_t *iterated = (json_t *)(uintptr_t)object;

	if (!object || json_is_null(object))
		return true;
	if (!json_is_object(object))
		return set_value_error(
			request, IDOL_INVALID_FIELD_VALUE, object, str_cstr(name), err);
	for (void *at = json_object_iter(iterated); at; at = json_object_iter_next(iterated, at)) {
		if (!is_known(json_object_iter_key(at)))
			return idol_set_error(err, request->arena, IDOL_PARAM_NOT_ALLOWED,
				str_cstr(json_object_iter_key(at)), STR_NULL);
	}
	return true;
}

static bool check_shape(const struct request *request, const json_t *data, struct err *err)
{
	const json_t *attachable;

	if (!check_member_names(request, data, "data", is_data_member, err) ||
		!check_member_names(request, json_object_get(data, "attributes"), "attributes",
			is_attribute, err) ||
		!check_member_names(request, json_object_get(data, "relationships"),
			"relationships", is_relationship, err))
		return false;
	attachable = json_object_get(json_object_get(data, "relationships"), "attachable");
	if (attachable && !json_is_null(attachable) && !json_is_object(attachable))
		return set_value_error(request, IDOL_INVALID_LINKS_OBJECT, NULL, STR_NULL, err);
	return true;
}

/*
 * Sets the linkage. *found is false if it is absent or null, or if its id is null;
 * check_attributes() rejects these.
 */
static bool parse_linkage(const struct request *request, const json_t *data, struct change *change,
	bool *found, struct err *err)
{
	const json_t *relationships = json_object_get(data, "relationships");
	const json_t *linked = json_object_get(
		json_object_get(relationships, "attachable"), "data");
	struct idol_linkage linkage;

	*found = linked && !json_is_null(linked);
	if (!*found)
		return true;
	if (!idol_parse_linkage(&linkage, linked)) {
		*found = linkage.error != IDOL_INVALID_FIELD_VALUE ||
			 !json_is_null(linkage.bad_value);
		return !*found ||
		       set_value_error(request, linkage.error, linkage.bad_value, STR("id"), err);
	}
	return idol_set_linkage(&linkage, change, request->arena, err);
}

static bool parse_owner(const struct request *request, const struct owner *owner,
	const json_t *relationship, struct change *change, struct err *err)
{
	const json_t *linked = json_object_get(relationship, "data");
	struct idol_linkage linkage;
	struct str json;

	if (!relationship || json_is_null(relationship) || json_is_null(linked))
		return true;
	if (!idol_parse_owner(&linkage, linked, owner->plain))
		return set_value_error(request, linkage.error, linkage.bad_value, STR("id"), err);
	json = json_quote(linkage.id, request->arena);
	return json.ptr ? change_set_field(change, str_cstr(owner->field), json)
			: err_no_memory(err);
}

/* After the attachable: a product as attachable sets product-id too. */
static bool parse_owners(
	const struct request *request, const json_t *data, struct change *change, struct err *err)
{
	const json_t *relationships = json_object_get(data, "relationships");

	for (size_t i = 0; i < OWNER_COUNT; i++) {
		if (!parse_owner(request, &owners[i],
			    json_object_get(relationships, owners[i].name), change, err))
			return false;
	}
	return true;
}

/* Reports all invalid attributes in one response. */
static bool check_attributes(
	const struct request *request, const json_t *values, bool linked, struct err *err)
{
	struct buf objects = BUF_INIT;
	bool ok = linked;

	for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
		const struct attribute *attribute = &attributes[i];
		const json_t *value = json_object_get(values, attribute->name);
		const char *why = value || attribute->required ? attribute->check(value) : NULL;

		if (why) {
			idol_put_validation_error(
				&objects, attribute->pointer, attribute->name, why);
			ok = false;
		}
	}
	if (!linked)
		idol_put_validation_error(
			&objects, "/data/relationships/attachable", "attachable", BLANK);
	if (!ok)
		idol_set_errors(err, request->arena, ERR_UNPROCESSABLE, &objects);
	buf_free(&objects);
	return ok;
}

/* The JSON text that is stored for a value: null, or a string. Rails turns numbers into strings. */
static struct str member_text(const char *name, const json_t *value, struct arena *arena)
{
	struct str text;

	if (!value || is_none(value))
		return STR("null");
	if (strcmp(name, "precision") == 0)
		return str_cstr(precision_text(value));
	text = json_text(value, arena);
	return text.ptr && json_is_number(value) ? json_quote(text, arena) : text;
}

static bool set_attributes(
	const json_t *values, struct change *change, struct arena *arena, struct err *err)
{
	for (size_t i = 0; idol_members[i]; i++) {
		struct str json = member_text(
			idol_members[i], json_object_get(values, idol_members[i]), arena);

		if (!json.ptr)
			return err_no_memory(err);
		change_set_field(change, str_cstr(idol_members[i]), json);
	}
	return true;
}

static bool parse_body(
	const struct request *request, const json_t *json, struct change *change, struct err *err)
{
	const json_t *data, *values;
	bool linked;

	if (!check_data(request, json, &data, err) || !check_shape(request, data, err) ||
		!parse_linkage(request, data, change, &linked, err) ||
		!parse_owners(request, data, change, err))
		return false;
	values = json_object_get(data, "attributes");
	return check_attributes(request, values, linked, err) &&
	       set_attributes(values, change, request->arena, err);
}

bool idol_decode_create(struct request *request, struct op *op, struct err *err)
{
	json_t *json = NULL;
	bool ok;

	decode_init_op(op, OP_CREATE, DIALECT_CODE_idol, NULL);
	op->assign_number = true;
	op->change.state = TASK_PENDING;
	op->change.status = STR("uploaded");
	if (!check_content_type(request, err) || !idol_check_query(request, IDOL_QUERY_ONE, err))
		return false;
	/* A missing body counts as one without data. */
	if (request->body.len > 0 && !json_parse_strict(&json, request->body, err))
		return false;
	ok = parse_body(request, json, &op->change, err);
	json_decref(json);
	return ok;
}
