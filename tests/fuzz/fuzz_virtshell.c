/*
 * A whole request on its way to an operation: method, address and Accept, one a line, the rest is
 * the body. Every dialect is found by its prefix, though the corpus speaks VirtShell.
 */
#include <stdlib.h>

#include "dialect/dialect.h"
#include "fuzz_input.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_op(const struct op *op)
{
	check(op->kind > OP_NONE && op->kind < OP_KINDS);
	check(op->change.field_count <= TASK_FIELDS_MAX);
	for (size_t i = 0; i < op->change.field_count; i++)
		check(str_is_utf8(op->change.fields[i].name) &&
			str_is_utf8(op->change.fields[i].json));
	check(str_is_utf8(op->change.word) && str_is_utf8(op->list.value));
}

static void refuse(const struct dialect *dialect, const struct err *err)
{
	struct response response = { 0 };

	check(err->code > ERR_NONE && err->code < ERR_CODES);
	dialect->refuse(err, &response);
	check(response.status >= 400 && response.status < 600 && buf_ok(&response.body));
	response_free(&response);
}

static void decode(struct request *request)
{
	size_t skip = 0;
	const struct dialect *dialect = dialect_by_path(request, &skip);
	const struct route *row = NULL;
	struct err err = { 0 };
	struct op op = { 0 };
	unsigned allowed;

	if (!dialect)
		return;
	check(skip <= request->segment_count);
	if (route_find(dialect->routes, request, skip, &row, &allowed) != ROUTE_FOUND)
		return;
	if (row->decode(request, &op, &err))
		check_op(&op);
	else
		refuse(dialect, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct mem mem = { 0 };
	struct request request = {
		.mem = &mem,
		.now = 1429207233000,
		.principal = { STR("u1"), STR("demo"), STR("virtshell"), RIGHT_ALL },
	};
	struct err err = { 0 };

	check(request_add_param(&request, STR("REQUEST_METHOD"), fuzz_line(&rest), &err));
	check(request_add_param(&request, STR("REQUEST_URI"), fuzz_line(&rest), &err));
	check(request_add_param(&request, STR("HTTP_ACCEPT"), fuzz_line(&rest), &err));
	request.body = rest;
	if (request_parse(&request, &err))
		decode(&request);
	mem_free(&mem);
	return 0;
}
