/* fetchAndLock: a claim of several topics. */
#include "dialect/external/external.h"

struct parser {
	struct external_body body; /* of the request */
	struct op *op;
	struct external_topic *topics;
	struct claim_topic *claims;
	size_t count;
};

/* ---- a topic ---- */

/*
 * Attributes that tasks here do not have: a topic that asks for one matches no task. *matches is
 * the result.
 */
static bool check_attributes(const struct external_body *topic, bool *matches)
{
	static const char *const absent[] = { "businessKey", "processDefinitionId",
		"processDefinitionIdIn", "processDefinitionKey", "processDefinitionKeyIn",
		"processDefinitionVersionTag" };
	bool has = false, without_tenant = false;

	*matches = true;
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		if (!external_has(topic, absent[i], &has))
			return false;
		*matches = *matches && !has;
	}
	if (!external_has(topic, "processVariables", &has) ||
		!external_get_flag(topic, "withoutTenantId", &without_tenant))
		return false;
	if (has)
		return err_set(topic->err, ERR_INVALID, "processVariables",
			"Polytask cannot select tasks by processVariables: use a topic with the "
			"kind of the tasks.");
	*matches = *matches && !without_tenant;
	return true;
}

static bool check_tenant(const struct external_body *topic, struct str tenant, bool *matches)
{
	const struct str *tenants = NULL;
	size_t count = 0, i = 0;

	if (!external_get_texts(topic, "tenantIdIn", &tenants, &count))
		return false;
	while (i < count && !str_eq(tenants[i], tenant))
		i++;
	*matches = *matches && (count == 0 || i < count);
	return true;
}

/* Members without an effect, which must have their type. */
static bool check_ignored(const struct external_body *topic)
{
	bool flag;

	return external_get_flag(topic, "localVariables", &flag) &&
	       external_get_flag(topic, "deserializeValues", &flag);
}

static bool is_known(const struct parser *parser, struct str name)
{
	size_t i = 0;

	while (i < parser->count && !str_eq(parser->topics[i].name, name))
		i++;
	return i < parser->count;
}

static bool parse_lock(const struct external_body *topic, struct claim_topic *claim)
{
	struct optional_number ms = { 0 };

	if (!external_get_number(topic, "lockDuration", 1, EXTERNAL_LOCK_MS_MAX, &ms))
		return false;
	claim->lease_ms = (uint32_t)ms.value;
	return ms.is_set || err_set(topic->err, ERR_INVALID, "lockDuration",
				    "lockDuration must be a number of ms.");
}

static bool parse_topic(struct parser *parser, const json_t *json)
{
	const struct external_body body = {
		.json = json, .arena = parser->body.arena, .err = parser->body.err
	};
	struct external_topic topic = { .name = STR_NULL };
	struct claim_topic claim = { 0 };
	bool matches;

	if (!json_is_object(json))
		return err_set(
			body.err, ERR_INVALID, "topics", "topics must be an array of objects.");
	if (!external_get_text(&body, "topicName", &topic.name) ||
		!external_parse_topic(topic.name, &claim, body.err) || !parse_lock(&body, &claim) ||
		!external_get_texts(&body, "variables", &topic.variables, &topic.variable_count) ||
		!external_get_flag(&body, "includeExtensionProperties", &topic.extensions) ||
		!check_ignored(&body) || !check_attributes(&body, &matches) ||
		!check_tenant(&body, parser->op->tenant, &matches))
		return false;
	topic.all_variables = topic.variables == NULL;
	/* Of two subscriptions to one name the first counts. */
	if (!matches || is_known(parser, topic.name))
		return true;
	parser->topics[parser->count] = topic;
	parser->claims[parser->count++] = claim;
	return true;
}

static bool parse_topics(struct parser *parser)
{
	const struct external_body *body = &parser->body;
	struct external_value topics;
	size_t i;
	json_t *item;

	if (!external_get(body, "topics", &topics))
		return false;
	if (topics.text.ptr || json_is_object(topics.json) ||
		json_array_size(topics.json) > CLAIM_TOPICS_MAX)
		return err_set(body->err, ERR_INVALID, "topics",
			"topics must be an array of at most %d objects.", CLAIM_TOPICS_MAX);
	parser->topics = arena_alloc(body->arena, CLAIM_TOPICS_MAX * sizeof(*parser->topics));
	parser->claims = arena_alloc(body->arena, CLAIM_TOPICS_MAX * sizeof(*parser->claims));
	if (!parser->topics || !parser->claims)
		return err_no_memory(body->err);
	json_array_foreach (topics.json, i, item) {
		if (!parse_topic(parser, item))
			return false;
	}
	return true;
}

/* ---- the request ---- */

/* The order is always by priority, then age; another one is refused if it is unknown. */
static bool check_sorting(const struct external_body *body)
{
	const struct external_sort *sorts = NULL;
	size_t count = 0;

	if (!external_get_sorting(body, &sorts, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!str_eq(sorts[i].by, STR("createTime")) ||
			(!str_eq(sorts[i].order, STR("asc")) &&
				!str_eq(sorts[i].order, STR("desc"))))
			return err_set(body->err, ERR_INVALID, "sorting",
				"sorting has createTime as sortBy, and asc or desc as sortOrder.");
	}
	return true;
}

static bool parse_request(struct parser *parser, struct op_claim *claim)
{
	const struct external_body *body = &parser->body;
	struct optional_number tasks = { 0 }, wait = { 0 };
	bool by_priority;

	if (!external_get_worker(body, true, &claim->worker) ||
		!external_get_number(body, "maxTasks", 0, INT32_MAX, &tasks) ||
		!external_get_number(body, "asyncResponseTimeout", 0, EXTERNAL_ASK_MS_MAX, &wait) ||
		!external_get_flag(body, "usePriority", &by_priority) || !check_sorting(body) ||
		!parse_topics(parser))
		return false;
	claim->max = tasks.value < CLAIM_TASKS_MAX ? (unsigned)tasks.value : CLAIM_TASKS_MAX;
	parser->op->wait_ms = wait.value < EXTERNAL_WAIT_MS_MAX ? wait.value : EXTERNAL_WAIT_MS_MAX;
	return true;
}

/* Of no topics, or none that match, nothing is given; but the client may want to wait. */
static void set_claim(struct parser *parser, struct op_claim *claim)
{
	struct op *op = parser->op;

	claim->matches_none = parser->count == 0;
	if (claim->max == 0)
		op->wait_ms = 0;
	if (claim->max == 0 || (claim->matches_none && op->wait_ms == 0))
		return;
	claim->waits_if_drained = op->wait_ms > 0;
	claim->topics = parser->claims;
	claim->topic_count = parser->count;
	op->kind = OP_CLAIM;
	op->claim = claim;
	op->claim_change = &work_claim_change;
	op->before_write = native_before_write;
	op->follow = native_follow;
	op->wait_group = work_claim_group(op, claim);
}

bool external_decode_fetch(struct request *request, struct op *op, struct err *err)
{
	struct op_claim *claim = arena_alloc(request->arena, sizeof(*claim));
	struct external_fetch *fetch = arena_alloc(request->arena, sizeof(*fetch));
	struct parser parser = { .body = { .arena = request->arena, .err = err }, .op = op };
	json_t *json = NULL;
	bool ok;

	if (!claim || !fetch)
		return err_no_memory(err);
	if (!external_read_body(request, &json, err))
		return false;
	*claim = (struct op_claim){ 0 };
	parser.body.json = json;
	ok = parse_request(&parser, claim);
	json_decref(json);
	if (!ok)
		return false;
	*fetch = (struct external_fetch){ parser.claims, parser.topics, parser.count };
	request->encoder_state = fetch;
	set_claim(&parser, claim);
	return true;
}
