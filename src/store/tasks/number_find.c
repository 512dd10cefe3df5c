#include "store/index/state.h"

struct search {
	const struct op *op;
	const struct index_field *field;
	struct id *id;
};

static int find_in_scope(
	struct store *store, const struct search *search, const char *number, bool archived)
{
	struct index_key from, to;
	struct engine_range range;
	struct str key;
	int rc;

	index_value_prefix(&from, search->op->tenant, search->op->dialect, archived, search->field,
		str_cstr(number));
	to = from;
	range = (struct engine_range){ .from = key_str(&from) };
	if (index_prefix_end(&to))
		range.to = key_str(&to);
	rc = store_scan(store, TABLE_INDEX, &range, false, 1);
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
	char number[24];
	int rc = ENGINE_NOT_FOUND;

	(void)err;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)search->op->number);
	for (size_t i = 0; rc == ENGINE_NOT_FOUND && i < sizeof(scopes); i++)
		rc = find_in_scope(store, search, number, scopes[i]);
	return rc;
}

bool number_find(struct store *store, const struct op *op, struct id *id, struct err *err)
{
	struct search search = { .op = op, .id = id };

	if (!index_may_read(store, err))
		return false;
	search.field = index_fields(store->indexes, op->dialect);
	while (search.field && search.field->source != INDEX_NUMBER &&
		search.field->source != INDEX_END)
		search.field++;
	if (!search.field || search.field->source == INDEX_END)
		return err_set(err, ERR_INTERNAL, NULL, "dialect %d has no numbers", op->dialect);
	return step_run(store, ENGINE_READ, step_find, &search, err);
}
