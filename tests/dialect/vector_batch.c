/* Batches in vectors (HACKING, VECTORS). */
#include "dialect/vector.h"
#include "dialect/vector_json.h"

/* ---- the result ---- */

static void fill_item(
	struct vector *vector, const json_t *item, struct outcome *outcome, size_t number)
{
	const json_t *error = json_object_get(item, "error");

	if (!error) {
		vector_fill_task(vector, item, &outcome->rows[number]);
		outcome->batch.created++;
		return;
	}
	err_set(&outcome->item_errors[number], vector_err_code(json_string_value(error)), NULL,
		NULL);
	if (outcome->item_errors[number].code == ERR_CONFLICT)
		id_parse(&outcome->item_errors[number].task, STR(VECTOR_COMPANION_ID));
}

void vector_fill_batch(struct vector *vector, const json_t *items, struct outcome *outcome)
{
	size_t count = json_array_size(items);

	if (!items)
		return;
	assert_in_range(count, 1, VECTOR_ROWS_MAX);
	for (size_t i = 0; i < count; i++)
		fill_item(vector, json_array_get(items, i), outcome, i);
	outcome->batch.count = count;
	outcome->result.batch = &outcome->batch;
}

/* An atomic batch that was refused: the vector has its items up to the one with the error. */
void vector_refuse_batch(struct outcome *outcome)
{
	struct batch_answer *batch = &outcome->batch;

	if (!outcome->op.batch || !outcome->op.batch->is_atomic || batch->created == batch->count)
		return;
	batch->is_refused = true;
	batch->refused = batch->count - 1;
	batch->err = outcome->item_errors[batch->refused];
}

bool vector_put_items(struct outcome *outcome)
{
	struct buf *body = &outcome->response.body;
	bool ok = true;

	for (size_t i = 0; ok && i < outcome->batch.count; i++) {
		const struct err *err = &outcome->item_errors[i];
		const struct batch_item item = { i,
			err->code == ERR_NONE ? &outcome->rows[i] : NULL,
			err->code == ERR_NONE ? NULL : err };

		if (i > 0)
			buf_putc(body, ',');
		ok = outcome->route->encode_item(&outcome->request, &item, body);
	}
	return (ok && outcome->route->encode_item(&outcome->request, NULL, body)) ||
	       err_no_memory(&outcome->err);
}

/* ---- the operation ---- */

/* The item's operation as if it were a request's, or its error with the pointers. */
static json_t *item_json(const struct op *op, size_t item, const struct dialect *dialect)
{
	struct op each = { .arena = op->arena,
		.tenant = op->tenant,
		.actor = op->actor,
		.now = op->now,
		.new_id = op->new_id };
	struct err err = { 0 };

	if (op->batch->decode(op->batch, item, &each, &err))
		return vector_op_json(&each, dialect, VECTOR_NEW_ID);
	return json_pack("{s:s}", "error", err_name(err.code));
}

json_t *vector_batch(const struct op *op, const struct dialect *dialect)
{
	json_t *items = json_array();

	for (size_t i = 0; i < op->batch->count; i++)
		json_array_append_new(items, item_json(op, i, dialect));
	return json_pack("{s:b, s:o}", "atomic", op->batch->is_atomic, "items", items);
}
