/* The filters and the order of lists and counts: parameters of the query, or members of a body. */
#include "dialect/external/external.h"

/* The condition that no index answers (list_query.test). */
struct condition {
	int64_t now;
	const struct str *ids;
	size_t id_count;
	struct str worker;
	struct claim_topic topic;
	struct optional_time locked_after, locked_before;
	struct optional_number priority_from, priority_to;
	bool by_topic, by_ids;
	bool locked, not_locked, with_retries, no_retries;
};

struct parser {
	struct external_body body;
	struct op *op;
	struct condition *condition;
	bool counts;  /* the request is for the number of tasks */
	bool nothing; /* no task matches */
};

/* ---- the test of one task ---- */

static bool has_id(const struct condition *condition, const struct task *task)
{
	char id[ID_TEXT_LEN + 1];
	size_t i = 0;

	id_format(&task->id, id);
	while (i < condition->id_count &&
		!str_eq_nocase(condition->ids[i], (struct str){ id, ID_TEXT_LEN }))
		i++;
	return i < condition->id_count;
}

static bool lock_matches(const struct condition *condition, const struct task *task)
{
	struct optional_time end = external_lock_end(task);
	bool is_set = optional_time_is_set(end);
	int64_t ms = is_set ? optional_time_ms(end) : 0;
	bool locked = is_set && ms > condition->now;

	if ((condition->locked && !locked) || (condition->not_locked && locked))
		return false;
	if (optional_time_is_set(condition->locked_after) &&
		(!is_set || ms <= optional_time_ms(condition->locked_after)))
		return false;
	return !optional_time_is_set(condition->locked_before) ||
	       (is_set && ms < optional_time_ms(condition->locked_before));
}

static bool matches(const void *data, const struct task *task)
{
	const struct condition *condition = data;
	uint32_t retries;
	bool none = task_retries(task, &retries) && retries == 0;

	return (!condition->by_ids || has_id(condition, task)) && lock_matches(condition, task) &&
	       (!condition->worker.ptr || (optional_time_is_set(external_lock_end(task)) &&
						  str_eq(condition->worker, task->lease.holder))) &&
	       (!condition->by_topic || external_topic_has(&condition->topic, task)) &&
	       !(condition->with_retries && none) && !(condition->no_retries && !none) &&
	       (!condition->priority_from.is_set ||
		       task->priority >= condition->priority_from.value) &&
	       (!condition->priority_to.is_set || task->priority <= condition->priority_to.value);
}

/* ---- filters ---- */

/* Attributes that no task here has: a list that asks for one is empty. */
static const char *const absent[] = { "activityId", "activityIdIn", "executionId",
	"processInstanceId", "processInstanceIdIn", "processDefinitionId", "processDefinitionKey",
	"processDefinitionKeyIn", "processDefinitionName", "processDefinitionNameLike",
	"processVariables" };

static bool parse_absent(struct parser *parser)
{
	bool has;

	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		if (!external_has(&parser->body, absent[i], &has))
			return false;
		parser->nothing |= has;
	}
	return true;
}

static bool parse_ids(struct parser *parser)
{
	struct condition *condition = parser->condition;
	struct str *one = arena_alloc(parser->body.arena, sizeof(*one));

	if (!one)
		return err_no_memory(parser->body.err);
	*one = STR_NULL;
	if (!external_get_text(&parser->body, "externalTaskId", one) ||
		!external_get_texts(
			&parser->body, "externalTaskIdIn", &condition->ids, &condition->id_count))
		return false;
	condition->by_ids = one->ptr || condition->ids;
	/* Both: the one id must be in the set. */
	if (one->ptr && condition->ids) {
		size_t i = 0;

		while (i < condition->id_count && !str_eq_nocase(condition->ids[i], *one))
			i++;
		parser->nothing |= i == condition->id_count;
	}
	if (one->ptr) {
		condition->ids = one;
		condition->id_count = 1;
	}
	return true;
}

static bool parse_topic(struct parser *parser)
{
	struct condition *condition = parser->condition;
	struct str name = STR_NULL;

	if (!external_get_text(&parser->body, "topicName", &name))
		return false;
	if (!name.ptr)
		return true;
	if (!external_parse_topic(name, &condition->topic, parser->body.err))
		return false;
	parser->op->dialect = condition->topic.dialect;
	condition->by_topic = condition->topic.kind.ptr != NULL;
	/* The index of kinds has tasks with a kind only, as every name of a topic with one. */
	return !condition->by_topic ||
	       list_filter_add(&parser->op->list, INDEX_BY_KIND, condition->topic.kind);
}

static bool parse_tenants(struct parser *parser)
{
	const struct str *tenants = NULL;
	size_t count = 0, i = 0;

	if (!external_get_texts(&parser->body, "tenantIdIn", &tenants, &count))
		return false;
	while (i < count && !str_eq(tenants[i], parser->op->tenant))
		i++;
	parser->nothing |= count > 0 && i == count;
	return true;
}

/* Tasks here are never suspended. Only the value true filters. */
static bool parse_flags(struct parser *parser)
{
	struct condition *condition = parser->condition;
	const struct external_body *body = &parser->body;
	bool active, suspended = false, ignored;

	if (!external_get_flag(body, "locked", &condition->locked) ||
		!external_get_flag(body, "notLocked", &condition->not_locked) ||
		!external_get_flag(body, "withRetriesLeft", &condition->with_retries) ||
		!external_get_flag(body, "noRetriesLeft", &condition->no_retries) ||
		!external_get_flag(body, "active", &active) ||
		!external_get_flag(body, "suspended", &suspended) ||
		!external_get_flag(body, "variableNamesIgnoreCase", &ignored) ||
		!external_get_flag(body, "variableValuesIgnoreCase", &ignored))
		return false;
	parser->nothing |= suspended;
	return true;
}

static bool parse_bounds(struct parser *parser)
{
	struct condition *condition = parser->condition;
	const struct external_body *body = &parser->body;

	return external_get_date(body, "lockExpirationAfter", &condition->locked_after) &&
	       external_get_date(body, "lockExpirationBefore", &condition->locked_before) &&
	       external_get_number(body, "priorityHigherThanOrEquals", INT64_MIN, INT64_MAX,
		       &condition->priority_from) &&
	       external_get_number(body, "priorityLowerThanOrEquals", INT64_MIN, INT64_MAX,
		       &condition->priority_to) &&
	       external_get_worker(body, false, &condition->worker);
}

/* ---- the order ---- */

static bool add_sort(struct parser *parser, struct str by, struct str order)
{
	struct err *err = parser->body.err;
	struct list_query *list = &parser->op->list;
	bool descending = str_eq(order, STR("desc"));

	if (!by.ptr && !order.ptr)
		return true;
	if (!by.ptr || !order.ptr)
		return err_set(
			err, ERR_INVALID, "sortBy", "sortBy and sortOrder must be given together.");
	if (!descending && !str_eq(order, STR("asc")))
		return err_set(err, ERR_INVALID, "sortOrder", "sortOrder must be asc or desc.");
	if (str_eq(by, STR("createTime")))
		return list_sort_add(list, INDEX_BY_CREATED, descending);
	if (str_eq(by, STR("taskPriority")))
		return list_sort_add(list, INDEX_BY_PRIORITY, descending);
	return err_set(err, ERR_INVALID, "sortBy",
		"sortBy must be createTime or taskPriority: Polytask has no other order.");
}

/* `sorting` of a body counts before sortBy of the query. */
static bool parse_order(struct parser *parser)
{
	const struct external_body *body = &parser->body;
	const struct external_sort *sorts = NULL;
	struct external_sort one = { STR_NULL, STR_NULL };
	size_t count = 0;

	if (!external_get_sorting(body, &sorts, &count))
		return false;
	/* The order of what is counted does not matter. */
	if (parser->counts)
		return true;
	if (!external_get_text(body, "sortBy", &one.by) ||
		!external_get_text(body, "sortOrder", &one.order))
		return false;
	if (count > 1)
		return err_set(body->err, ERR_INVALID, "sorting",
			"sorting must be an array of at most one object.");
	if (count > 0)
		one = sorts[0];
	return add_sort(parser, one.by, one.order);
}

static bool parse_page(struct parser *parser)
{
	const struct external_body *body = &parser->body;
	struct optional_number first = { 0 }, most = { 0 };

	if (!external_get_number(body, "firstResult", 0, INT32_MAX, &first) ||
		!external_get_number(body, "maxResults", 0, INT32_MAX, &most))
		return false;
	if (most.value > LIST_PAGE_MAX)
		return err_set(body->err, ERR_INVALID, "maxResults",
			"maxResults must be at most %d.", LIST_PAGE_MAX);
	parser->op->list.offset = (uint64_t)first.value;
	parser->op->list.limit = (uint64_t)most.value;
	parser->nothing |= most.is_set && most.value == 0;
	return true;
}

/* ---- requests ---- */

/* The tasks of this API, of all dialects. */
static void add_states(struct op *op)
{
	static const struct str more[] = { { "running", 7 }, { "failed", 6 } };
	struct list_query *list = &op->list;

	list_filter_add(list, INDEX_BY_STATE, STR("pending"));
	list->filters[list->filter_count - 1].more_values = more;
	list->filters[list->filter_count - 1].more_value_count = sizeof(more) / sizeof(more[0]);
}

static bool parse_filters(struct parser *parser)
{
	return parse_absent(parser) && parse_ids(parser) && parse_topic(parser) &&
	       parse_tenants(parser) && parse_flags(parser) && parse_bounds(parser);
}

static bool needs_test(const struct condition *condition)
{
	return condition->by_ids || condition->worker.ptr || condition->locked ||
	       condition->not_locked || condition->with_retries || condition->no_retries ||
	       optional_time_is_set(condition->locked_after) ||
	       optional_time_is_set(condition->locked_before) || condition->priority_from.is_set ||
	       condition->priority_to.is_set;
}

static bool decode(struct request *request, struct op *op, bool counts, struct err *err)
{
	struct parser parser = { .op = op,
		.counts = counts,
		.body = { .request = request, .arena = request->arena, .err = err } };
	json_t *json = NULL;
	bool ok = true;

	parser.condition = arena_alloc(request->arena, sizeof(*parser.condition));
	if (!parser.condition)
		return err_no_memory(err);
	*parser.condition = (struct condition){ .now = op->now };
	if (request->method == METHOD_POST && !external_read_body(request, &json, err))
		return false;
	parser.body.json = json;
	add_states(op);
	ok = parse_filters(&parser) && parse_order(&parser) && (counts || parse_page(&parser));
	json_decref(json);
	if (!ok || parser.nothing)
		return ok;
	op->kind = OP_LIST;
	if (needs_test(parser.condition)) {
		op->list.test = matches;
		op->list.test_data = parser.condition;
		op->list.by_time = parser.condition->locked || parser.condition->not_locked;
	}
	return true;
}

#define FILTERS                                                                                    \
	"externalTaskId", "externalTaskIdIn", "topicName", "workerId", "locked", "notLocked",      \
		"withRetriesLeft", "noRetriesLeft", "lockExpirationAfter", "lockExpirationBefore", \
		"priorityHigherThanOrEquals", "priorityLowerThanOrEquals", "active", "suspended",  \
		"tenantIdIn", "activityId", "activityIdIn", "executionId", "processInstanceId",    \
		"processInstanceIdIn", "processDefinitionId", "processDefinitionKey",              \
		"processDefinitionKeyIn", "processDefinitionName", "processDefinitionNameLike",    \
		"processVariables", "variableNamesIgnoreCase", "variableValuesIgnoreCase"

const char *const external_count_params[] = { FILTERS, NULL };
const char *const external_list_params[] = { FILTERS, "sortBy", "sortOrder", "firstResult",
	"maxResults", NULL };
const char *const external_post_list_params[] = { "firstResult", "maxResults", NULL };

bool external_decode_list(struct request *request, struct op *op, struct err *err)
{
	return decode(request, op, false, err);
}

/* One row is read, whose encoder writes nothing. */
bool external_decode_count(struct request *request, struct op *op, struct err *err)
{
	op->list.want_total = true;
	op->list.limit = 1;
	return decode(request, op, true, err);
}
