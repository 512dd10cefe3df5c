/* The workers of a tenant: GET /workers, POST /workers/{name}/drain. */
#include "dialect/native/query.h"
#include "dialect/native/work.h"

const char *const native_workers_params[] = { "limit", "cursor", NULL };

/* ---- the list ---- */

static bool set_limit(const struct native_query *query, const struct native_param *given)
{
	struct op_workers *workers = query->target;

	return native_parse_limit(query, given, WORKERS_ROWS_MAX, &workers->limit);
}

static bool set_cursor(const struct native_query *query, const struct native_param *given)
{
	struct op_workers *workers = query->target;

	return native_cursor_decode(query->request, given->value, &workers->after, query->err);
}

static const struct native_query_row rows[] = {
	{ "limit", NATIVE_ONCE, set_limit, 0 },
	{ NATIVE_CURSOR, NATIVE_ONCE, set_cursor, 0 },
	{ 0 },
};

bool native_decode_workers(struct request *request, struct op *op, struct err *err)
{
	struct op_workers *workers = arena_alloc(request->arena, sizeof(*workers));
	const struct native_query query = {
		.request = request, .op = op, .target = workers, .err = err
	};

	if (!workers)
		return err_no_memory(err);
	*workers = (struct op_workers){ .limit = WORKERS_ROWS_MAX };
	op->kind = OP_WORKERS;
	op->workers = workers;
	return request_check_accepts_json(request, err) &&
	       native_check_links(request, NATIVE_CURSOR, err) && native_parse_params(&query, rows);
}

static void put_hold(struct buf *out, const struct worker_hold *hold)
{
	buf_puts(out, "{\"dialect\":");
	buf_put_json_string(out, str_cstr(dialect_code_name(hold->dialect)));
	buf_puts(out, ",\"kind\":");
	if (hold->kind_len > 0)
		buf_put_json_string(out, worker_hold_kind(hold));
	else
		buf_puts(out, "null");
	buf_puts(out, ",\"tasks\":");
	buf_put_number(out, (int64_t)hold->tasks);
	buf_puts(out, ",\"oldest_started_at\":");
	native_put_time(out, optional_time(hold->oldest));
	buf_putc(out, '}');
}

static void put_worker(
	struct buf *out, const struct workers_answer *answer, const struct worker_row *row)
{
	buf_puts(out, "{\"name\":");
	buf_put_json_string(out, worker_name(row));
	buf_puts(out, ",\"first_seen_at\":");
	native_put_time(out, row->first_seen);
	buf_puts(out, ",\"last_seen_at\":");
	native_put_time(out, row->last_seen);
	buf_puts(out, row->drain || answer->drain_all ? ",\"drain\":true" : ",\"drain\":false");
	buf_puts(out, ",\"tasks\":");
	buf_put_number(out, (int64_t)row->tasks);
	buf_puts(out, ",\"holds\":[");
	for (size_t i = 0; i < row->hold_count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_hold(out, &answer->holds[row->hold + i]);
	}
	buf_puts(out, "]}");
}

static void put_members(struct buf *out, const struct workers_answer *answer, bool complete)
{
	buf_puts(out, "{\"items\":[");
	for (size_t i = 0; i < answer->count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_worker(out, answer, &answer->rows[i]);
	}
	buf_puts(out, "],\"seen\":");
	buf_put_number(out, (int64_t)answer->seen);
	buf_puts(out, ",\"busy\":");
	buf_put_number(out, (int64_t)answer->busy);
	buf_puts(out, answer->drain_all ? ",\"drain_all\":true" : ",\"drain_all\":false");
	buf_puts(out, complete ? ",\"complete\":true" : ",\"complete\":false");
}

void native_put_workers(struct buf *out, const struct workers_answer *answer)
{
	put_members(out, answer, answer->complete && answer->next.len == 0);
	buf_putc(out, '}');
}

bool native_encode_workers(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct workers_answer *answer = result->workers;
	struct buf *out = &response->body;
	struct str next;

	if (!native_next_cursor(request, &answer->next, &next, err))
		return false;
	put_members(out, answer, answer->complete);
	native_put_text(out, "next", next);
	buf_putc(out, '}');
	return native_add_links(request, NATIVE_CURSOR, next, response, err) &&
	       response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

/* ---- drain ---- */

static bool parse_drain(struct op *op, json_t *json, struct op_drain *drain, struct err *err)
{
	const json_t *value = json_object_get(json, "drain");
	const char *name;
	json_t *member;

	json_object_foreach (json, name, member) {
		if (strcmp(name, "drain") != 0)
			return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_MEMBER(str_cstr(name)), "There is no such member.");
	}
	if (!json_is_boolean(value))
		return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
			NATIVE_AT_MEMBER(STR("drain")), "drain must be true or false.");
	drain->drain = json_is_true(value);
	return true;
}

bool native_decode_drain(struct request *request, struct op *op, struct err *err)
{
	struct op_drain *drain = arena_alloc(request->arena, sizeof(*drain));
	json_t *json = NULL;
	bool ok;

	if (!drain)
		return err_no_memory(err);
	*drain = (struct op_drain){ .worker = request_path_var(request, "name") };
	if (!work_is_printable(drain->worker, TASK_WORKER_MAX))
		return native_set_error(err, request->arena, ERR_INVALID,
			NATIVE_AT_PARAM(STR("name")),
			"The name of a worker has 1 to %d bytes without control characters.",
			TASK_WORKER_MAX);
	if (!native_read_object(request, &json, err))
		return false;
	op->kind = OP_DRAIN;
	op->drain = drain;
	ok = parse_drain(op, json, drain, err);
	json_decref(json);
	return ok;
}

bool native_encode_drain(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct buf *out = &response->body;

	buf_puts(out, "{\"name\":");
	buf_put_json_string(out, request_path_var(request, "name"));
	buf_puts(out, result->drain ? ",\"drain\":true}" : ",\"drain\":false}");
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}
