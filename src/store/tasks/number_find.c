#include "store/index/state.h"

struct search {
	const struct op *op;
	const struct index_field *field;
	struct id *id;
};

/* Reads the keys of at most limit tasks with the number into store->batch. */
static int scan_number(struct store *store, struct str tenant, uint8_t dialect, bool archived,
	const struct index_field *field, uint64_t number, size_t limit)
{
	struct index_key from, to;
	struct engine_range range;
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	index_value_prefix(&from, tenant, dialect, archived, field, str_cstr(text));
	to = from;
	range = (struct engine_range){ .from = key_str(&from) };
	if (index_prefix_end(&to))
		range.to = key_str(&to);
	return store_scan(store, TABLE_INDEX, &range, false, limit);
}

static const struct index_field *number_field(const struct store *store, uint8_t dialect)
{
	const struct index_field *field = index_fields(store->indexes, dialect);

	while (field && field->source != INDEX_NUMBER && field->source != INDEX_END)
		field++;
	return field && field->source != INDEX_END ? field : NULL;
}

/* Whether an entry of the batch is of another task. */
static bool batch_has_other(struct store *store, const struct id *own, struct id *other)
{
	for (size_t i = 0; i < store->batch.count; i++) {
		struct str key = engine_batch_key(&store->batch, i);

		if (key.len < sizeof(other->bytes))
			continue;
		memcpy(other->bytes, key.ptr + key.len - sizeof(other->bytes),
			sizeof(other->bytes));
		if (id_compare(other, own) != 0)
			return true;
	}
	return false;
}

int number_holder(struct store *store, const struct task *task, struct id *id, bool *found)
{
	const struct index_field *field = number_field(store, task->dialect);
	int rc = 0;

	*found = false;
	for (int archived = 0; rc == 0 && field && !*found && archived <= 1; archived++) {
		rc = scan_number(
			store, task->tenant, task->dialect, archived, field, task->number, 2);
		*found = rc == 0 && batch_has_other(store, &task->id, id);
	}
	return rc;
}

static int find_in_scope(struct store *store, const struct search *search, bool archived)
{
	const struct op *op = search->op;
	struct str key;
	int rc = scan_number(
		store, op->tenant, op->dialect, archived, search->field, op->number, 1);

	if (rc != 0)
		return rc;
	if (store->batch.count == 0)
		return ENGINE_NOT_FOUND;
	key = engine_batch_key(&store->batch, 0);
	if (key.len < sizeof(search->id->bytes))
		return ENGINE_NOT_FOUND;
	memcpy(search->id->bytes, key.ptr + key.len - sizeof(search->id->bytes),
		sizeof(search->id->bytes));
	return 0;
}

static int step_find(struct store *store, void *data, struct err *err)
{
	/* Current tasks twice: a task may be reopened between the first two scans. */
	static const bool scopes[] = { false, true, false };
	const struct search *search = data;
	int rc = ENGINE_NOT_FOUND;

	(void)err;
	for (size_t i = 0; rc == ENGINE_NOT_FOUND && i < sizeof(scopes); i++)
		rc = find_in_scope(store, search, scopes[i]);
	return rc;
}

bool number_find(struct store *store, const struct op *op, struct id *id, struct err *err)
{
	struct search search = { .op = op, .id = id };

	if (!index_may_read(store, err))
		return false;
	search.field = number_field(store, op->dialect);
	if (!search.field)
		return err_set(err, ERR_INTERNAL, NULL, "dialect %d has no numbers", op->dialect);
	return step_run(store, ENGINE_READ, step_find, &search, err);
}
