#include <errno.h>
#include <stdlib.h>

#include "store/list.h"

#define CONNECTED_MAX 1000

struct search {
	struct store *store;
	DB_TXN *txn;
	const struct op *op;
	const struct index_field *field;
	struct id ids[CONNECTED_MAX + 1]; /* the task itself first */
	size_t count;
	struct buf record;
	struct err *err;
};

static int keep(struct search *search, const struct id *id)
{
	for (size_t i = 0; i < search->count; i++) {
		if (id_compare(&search->ids[i], id) == 0)
			return 0;
	}
	if (search->count > CONNECTED_MAX) {
		err_set(search->err, ERR_TOO_LARGE, NULL,
			"More than %d tasks are connected with this one.", CONNECTED_MAX);
		return STEP_FAILED;
	}
	search->ids[search->count++] = *id;
	return 0;
}

/* Keeps the ids of all that have the value, in one place. */
static int search_place(struct search *search, struct str value, bool archived)
{
	struct key_range range = { .field = search->field };
	struct range_set ranges = { .at = &range, .count = 1 };
	struct position place = { 0 };
	struct index_entry hits[LIST_BATCH_ROWS];
	size_t count = LIST_BATCH_ROWS;
	DBC *cursor;
	int rc = search->store->ranks->cursor(search->store->ranks, search->txn, &cursor, 0);
	int closed;

	if (rc != 0)
		return rc;
	index_value_prefix(&range.prefix, search->op->tenant, search->op->dialect, archived,
		search->field, value);
	range.from = range.to = range.prefix;
	range.to_end = !index_prefix_end(&range.to);
	while (rc == 0 && count == LIST_BATCH_ROWS) {
		rc = ranges_read(cursor, &ranges, &place, hits, LIST_BATCH_ROWS, &count);
		for (size_t i = 0; rc == 0 && i < count; i++) {
			struct id id;

			index_entry_id(&hits[i], &id);
			place = (struct position){ .set = true, .tail = hits[i].tail };
			rc = keep(search, &id);
		}
	}
	closed = cursor->close(cursor);
	return rc != 0 ? rc : closed;
}

static int search_value(struct search *search, struct str value)
{
	int rc = search_place(search, value, false);

	return rc == 0 ? search_place(search, value, true) : rc;
}

/* What the others' field says of a task: its member, or its id. */
static int search_of(struct search *search, const struct id *id)
{
	char text[ID_TEXT_LEN + 3];
	struct str value = STR_NULL;
	struct task task;
	int rc;

	buf_reset(&search->record);
	rc = row_get(search->store, search->txn, search->op->tenant, id, &search->record, 0);
	if (rc != 0)
		return rc == DB_NOTFOUND ? 0 : rc;
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
		rc = search_of(search, &search->ids[i]);
	return rc;
}

static int copy_found(const struct search *search, struct dependents *connected)
{
	size_t count = search->count - 1;

	connected->ids = calloc(count + 1, sizeof(*connected->ids));
	if (!connected->ids)
		return ENOMEM;
	memcpy(connected->ids, search->ids + 1, count * sizeof(*connected->ids));
	connected->count = count;
	return 0;
}

int dependents_find(struct store *store, DB_TXN *txn, const struct op *op,
	struct dependents *connected, struct err *err)
{
	struct search *search = calloc(1, sizeof(*search));
	int rc;

	if (!search)
		return ENOMEM;
	search->store = store;
	search->txn = txn;
	search->op = op;
	search->err = err;
	search->field = index_field_by_code(store->indexes, op->dialect, op->dependents.field);
	search->ids[search->count++] = op->id;
	if (search->field && !search->field->unindexed) {
		rc = search_all(search);
	} else {
		err_set(err, ERR_INTERNAL, NULL, "field %d of dialect %d is no index",
			op->dependents.field, op->dialect);
		rc = STEP_FAILED;
	}
	if (rc == 0)
		rc = copy_found(search, connected);
	buf_free(&search->record);
	free(search);
	return rc;
}
