#include <inttypes.h>
#include <stdio.h>

#include "dialect/native/query.h"

/* ---- dialects ---- */

static bool add_dialects(
	const struct native_query *query, struct str rest, uint8_t *codes, size_t *count)
{
	do {
		const struct dialect *dialect = dialect_by_name(str_split_next(&rest, ','));

		if (!dialect)
			return NATIVE_QUERY_ERROR(
				query, STR("dialect"), "This is not the name of a dialect.");
		if (!memchr(codes, dialect->code, *count))
			codes[(*count)++] = dialect->code;
	} while (rest.ptr);
	return true;
}

bool native_parse_dialects(struct native_query *query)
{
	uint8_t *codes = arena_alloc(query->request->arena, UINT8_MAX);
	size_t count = 0;

	if (!codes)
		return err_no_memory(query->err);
	for (size_t i = 0; i < query->request->query_count; i++) {
		const struct pair *pair = &query->request->query[i];

		if (str_eq(pair->name, STR("dialect")) &&
			!add_dialects(query, pair->value, codes, &count))
			return false;
	}
	query->op->dialect = count == 1 ? codes[0] : 0;
	query->dialect = count == 1 ? dialect_by_code(codes[0]) : NULL;
	if (count > 1) {
		query->op->list.dialects = codes;
		query->op->list.dialect_count = count;
	}
	return true;
}

bool native_take_dialects(struct native_query *query, const uint8_t **codes, size_t *count)
{
	struct op *op = query->op;
	uint8_t *one = arena_alloc(op->arena, 1);

	if (!one)
		return err_no_memory(query->err);
	if (!native_parse_dialects(query))
		return false;
	*one = op->dialect;
	*codes = op->dialect ? one : op->list.dialects;
	*count = op->dialect ? 1 : op->list.dialect_count;
	op->dialect = 0;
	op->list.dialect_count = 0;
	op->list.dialects = NULL;
	return true;
}

/* ---- states ---- */

static bool add_states(const struct native_query *query, struct str rest, unsigned *states)
{
	do {
		enum task_state state = task_state_parse(str_split_next(&rest, ','));

		if (state == TASK_STATE_NONE)
			return NATIVE_QUERY_ERROR(query, STR("state"),
				"state must be pending, running, succeeded, failed or cancelled.");
		*states |= 1U << state;
	} while (rest.ptr);
	return true;
}

/* Adds a filter with one value or more, which are in the request's arena. */
static bool add_filter(const struct native_query *query, const struct native_param *given,
	uint8_t field, const struct str *values, size_t count)
{
	struct list_query *list = &query->op->list;

	if (!list_filter_add(list, field, values[0]))
		return NATIVE_QUERY_ERROR(query, given->name,
			"A query may have at most %d filters.", LIST_FILTERS_MAX);
	list->filters[list->filter_count - 1].more_values = values + 1;
	list->filters[list->filter_count - 1].more_value_count = count - 1;
	return true;
}

bool native_parse_states(const struct native_query *query, const struct native_param *given)
{
	const struct request *request = query->request;
	struct str *values = arena_alloc(request->arena, TASK_STATES * sizeof(*values));
	unsigned states = 0;
	size_t count = 0;

	if (!values)
		return err_no_memory(query->err);
	for (size_t i = given->first; i < request->query_count; i++) {
		if (str_eq(request->query[i].name, given->name) &&
			!add_states(query, request->query[i].value, &states))
			return false;
	}
	for (int state = TASK_PENDING; state < TASK_STATES; state++) {
		if (states & 1U << state)
			values[count++] = str_cstr(task_state_name((enum task_state)state));
	}
	return add_filter(query, given, INDEX_BY_STATE, values, count);
}

/* ---- failures ---- */

static bool add_failures(const struct native_query *query, struct str rest, unsigned *failures)
{
	do {
		enum task_failure failure = task_failure_parse(str_split_next(&rest, ','));

		if (failure == FAILURE_NONE)
			return NATIVE_QUERY_ERROR(query, STR("failure"),
				"failure must be attempts_exhausted, not_retryable, start_timeout, "
				"total_timeout or reported.");
		*failures |= 1U << failure;
	} while (rest.ptr);
	return true;
}

static bool names_states(const struct request *request)
{
	size_t i = 0;

	while (i < request->query_count && !str_eq(request->query[i].name, STR("state")))
		i++;
	return i < request->query_count;
}

/* Only failed tasks have a failure: the index of states has them together. */
bool native_parse_failures(const struct native_query *query, const struct native_param *given)
{
	static const struct str failed = STR("failed");
	const struct request *request = query->request;
	struct str *values = arena_alloc(request->arena, TASK_FAILURES * sizeof(*values));
	unsigned failures = 0;
	size_t count = 0;

	if (!values)
		return err_no_memory(query->err);
	for (size_t i = given->first; i < request->query_count; i++) {
		if (str_eq(request->query[i].name, given->name) &&
			!add_failures(query, request->query[i].value, &failures))
			return false;
	}
	for (int failure = FAILURE_NONE + 1; failure < TASK_FAILURES; failure++) {
		if (failures & 1U << failure)
			values[count++] = str_cstr(task_failure_name((enum task_failure)failure));
	}
	return (names_states(request) || add_filter(query, given, INDEX_BY_STATE, &failed, 1)) &&
	       add_filter(query, given, INDEX_BY_FAILURE, values, count);
}

/* ---- fields ---- */

#define FIELDS_PREFIX "fields."

/* Finds the index for status, number or fields.x; NULL if there is none. */
static const struct index_field *find_index(const struct dialect *dialect, struct str name)
{
	for (const struct index_field *field = dialect->index_fields; field->source; field++) {
		if (field->unindexed)
			continue;
		if ((field->source == INDEX_STATUS && str_eq(name, STR("status"))) ||
			(field->source == INDEX_NUMBER && str_eq(name, STR("number"))))
			return field;
		if (field->source == INDEX_FIELD && str_starts(name, STR(FIELDS_PREFIX)) &&
			str_eq(str_skip(name, strlen(FIELDS_PREFIX)), str_cstr(field->name)))
			return field;
	}
	return NULL;
}

bool native_is_dialect_field(struct str name)
{
	return str_eq(name, STR("status")) || str_eq(name, STR("number")) ||
	       str_starts(name, STR(FIELDS_PREFIX));
}

/* Adds the name of the filter that uses the index, if there is one. */
static void put_name(const struct index_field *field, struct buf *out)
{
	bool is_field = field->source == INDEX_FIELD;

	if (field->unindexed ||
		(!is_field && field->source != INDEX_STATUS && field->source != INDEX_NUMBER))
		return;
	buf_puts(out, out->len > 0 ? ", " : "");
	if (is_field)
		buf_puts(out, FIELDS_PREFIX);
	buf_puts(out, is_field ? field->name : field->source == INDEX_STATUS ? "status" : "number");
}

static bool set_no_index(const struct native_query *query, struct str parameter)
{
	struct buf names = BUF_INIT;
	const struct index_field *field = query->dialect->index_fields;

	for (; field->source; field++)
		put_name(field, &names);
	buf_putc(&names, '\0');
	if (!buf_ok(&names))
		err_no_memory(query->err);
	else if (names.len == 1)
		NATIVE_QUERY_ERROR(query, parameter, "The dialect %s has no index for this.",
			query->dialect->name);
	else
		NATIVE_QUERY_ERROR(query, parameter,
			"The dialect %s has no index for this, only for %s.", query->dialect->name,
			names.data);
	buf_free(&names);
	return false;
}

const struct index_field *native_require_index(
	const struct native_query *query, struct str parameter, struct str name)
{
	const struct index_field *field = NULL;

	if (!query->dialect)
		NATIVE_QUERY_ERROR(query, parameter, "This requires exactly one dialect.");
	else if (!(field = find_index(query->dialect, name)))
		set_no_index(query, parameter);
	return field;
}

/* If the value is a JSON number, true, false or null, *text is its JSON text, else STR_NULL. */
static bool parse_scalar(const struct native_query *query, struct str value, struct str *text)
{
	json_t *json;

	*text = STR_NULL;
	if (value.len == 0 || !memchr("-0123456789tfn", value.ptr[0], 14) ||
		memchr(" \t\r\n", value.ptr[value.len - 1], 4))
		return true;
	if (!json_parse_strict(&json, value, query->err))
		return query->err->code != ERR_NO_MEMORY;
	*text = json_text(json, query->request->arena);
	json_decref(json);
	return text->ptr || err_no_memory(query->err);
}

/* The distinct values of one filter; a duplicate would list its tasks twice. */
struct values {
	const struct index_field *field;
	struct str *list; /* room for LIST_VALUES_MAX */
	size_t count;
};

static void add_unique(struct values *values, struct str value)
{
	char scratch[INDEX_SCRATCH_SIZE], room[INDEX_SCRATCH_SIZE];
	const struct index_field *field = values->field;
	struct str normalized = field->normalize ? field->normalize(value, scratch) : value;

	for (size_t i = 0; i < values->count; i++) {
		struct str other = values->list[i];

		if (field->normalize)
			other = field->normalize(other, room);
		if (str_eq(other, normalized))
			return;
	}
	values->list[values->count++] = value;
}

/* Fields are stored as JSON text: 5 matches the number and the string. */
static bool add_json(const struct native_query *query, struct str value, struct values *values)
{
	struct str scalar, quoted = json_quote(value, query->request->arena);

	if (!quoted.ptr)
		return err_no_memory(query->err);
	if (!parse_scalar(query, value, &scalar))
		return false;
	add_unique(values, quoted);
	if (scalar.ptr)
		add_unique(values, scalar);
	return true;
}

static bool add_number(const struct native_query *query, struct str value, struct values *values)
{
	uint64_t number;

	if (!str_to_u64(value, &number))
		return NATIVE_QUERY_ERROR(query, STR("number"), "number must be a decimal number.");
	while (value.len > 1 && value.ptr[0] == '0')
		value = str_skip(value, 1);
	add_unique(values, value);
	return true;
}

static bool add_text(const struct native_query *query, struct str value, struct values *values)
{
	(void)query;
	add_unique(values, value);
	return true;
}

/* An empty one is that of tasks without a kind. */
static bool add_kind(const struct native_query *query, struct str value, struct values *values)
{
	if (value.len > TASK_KIND_MAX)
		return NATIVE_QUERY_ERROR(
			query, STR("kind"), "A kind has at most %d bytes.", TASK_KIND_MAX);
	return add_text(query, value, values);
}

static bool add_priority(const struct native_query *query, struct str value, struct values *values)
{
	bool negative = str_starts(value, STR("-"));
	uint64_t magnitude, max = (uint64_t)INT32_MAX + negative;
	const size_t size = 12;
	char *text = arena_alloc(query->request->arena, size);

	if (!text)
		return err_no_memory(query->err);
	if (!str_to_u64(str_skip(value, negative), &magnitude) || magnitude > max)
		return NATIVE_QUERY_ERROR(
			query, STR("priority"), "priority must be a 32-bit integer.");
	snprintf(text, size, "%s%" PRIu64, negative && magnitude > 0 ? "-" : "", magnitude);
	return add_text(query, str_cstr(text), values);
}

/* Adds a filter with the values of all occurrences of the parameter. */
static bool parse_values(const struct native_query *query, const struct native_param *given,
	const struct index_field *field,
	bool (*add)(const struct native_query *, struct str, struct values *))
{
	const struct request *request = query->request;
	struct values values = { .field = field };

	values.list = arena_alloc(request->arena, LIST_VALUES_MAX * sizeof(*values.list));
	if (!values.list)
		return err_no_memory(query->err);
	for (size_t i = given->first; i < request->query_count; i++) {
		if (!str_eq(request->query[i].name, given->name))
			continue;
		if (values.count + 2 > LIST_VALUES_MAX)
			return NATIVE_QUERY_ERROR(
				query, given->name, "The filter has too many values.");
		if (!add(query, request->query[i].value, &values))
			return false;
	}
	return add_filter(query, given, field->code, values.list, values.count);
}

bool native_parse_field_filter(const struct native_query *query, const struct native_param *given)
{
	const struct index_field *field = native_require_index(query, given->name, given->name);

	if (!field)
		return false;
	if (field->source == INDEX_FIELD)
		return parse_values(query, given, field, add_json);
	return parse_values(
		query, given, field, field->source == INDEX_NUMBER ? add_number : add_text);
}

bool native_parse_kinds(const struct native_query *query, const struct native_param *given)
{
	static const struct index_field field = { .code = INDEX_BY_KIND };

	return parse_values(query, given, &field, add_kind);
}

bool native_parse_priorities(const struct native_query *query, const struct native_param *given)
{
	static const struct index_field field = { .code = INDEX_BY_PRIORITY };

	return parse_values(query, given, &field, add_priority);
}
