#include <stdlib.h>

#include "store/index/state.h"
#include "store/list/list.h"

#define DEPENDENTS_MAX 1000

struct search {
	struct store *store;
	const struct op *op;
	const struct index_field *field;
	struct id ids[DEPENDENTS_MAX + 1]; /* the task itself first */
	size_t count;
	struct buf record;
	struct err *err;
};

static int add(struct search *search, const struct id *id)
{
	for (size_t i = 0; i < search->count; i++) {
		if (id_compare(&search->ids[i], id) == 0)
			return 0;
	}
	if (search->count > DEPENDENTS_MAX) {
		err_set(search->err, ERR_TOO_LARGE, NULL,
			"More than %d tasks are connected with this one.", DEPENDENTS_MAX);
		return STEP_FAILED;
	}
	search->ids[search->count++] = *id;
	return 0;
}

/* Adds the ids of all tasks that have the value, archived or not. */
static int search_scope(struct search *search, struct str value, bool archived)
{
	struct store *store = search->store;
	struct engine_range range = { 0 };
	struct index_key from, to;
	bool more = true;
	int rc = 0;

	index_value_prefix(
		&from, search->op->tenant, search->op->dialect, archived, search->field, value);
	to = from;
	if (index_prefix_end(&to))
		range.to = key_str(&to);
	while (rc == 0 && more) {
		range.from = key_str(&from);
		rc = store_scan(store, TABLE_INDEX, &range, false, LIST_BATCH_ROWS);
		more = rc == 0 && store->batch.count == LIST_BATCH_ROWS;
		for (size_t i = 0; rc == 0 && i < store->batch.count; i++) {
			struct str key = engine_batch_key(&store->batch, i);
			struct id id;

			if (key.len < sizeof(id.bytes) || key.len >= sizeof(from.bytes))
				continue;
			memcpy(id.bytes, key.ptr + key.len - sizeof(id.bytes), sizeof(id.bytes));
			rc = add(search, &id);
			/* Go on behind this key. */
			memcpy(from.bytes, key.ptr, key.len);
			from.len = key.len;
			from.bytes[from.len++] = 0;
		}
	}
	return rc;
}

static int search_value(struct search *search, struct str value)
{
	int rc = search_scope(search, value, false);

	return rc == 0 ? search_scope(search, value, true) : rc;
}

/* The value by which other tasks refer to a task: its key member, or its id. */
static int search_task(struct search *search, const struct id *id)
{
	char text[ID_TEXT_LEN + 3];
	struct str value = STR_NULL;
	struct task task;
	int rc;

	buf_reset(&search->record);
	rc = row_get(search->store, search->op->tenant, id, false, &search->record);
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	if (record_decode(&task, buf_str(&search->record)) && search->op->dependents.key_member)
		value = task_field(&task, str_cstr(search->op->dependents.key_member));
	if (!value.ptr) {
		text[0] = '"';
		id_format(id, text + 1);
		text[ID_TEXT_LEN + 1] = '"';
		value = (struct str){ text, ID_TEXT_LEN + 2 };
	}
	return search_value(search, value);
}

static int search_all(struct search *search)
{
	int rc = search_value(search, search->op->dependents.value);

	for (size_t i = 1; rc == 0 && i < search->count; i++)
		rc = search_task(search, &search->ids[i]);
	return rc;
}

static int copy_found(const struct search *search, struct dependents *dependents)
{
	size_t count = search->count - 1;

	dependents->ids = calloc(count + 1, sizeof(*dependents->ids));
	if (!dependents->ids)
		return ENGINE_NO_MEMORY;
	memcpy(dependents->ids, search->ids + 1, count * sizeof(*dependents->ids));
	dependents->count = count;
	return 0;
}

int dependents_find(
	struct store *store, const struct op *op, struct dependents *dependents, struct err *err)
{
	struct search *search;
	int rc;

	if (!index_may_read(store, err))
		return STEP_FAILED;
	search = calloc(1, sizeof(*search));
	if (!search)
		return ENGINE_NO_MEMORY;
	search->store = store;
	search->op = op;
	search->err = err;
	search->field = index_field_by_code(store->indexes, op->dialect, op->dependents.field);
	search->ids[search->count++] = op->id;
	if (search->field && !search->field->unindexed) {
		rc = search_all(search);
	} else {
		err_set(err, ERR_INTERNAL, NULL, "field %d of dialect %d is not indexed",
			op->dependents.field, op->dialect);
		rc = STEP_FAILED;
	}
	if (rc == 0)
		rc = copy_found(search, dependents);
	buf_free(&search->record);
	free(search);
	return rc;
}
