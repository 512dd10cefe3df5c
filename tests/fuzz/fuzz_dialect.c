/*
 * Decodes a request. The input has method, target, Accept and Content-Type, one per line; the rest
 * is the body. The prefix of the path selects the dialect; the corpus has files for each, with its
 * name.
 */
#include "dialect/bulk_action.h"
#include "dialect/dialect.h"
#include "fuzz_input.h"
#include "task/member.h"

static void check_op(const struct op *op)
{
	check(op->kind < OP_KINDS);
	check(op->change.field_count <= TASK_FIELDS_MAX);
	for (size_t i = 0; i < op->change.field_count; i++)
		check(str_is_utf8(op->change.fields[i].name) &&
			str_is_utf8(op->change.fields[i].json));
	check(str_is_utf8(op->change.status) && op->list.filter_count <= LIST_FILTERS_MAX);
	check(op->list.sort_count <= LIST_SORTS_MAX && op->list.limit <= LIST_PAGE_MAX);
	for (size_t i = 0; i < op->list.filter_count; i++)
		check(str_is_utf8(op->list.filters[i].value) &&
			op->list.filters[i].more_value_count < LIST_VALUES_MAX);
	if (op->companion)
		check_op(op->companion);
}

static void encode_error(
	const struct request *request, const struct dialect *dialect, const struct err *err)
{
	struct response response = { 0 };

	check(err->code > ERR_NONE && err->code < ERR_CODES);
	dialect_encode_error(dialect, request, err, &response);
	check(response.status >= 400 && response.status < 600 && buf_ok(&response.body));
	response_free(&response);
}

/* The store decodes the items when it creates them. */
static void check_batch(
	const struct op_batch *batch, const struct request *request, const struct dialect *dialect)
{
	check(batch->count > 0 && batch->count <= BATCH_MAX);
	for (size_t i = 0; i < batch->count; i++) {
		struct arena arena = { 0 };
		struct op each = { .arena = &arena, .new_id = { { 1 } } };
		struct err err = { 0 };

		if (batch->decode(batch, i, &each, &err)) {
			check(each.kind == OP_CREATE);
			check_op(&each);
		} else {
			encode_error(request, dialect, &err);
		}
		arena_free(&arena);
	}
}

/* The service reads later from the task what the request asked for. */
static void check_bulk(const struct op *op)
{
	struct op each = { .arena = op->arena };
	struct task task = { 0 };
	struct err err = { 0 };

	check(op->bulk->token.len < BULK_TOKEN_SIZE && str_is_utf8(op->bulk->request));
	check(task_apply_change(&task, &op->change, op->now, &err));
	check(bulk_action_read(&task, &each, &err));
	check(each.kind == OP_UPDATE || each.kind == OP_ARCHIVE || each.kind == OP_REMOVE);
	check(each.list.filter_count == op->list.filter_count && each.dialect == op->dialect);
	check_op(&each);
}

static void decode(struct request *request)
{
	size_t skip = 0;
	const struct dialect *dialect = dialect_by_path(request, &skip);
	const struct route *row = NULL;
	struct err err = { 0 };
	struct op op = { .arena = request->arena, .new_id = { { 1 } } };
	unsigned allowed;

	if (!dialect)
		return;
	check(skip <= request->segment_count);
	if (route_find(dialect->routes, request, skip, &row, &allowed) != ROUTE_FOUND)
		return;
	if (row->decode(request, &op, &err)) {
		check(op.kind > OP_NONE || !dialect_has_tasks(dialect));
		check_op(&op);
		if (op.kind == OP_BATCH)
			check_batch(op.batch, request, dialect);
		if (op.kind == OP_BULK)
			check_bulk(&op);
	} else {
		encode_error(request, dialect, &err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct arena arena = { 0 };
	struct request request = {
		.arena = &arena,
		.now = 1429207233000,
		.body_limit = 262144,
		.base_url = STR("https://tasks.example.com"),
		.principal = { STR("u1"), STR("demo"), STR("virtshell"), RIGHT_ALL },
	};
	struct err err = { 0 };

	check(request_add_cgi_param(&request, STR("REQUEST_METHOD"), fuzz_line(&rest), &err));
	check(request_add_cgi_param(&request, STR("REQUEST_URI"), fuzz_line(&rest), &err));
	check(request_add_cgi_param(&request, STR("HTTP_ACCEPT"), fuzz_line(&rest), &err));
	check(request_add_cgi_param(&request, STR("CONTENT_TYPE"), fuzz_line(&rest), &err));
	request.body = rest;
	if (request_parse(&request, &err))
		decode(&request);
	arena_free(&arena);
	return 0;
}
