#include <stdio.h>

#include "base/log.h"
#include "store/internal.h"
#include "task/member.h"

/* ---- records ---- */

bool row_unreadable(const struct index_key *key, struct err *err)
{
	char text[ID_TEXT_LEN + 1];
	struct id id = { { 0 } };

	if (key->len >= sizeof(id.bytes))
		memcpy(id.bytes, key->bytes + key->len - sizeof(id.bytes), sizeof(id.bytes));
	id_format(&id, text);
	log_error("record-unreadable", "task %s", text);
	return err_set(err, ERR_INTERNAL, NULL, "the record of task %s cannot be read", text);
}

bool row_decode(struct task *task, const struct buf *record, struct str tenant, const struct id *id,
	struct err *err)
{
	struct index_key key;

	if (record_decode(task, buf_str(record)))
		return true;
	index_primary_key(&key, tenant, id);
	row_unreadable(&key, err);
	return err_set(err, ERR_INTERNAL, NULL, NULL);
}

bool row_encode(const struct task *task, struct buf *record, struct err *err)
{
	buf_reset(record);
	if (!record_encode(task, record))
		return err_no_memory(err);
	if (record->len > STORE_RECORD_MAX)
		return err_set(err, ERR_TOO_LARGE, NULL, "The task would be larger than %zu bytes.",
			STORE_RECORD_MAX);
	return true;
}

int row_get(struct store *store, DB_TXN *txn, struct str tenant, const struct id *id,
	struct buf *out, uint32_t flags)
{
	struct index_key key;

	index_primary_key(&key, tenant, id);
	return bdb_get(store->tasks, txn, key_str(&key), out, flags);
}

int row_put(struct store *store, DB_TXN *txn, const struct task *task, struct str record,
	uint32_t flags)
{
	struct index_key key;

	index_primary_key(&key, task->tenant, &task->id);
	return bdb_put(store->tasks, txn, key_str(&key), record, flags);
}

int row_delete(struct store *store, DB_TXN *txn, struct str tenant, const struct id *id)
{
	struct index_key key;
	DBT at;

	index_primary_key(&key, tenant, id);
	at = bdb_in(key_str(&key));
	return store->tasks->del(store->tasks, txn, &at, 0);
}

/* ---- changes ---- */

bool change_apply(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	if (!task_apply_change(task, &op->change, op->now, err))
		return false;
	return !op->before_write || op->before_write(op, before, task, err);
}

bool upsert_apply(const struct op *op, struct task *task, struct err *err)
{
	const struct task before = *task;
	bool anew = task_state_is_final(task->state) || task->archived;

	if (anew) {
		task->started = task->finished = 0;
		task->error = task->progress = STR_NULL;
		task->archived = false;
	}
	if (!change_apply(op, &before, task, err))
		return false;
	if (!anew) {
		task->state = before.state;
		task->status = before.status;
		task->started = before.started;
		task->finished = before.finished;
		task->archived = before.archived;
	}
	return true;
}

/* ---- numbers ---- */

/*
 * The last number that was given stands in the store's notes: it must outlive the task that has it.
 * Writers of one tenant and dialect wait for each other here, until the end of the transaction.
 */
static void number_key(struct index_key *key, struct str tenant, uint8_t dialect)
{
	static const char mark[] = "number";

	memcpy(key->bytes, mark, sizeof(mark));
	key->len = sizeof(mark);
	key->bytes[key->len++] = dialect;
	memcpy(key->bytes + key->len, tenant.ptr,
		tenant.len < INDEX_TENANT_MAX ? tenant.len : INDEX_TENANT_MAX);
	key->len += tenant.len < INDEX_TENANT_MAX ? tenant.len : INDEX_TENANT_MAX;
}

static int last_number(
	struct store *store, DB_TXN *txn, const struct index_key *key, uint64_t *number)
{
	struct buf text = BUF_INIT;
	int rc = bdb_get(store->tables[TABLE_META], txn, key_str(key), &text, DB_RMW);

	*number = 0;
	if (rc == 0 && !str_to_u64(buf_str(&text), number))
		*number = 0;
	buf_free(&text);
	return rc == DB_NOTFOUND ? 0 : rc;
}

static int put_number(
	struct store *store, DB_TXN *txn, const struct index_key *key, uint64_t number)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);

	return bdb_put(
		store->tables[TABLE_META], txn, key_str(key), (struct str){ text, (size_t)len }, 0);
}

int number_next(struct store *store, DB_TXN *txn, const struct op *op, uint64_t *number)
{
	struct index_key key;
	int rc;

	number_key(&key, op->tenant, op->dialect);
	rc = last_number(store, txn, &key, number);
	return rc == 0 ? put_number(store, txn, &key, ++*number) : rc;
}

int number_reserve(struct store *store, DB_TXN *txn, const struct task *task)
{
	struct index_key key;
	uint64_t last;
	int rc;

	if (task->number == 0)
		return 0;
	number_key(&key, task->tenant, task->dialect);
	rc = last_number(store, txn, &key, &last);
	if (rc != 0 || last >= task->number)
		return rc;
	return put_number(store, txn, &key, task->number);
}

struct finding {
	const struct op *op;
	const struct index_field *field;
	struct id *id;
};

static int find_in_place(
	struct store *store, const struct finding *finding, const char *number, bool archived)
{
	struct index_key prefix, key;
	DBT at, value = bdb_nothing();
	DBC *cursor;
	int rc = store->ranks->cursor(store->ranks, NULL, &cursor, 0), closed;

	if (rc != 0)
		return rc;
	index_value_prefix(&prefix, finding->op->tenant, finding->op->dialect, archived,
		finding->field, str_cstr(number));
	key = prefix;
	at = bdb_out(key.bytes, sizeof(key.bytes), key.len);
	rc = cursor->get(cursor, &at, &value, DB_SET_RANGE);
	closed = cursor->close(cursor);
	key.len = at.size;
	if (rc == 0 && (!str_starts(key_str(&key), key_str(&prefix)) ||
			       key.len < sizeof(finding->id->bytes)))
		rc = DB_NOTFOUND;
	if (rc == 0)
		memcpy(finding->id->bytes, key.bytes + key.len - sizeof(finding->id->bytes),
			sizeof(finding->id->bytes));
	return rc != 0 ? rc : closed;
}

static int step_find_number(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	/* Once more among the current ones: it may have come back between the two. */
	static const bool places[] = { false, true, false };
	const struct finding *finding = data;
	char number[24];
	int rc = DB_NOTFOUND;

	(void)txn, (void)err;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)finding->op->number);
	for (size_t i = 0; rc == DB_NOTFOUND && i < sizeof(places); i++)
		rc = find_in_place(store, finding, number, places[i]);
	return rc;
}

bool number_find(struct store *store, const struct op *op, struct id *id, struct err *err)
{
	const struct index_table *table = store->indexes;
	struct finding finding = { .op = op, .id = id };

	while (table->fields && table->dialect != op->dialect)
		table++;
	finding.field = table->fields;
	while (finding.field && finding.field->source != INDEX_NUMBER &&
		finding.field->source != INDEX_END)
		finding.field++;
	if (!finding.field || finding.field->source == INDEX_END)
		return err_set(err, ERR_INTERNAL, NULL, "dialect %d has no numbers", op->dialect);
	return step_run(store, STEP_READ, step_find_number, &finding, err);
}
