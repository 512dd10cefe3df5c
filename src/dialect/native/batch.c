#include "dialect/native/batch.h"

#include <stdio.h>

#include "http/prefer.h"

#define NATIVE_AT_BODY NATIVE_AT("", STR(""))

const char *const native_create_params[] = { "atomic", NULL };

/* The items of a batch. */
struct native_batch {
	struct request request; /* with an item as its body */
	struct str items[BATCH_MAX];
	size_t count;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct str trim(struct str text)
{
	while (text.len > 0 && is_blank(text.ptr[0]))
		text = str_skip(text, 1);
	while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

/* RFC 8259 §8.1: a parser may ignore a byte order mark. */
static struct str skip_mark(struct str body)
{
	return str_starts(body, STR("\xEF\xBB\xBF")) ? str_skip(body, 3) : body;
}

static bool has_lines(const struct request *request)
{
	return str_eq_nocase(request_media_type(request), STR(NATIVE_LINES_TYPE));
}

static bool is_batch(const struct request *request)
{
	return has_lines(request) || str_starts(trim(skip_mark(request->body)), STR("["));
}

/* ---- the items ---- */

static bool add_item(
	struct native_batch *batch, struct str item, struct arena *arena, struct err *err)
{
	if (batch->count == BATCH_MAX)
		return native_set_error(err, arena, ERR_UNPROCESSABLE, NATIVE_AT_BODY,
			"A batch has at most %d tasks.", BATCH_MAX);
	batch->items[batch->count++] = trim(item);
	return true;
}

/* Empty lines are ignored. */
static bool split_lines(
	struct native_batch *batch, struct str body, struct arena *arena, struct err *err)
{
	while (body.len > 0) {
		const char *end = memchr(body.ptr, '\n', body.len);
		struct str line = { body.ptr, end ? (size_t)(end - body.ptr) : body.len };

		if (trim(line).len > 0 && !add_item(batch, line, arena, err))
			return false;
		body = str_skip(body, end ? line.len + 1 : line.len);
	}
	return true;
}

/* The length of the JSON string at the start of text, or of the whole text if it does not end. */
static size_t string_length(struct str text)
{
	size_t len = 1;

	while (len < text.len && text.ptr[len] != '"')
		len += text.ptr[len] == '\\' ? 2 : 1;
	return len < text.len ? len + 1 : text.len;
}

/*
 * The length of the item at the start of text. It ends before the first comma or closing bracket
 * that is neither in a string nor in brackets of the item. text.len: the item does not end. The
 * JSON of an item is checked when it is decoded.
 */
static size_t item_length(struct str text)
{
	size_t len = 0, depth = 0;

	while (len < text.len) {
		char c = text.ptr[len];

		if (depth == 0 && (c == ',' || c == ']' || c == '}'))
			break;
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		len += c == '"' ? string_length(str_skip(text, len)) : 1;
	}
	return len;
}

static bool split_array(
	struct native_batch *batch, struct str body, struct arena *arena, struct err *err)
{
	struct str rest = trim(body);
	char end = ',';

	rest = trim(str_skip(rest, 1));
	if (str_eq(rest, STR("]")))
		return true;
	while (end == ',') {
		size_t len = item_length(rest);

		if (len == rest.len)
			return err_set(err, ERR_MALFORMED, NULL, "The array does not end.");
		if (!add_item(batch, (struct str){ rest.ptr, len }, arena, err))
			return false;
		end = rest.ptr[len];
		rest = str_skip(rest, len + 1);
	}
	return (end == ']' && rest.len == 0) ||
	       err_set(err, ERR_MALFORMED, NULL, "Something follows item %zu of the array.",
		       batch->count - 1);
}

static bool split(struct native_batch *batch, const struct request *request, struct err *err)
{
	struct str body = skip_mark(request->body);
	bool lines = has_lines(request);

	if (!(lines ? split_lines : split_array)(batch, body, request->arena, err))
		return false;
	return batch->count > 0 || native_set_error(err, request->arena, ERR_UNPROCESSABLE,
					   NATIVE_AT_BODY, "The batch has no tasks.");
}

/* ---- decoding ---- */

static bool decode_item(const struct op_batch *op, size_t item, struct op *each, struct err *err)
{
	struct native_batch *batch = op->data;

	if (!str_starts(batch->items[item], STR("{")))
		return err_set(err, ERR_UNPROCESSABLE, NULL, "Each item must be a JSON object.");
	batch->request.arena = each->arena;
	batch->request.body = batch->items[item];
	return native_decode_task(&batch->request, each, err);
}

static bool parse_atomic(const struct request *request, struct op_batch *batch, struct err *err)
{
	struct str value = request_query_param(request, "atomic");

	batch->is_atomic = str_eq(value, STR("true"));
	return !value.ptr || batch->is_atomic || str_eq(value, STR("false")) ||
	       native_set_error(err, request->arena, ERR_INVALID, NATIVE_AT_PARAM(STR("atomic")),
		       "atomic must be true or false.");
}

static bool decode_batch(struct request *request, struct op *op, struct err *err)
{
	struct native_batch *batch;
	struct op_batch *many;

	if (!request_check_accepts_json(request, err) ||
		(!has_lines(request) && !native_check_content_type(request, false, err)))
		return false;
	if (request->body.len > request->body_limit)
		return err_set(err, ERR_TOO_LARGE, NULL,
			"A batch has at most %zu bytes: send several.", request->body_limit);
	batch = arena_alloc(request->arena, sizeof(*batch));
	many = arena_alloc(request->arena, sizeof(*many));
	if (!batch || !many)
		return err_no_memory(err);
	batch->request = *request;
	batch->count = 0;
	*many = (struct op_batch){ .decode = decode_item, .data = batch };
	if (!parse_atomic(request, many, err) || !split(batch, request, err))
		return false;
	many->count = batch->count;
	op->kind = OP_BATCH;
	op->dialect = 0;
	op->batch = many;
	return true;
}

bool native_decode_creation(struct request *request, struct op *op, struct err *err)
{
	return is_batch(request) ? decode_batch(request, op, err)
				 : native_decode_create(request, op, err);
}

/* ---- the response ---- */

#define POINTER "[{\"pointer\":\""

/* Puts the number of the item in front of the pointer. */
static bool locate(const struct request *request, size_t item, struct err *err)
{
	const struct err theirs = *err;
	struct buf detail = BUF_INIT;
	char number[24];
	int len = snprintf(number, sizeof(number), "%zu", item);

	if (!str_starts(theirs.detail, STR(POINTER))) {
		native_set_error(err, request->arena, theirs.code,
			NATIVE_AT_MEMBER(((struct str){ number, (size_t)len })), "%s",
			err_text(&theirs));
	} else {
		buf_printf(&detail, POINTER "/%zu", item);
		buf_put_str(&detail, str_skip(theirs.detail, strlen(POINTER)));
		err->detail = buf_ok(&detail) ? arena_copy(request->arena, buf_str(&detail))
					      : STR_NULL;
		buf_free(&detail);
	}
	err->retry_after = theirs.retry_after;
	err->task = theirs.task;
	return err->detail.ptr || err_no_memory(err);
}

static bool encode_batch(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct batch_answer *batch = result->batch;

	if (batch->is_refused) {
		*err = batch->err;
		locate(request, batch->refused, err);
		return false;
	}
	native_prefers_minimal(request, response);
	buf_printf(&response->body, "{\"created\":%zu,\"failed\":%zu,\"items\":[", batch->created,
		batch->count - batch->created);
	return response_finish(
		response, batch->created == batch->count ? 201 : 207, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_creation(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	return result->batch ? encode_batch(request, result, response, err)
			     : native_encode_created(request, result, response, err);
}

static bool put_problem(
	const struct request *request, const struct batch_item *item, struct buf *out)
{
	struct response response = { 0 };
	struct err err = *item->err;
	bool ok;

	if (!locate(request, item->index, &err))
		return false;
	response.status = err_status(err.code);
	native_encode_error(request, &err, err_text(&err), &response);
	ok = buf_ok(&response.body);
	buf_printf(out, "%d,\"problem\":", response.status);
	buf_put_str(out, buf_str(&response.body));
	response_free(&response);
	return ok;
}

bool native_encode_batch_item(
	const struct request *request, const struct batch_item *item, struct buf *out)
{
	bool ok = true;

	if (!item) {
		buf_puts(out, "]}");
		return buf_ok(out);
	}
	buf_printf(out, "{\"index\":%zu,\"status\":", item->index);
	if (item->err) {
		ok = put_problem(request, item, out);
	} else if (request_prefer_return(request) == PREFER_MINIMAL) {
		buf_puts(out, "201,\"id\":\"");
		id_put(&item->task->id, out);
		buf_putc(out, '"');
	} else {
		buf_puts(out, "201,\"task\":");
		ok = native_encode_row(request, item->task, out);
	}
	buf_putc(out, '}');
	return ok && buf_ok(out);
}
