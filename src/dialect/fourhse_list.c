#include <time.h>

#include "dialect/fourhse.h"

#define DAY_MS ((int64_t)86400000)

/* A list that is asked for, while it is read. */
struct asking {
	struct mem *mem;
	struct list_query *list;
	struct buf faults; /* one at most: all of them are the filter's */
	struct err *err;
};

/* Says what is not valid, if it is the first of all; the caller goes on. */
#define COMPLAIN(asking, ...)                                                       \
	do {                                                                        \
		if ((asking)->faults.len == 0)                                      \
			fourhse_complain(&(asking)->faults, "filter", __VA_ARGS__); \
	} while (0)

/* ---- days ---- */

/* Digits only, as many as there are. */
static int digits(const char *text, size_t count)
{
	int number = 0;

	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number;
}

/* The first millisecond of a day "2024-01-31" of UTC; false when it is none after 1970-01-01. */
static bool read_day(int64_t *ms, struct str text)
{
	struct tm tm = { 0 }, again;
	time_t seconds;

	if (text.len != 10 || text.ptr[4] != '-' || text.ptr[7] != '-' ||
		digits(text.ptr, 4) < 1970 || digits(text.ptr + 5, 2) < 1 ||
		digits(text.ptr + 8, 2) < 1)
		return false;
	tm.tm_year = digits(text.ptr, 4) - 1900;
	tm.tm_mon = digits(text.ptr + 5, 2) - 1;
	tm.tm_mday = digits(text.ptr + 8, 2);
	again = tm;
	seconds = timegm(&again);
	if (again.tm_mon != tm.tm_mon || again.tm_mday != tm.tm_mday)
		return false;
	*ms = (int64_t)seconds * 1000;
	return true;
}

/* A span of which no time is part. */
static const struct list_span never = { 1, 1 };

static void ask_day(struct asking *asking, const struct fourhse_member *member, const json_t *value)
{
	struct list_span *span = member->source == FOURHSE_CREATED ? &asking->list->created
								   : &asking->list->updated;
	int64_t from = 0;

	if (json_is_null(value) || (json_is_string(value) && str_eq(json_str(value), STR("NULL"))))
		*span = never;
	else if (json_is_string(value) && read_day(&from, json_str(value)))
		/* 0 would be an open end; nothing was created in that millisecond. */
		*span = (struct list_span){ from > 0 ? from : 1, from + DAY_MS };
	else
		COMPLAIN(asking, "The format of %s is invalid.", member->label);
}

/* ---- texts ---- */

/* A value as it is indexed; "NULL" is null where null cannot be written. */
static struct str indexed(
	const struct asking *asking, const struct fourhse_member *member, const json_t *value)
{
	if (json_is_null(value) || (json_is_string(value) && str_eq(json_str(value), STR("NULL"))))
		return member->source == FOURHSE_WORD ? STR("") : STR("null");
	if (member->source == FOURHSE_FIELD)
		return fourhse_quote(value, asking->mem);
	return json_is_string(value) ? mem_copy(asking->mem, json_str(value))
				     : json_text(value, asking->mem);
}

/* A UUID is kept in lower case. */
static struct str indexed_id(const struct asking *asking, struct str json)
{
	struct str text = { json.ptr + 1, json.len - 2 };
	char lower[ID_TEXT_LEN + 1];
	struct id id;

	if (json.len != ID_TEXT_LEN + 2 || !id_parse(&id, text))
		return json;
	id_format(&id, lower);
	return json_quote(str_of(lower), asking->mem);
}

static bool add_value(struct asking *asking, const struct fourhse_member *member,
	const json_t *value, struct str *values, size_t *count)
{
	struct str text;

	if ((json_is_object(value) || json_is_array(value)) && !member->carries) {
		COMPLAIN(asking,
			"Condition for \"%s\" should be either a value or valid operator "
			"specification.",
			member->name);
		return true;
	}
	text = indexed(asking, member, value);
	if (text.ptr && member->index == FOURHSE_BY_TASK_ID)
		text = indexed_id(asking, text);
	if (!text.ptr)
		return err_no_memory(asking->err);
	for (size_t i = 0; i < *count; i++) {
		if (str_eq(values[i], text))
			return true;
	}
	values[(*count)++] = text;
	return true;
}

/* Several values: any of them; none: no task has one of them. */
static bool ask_any(struct asking *asking, const struct fourhse_member *member, const json_t *list)
{
	size_t size = json_array_size(list), count = 0;
	struct str *values;

	if (size > LIST_VALUES_MAX) {
		COMPLAIN(asking, "%s should have at most %d values.", member->label,
			LIST_VALUES_MAX);
		return true;
	}
	values = mem_alloc(asking->mem, (size + 1) * sizeof(*values));
	if (!values)
		return err_no_memory(asking->err);
	for (size_t i = 0; i < size; i++) {
		if (!add_value(asking, member, json_array_get(list, i), values, &count))
			return false;
	}
	list_where(asking->list, member->index, count > 0 ? values[0] : STR(""));
	if (count > 1) {
		struct list_filter *filter = &asking->list->filters[asking->list->filter_count - 1];

		filter->others = values + 1;
		filter->other_count = count - 1;
	}
	return true;
}

static bool ask_one(struct asking *asking, const struct fourhse_member *member, const json_t *value)
{
	struct str text;
	size_t count = 0;

	if (!add_value(asking, member, value, &text, &count))
		return false;
	if (count > 0)
		list_where(asking->list, member->index, text);
	return true;
}

static bool ask_member(struct asking *asking, const char *name, const json_t *value)
{
	const struct fourhse_member *member = fourhse_member_of(str_of(name));

	if (!member) {
		COMPLAIN(asking, "Unknown filter attribute \"%s\"", name);
		return true;
	}
	if (member->source == FOURHSE_CREATED || member->source == FOURHSE_UPDATED) {
		ask_day(asking, member, value);
		return true;
	}
	return json_is_array(value) ? ask_any(asking, member, value)
				    : ask_one(asking, member, value);
}

/* Absent, null, "" and [] filter nothing. */
static bool ask_filter(struct asking *asking, json_t *filter)
{
	const char *name;
	json_t *value;

	if (!filter || json_is_null(filter) ||
		(json_is_string(filter) && json_string_length(filter) == 0) ||
		(json_is_array(filter) && json_array_size(filter) == 0))
		return true;
	if (!json_is_object(filter)) {
		COMPLAIN(asking, "The format of Filter is invalid.");
		return true;
	}
	json_object_foreach (filter, name, value) {
		if (!ask_member(asking, name, value))
			return false;
	}
	return true;
}

/* ---- order and place ---- */

/* The first member that is one, '-' before it: the other way round. The rest does not count. */
static void ask_order(struct list_query *list, const json_t *sort)
{
	struct str names = json_str(sort);

	while (names.len > 0) {
		struct str name = str_trim(str_take_part(&names, ','));
		bool descending = str_starts(name, STR("-"));
		const struct fourhse_member *member = fourhse_member_of(
			str_from(name, descending ? 1 : 0));

		if (member) {
			list_by(list, member->index, descending);
			return;
		}
	}
}

static void ask_page(struct list_query *list, const json_t *params)
{
	list->limit = fourhse_per_page(params);
	list->offset = (fourhse_page(params) - 1) * list->limit;
	list->clamp = true;
	list->count = true;
	list->place = fourhse_is_true(json_object_get(params, "history")) ? LIST_BOTH
									  : LIST_CURRENT;
}

bool fourhse_decode_index(struct request *request, struct op *op, struct err *err)
{
	struct asking asking = { .mem = request->mem, .list = &op->list, .err = err };
	json_t *params;
	bool ok;

	op->kind = OP_LIST;
	op->dialect = fourhse_dialect.code;
	fourhse_choose_members(request);
	if (!request_must_accept_json(request, err) || !fourhse_params(&params, request, err))
		return false;
	ask_order(&op->list, json_object_get(params, "sort"));
	ask_page(&op->list, params);
	ok = ask_filter(&asking, json_object_get(params, "filter")) &&
	     fourhse_must_be_valid(&asking.faults, request->mem, err);
	buf_free(&asking.faults);
	json_decref(params);
	return ok;
}
