#include <stdlib.h>

#include "base/log.h"
#include "store/bdb.h"

#define BATCH_ROWS  64
#define BATCH_BYTES ((size_t)256 * 1024) /* a batch ends with the row that reaches it */
#define TAIL_MAX    32			 /* time of update, of creation, id */

/* What an entry's key has behind the list's prefix. */
struct tail {
	uint8_t len, bytes[TAIL_MAX];
};

struct listing {
	struct store *store;
	const struct index_field *field;
	uint8_t dialect;
	struct str tenant;
	bool descending;
	struct index_key prefix, after;
	bool bounded;	       /* after holds a key; without it the list goes to the end */
	struct index_key from; /* go on at this key (descending: before it) */
	bool to_end;	       /* from has no key: descending, from the last entry */
	uint64_t left;	       /* rows that may still be given out */
	bool finished;	       /* no entries behind the batch */

	struct tail tails[BATCH_ROWS];
	size_t tail_count;
	struct buf records; /* the rows of the batch, one after the other */
	size_t ends[BATCH_ROWS];
	size_t row_count, next_row;
};

/* A batch that starts a listing also counts and skips, and must be of one moment. */
struct opening {
	struct listing *listing;
	const struct list_query *query;
	bool exact;
	uint64_t total;
};

/* ---- positions ---- */

static int get(DBC *cursor, struct index_key *key, uint32_t how)
{
	DBT at = bdb_out(key->bytes, sizeof(key->bytes), key->len), value = bdb_nothing();
	int rc = cursor->get(cursor, &at, &value, how);

	if (rc == 0)
		key->len = at.size;
	return rc;
}

static int record_number(DBC *cursor, uint64_t *number)
{
	db_recno_t recno;
	DBT key = bdb_nothing(), value = bdb_out(&recno, sizeof(recno), 0);
	int rc = cursor->get(cursor, &key, &value, DB_GET_RECNO);

	if (rc == 0)
		*number = recno;
	return rc;
}

static int cursor_rank(DBC *cursor, const struct index_key *key, uint64_t *rank)
{
	struct index_key at = *key;
	uint64_t last = 0;
	int rc = get(cursor, &at, DB_SET_RANGE);

	if (rc == 0)
		return record_number(cursor, rank);
	if (rc != DB_NOTFOUND)
		return rc;
	rc = get(cursor, &at, DB_LAST);
	if (rc == 0)
		rc = record_number(cursor, &last);
	if (rc != 0 && rc != DB_NOTFOUND)
		return rc;
	*rank = last + 1;
	return 0;
}

int bdb_rank(DB *ranks, const struct index_key *key, uint64_t *rank)
{
	DBC *cursor;
	int rc = ranks->cursor(ranks, NULL, &cursor, 0), closed;

	if (rc != 0)
		return rc;
	rc = cursor_rank(cursor, key, rank);
	closed = cursor->close(cursor);
	return rc != 0 ? rc : closed;
}

static int go_to_record(DBC *cursor, struct index_key *key, uint64_t number)
{
	db_recno_t recno = (db_recno_t)number;
	DBT at = bdb_in((struct str){ (const char *)&recno, sizeof(recno) });
	DBT value = bdb_nothing();
	int rc = cursor->get(cursor, &at, &value, DB_SET_RECNO);

	/* DB_SET_RECNO gives the key in memory of its own, so it is asked for once more. */
	return rc == 0 ? get(cursor, key, DB_CURRENT) : rc;
}

static int compare(const struct index_key *a, const struct index_key *b)
{
	int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* The last entry before the key, or the last of all; others may insert between our steps. */
static int go_before(DBC *cursor, struct index_key *key, bool to_end)
{
	const struct index_key from = *key;
	int rc = to_end ? DB_NOTFOUND : get(cursor, key, DB_SET_RANGE);

	if (rc == DB_NOTFOUND)
		rc = get(cursor, key, DB_LAST);
	while (rc == 0 && !to_end && compare(key, &from) >= 0)
		rc = get(cursor, key, DB_PREV);
	return rc;
}

static int go_on(DBC *cursor, const struct listing *listing, struct index_key *key)
{
	*key = listing->from;
	return listing->descending ? go_before(cursor, key, listing->to_end)
				   : get(cursor, key, DB_SET_RANGE);
}

/* Counts what was asked for and goes to the first row, past the offset. */
static int go_to_start(DBC *cursor, struct opening *opening, struct index_key *key)
{
	const struct listing *listing = opening->listing;
	uint64_t offset = opening->query->offset, first, end;
	int rc;

	if (!opening->query->count && offset == 0)
		return go_on(cursor, listing, key);
	rc = cursor_rank(cursor, &listing->prefix, &first);
	if (rc == 0)
		rc = cursor_rank(cursor, &listing->after, &end);
	if (rc != 0)
		return rc;
	opening->total = end > first ? end - first : 0;
	if (offset >= opening->total)
		return DB_NOTFOUND;
	if (offset == 0)
		return go_on(cursor, listing, key);
	return go_to_record(cursor, key, listing->descending ? end - 1 - offset : first + offset);
}

/* ---- the entries of a batch ---- */

static bool is_in_list(const struct listing *listing, const struct index_key *key)
{
	return str_starts(bdb_key(key), bdb_key(&listing->prefix));
}

static void keep_tail(struct listing *listing, const struct index_key *key)
{
	struct tail *tail = &listing->tails[listing->tail_count];
	size_t len = key->len - listing->prefix.len;

	if (len > TAIL_MAX || len < sizeof(struct id))
		return; /* none of ours */
	tail->len = (uint8_t)len;
	memcpy(tail->bytes, key->bytes + listing->prefix.len, len);
	listing->tail_count++;
}

static int walk(DBC *cursor, struct opening *opening)
{
	struct listing *listing = opening->listing;
	uint32_t step = listing->descending ? DB_PREV : DB_NEXT;
	struct index_key key;
	int rc = opening->query ? go_to_start(cursor, opening, &key) : go_on(cursor, listing, &key);

	listing->tail_count = 0;
	while (rc == 0 && is_in_list(listing, &key)) {
		keep_tail(listing, &key);
		if (listing->tail_count == BATCH_ROWS || listing->tail_count == listing->left)
			return 0;
		rc = get(cursor, &key, step);
	}
	listing->finished = rc == 0 || rc == DB_NOTFOUND;
	return rc == DB_NOTFOUND ? 0 : rc;
}

static int walk_entries(struct store *store, struct opening *opening)
{
	DBC *cursor;
	int rc = store->ranks->cursor(store->ranks, NULL, &cursor, 0), closed;

	if (rc != 0)
		return rc;
	rc = walk(cursor, opening);
	closed = cursor->close(cursor);
	return rc != 0 ? rc : closed;
}

/* ---- the rows of a batch ---- */

static void tail_id(const struct tail *tail, struct id *id)
{
	memcpy(id->bytes, tail->bytes + tail->len - sizeof(id->bytes), sizeof(id->bytes));
}

/* Whether the record, read after the entry, still belongs where the entry stands. */
static bool still_belongs(
	const struct listing *listing, const struct task *task, const struct tail *tail)
{
	const uint8_t *rest;
	struct index_key key;

	if (listing->dialect != 0 && task->dialect != listing->dialect)
		return false;
	if (!index_key_of(&key, task, listing->field) || !is_in_list(listing, &key))
		return false;
	rest = key.bytes + listing->prefix.len;
	return key.len - listing->prefix.len == tail->len &&
	       memcmp(rest, tail->bytes, tail->len) == 0;
}

/* Reads one row; *gone when the task does not belong to the list any more. */
static int fetch_row(
	struct store *store, struct listing *listing, const struct tail *tail, bool *gone)
{
	size_t start = listing->records.len;
	struct task task;
	struct id id;
	int rc;

	tail_id(tail, &id);
	rc = bdb_get_task(store, NULL, listing->tenant, &id, &listing->records, 0);
	if (rc != 0 && rc != DB_NOTFOUND)
		return rc;
	*gone = rc == DB_NOTFOUND ||
		!record_decode(&task, str_from(buf_str(&listing->records), start)) ||
		!still_belongs(listing, &task, tail);
	if (*gone)
		listing->records.len = start;
	else
		listing->ends[listing->row_count++] = listing->records.len;
	return 0;
}

/* The next batch goes on behind the tail, or before it. */
static void go_on_after(struct listing *listing, const struct tail *tail)
{
	struct index_key *from = &listing->from;

	*from = listing->prefix;
	memcpy(from->bytes + from->len, tail->bytes, tail->len);
	from->len += tail->len;
	if (!listing->descending)
		from->bytes[from->len++] = 0;
	listing->to_end = false;
}

static int fetch_rows(struct store *store, struct listing *listing, bool exact)
{
	size_t i = 0;

	buf_reset(&listing->records);
	listing->row_count = listing->next_row = 0;
	for (; i < listing->tail_count && listing->records.len < BATCH_BYTES; i++) {
		bool gone;
		int rc = fetch_row(store, listing, &listing->tails[i], &gone);

		if (rc != 0)
			return rc;
		if (gone && exact)
			return BDB_AGAIN;
	}
	if (i < listing->tail_count)
		listing->finished = false;
	if (i > 0)
		go_on_after(listing, &listing->tails[i - 1]);
	return 0;
}

/* ---- batches ---- */

/*
 * Two ranks and the entries between them are of one moment when no commit happened meanwhile:
 * nothing was under way before (started = done), and none had begun after. The counters say so
 * without a lock; who was disturbed looks again. The rows are read after that, and each must still
 * belong.
 */
static int step_batch(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	struct opening *opening = data;
	struct listing *listing = opening->listing;
	uint64_t done = atomic_load(&store->shared->done);
	uint64_t started = atomic_load(&store->shared->started);
	int rc;

	(void)txn, (void)err;
	listing->finished = false;
	if (opening->exact && started != done)
		return BDB_AGAIN;
	rc = walk_entries(store, opening);
	if (rc != 0)
		return rc;
	if (opening->exact && started != atomic_load(&store->shared->started))
		return BDB_AGAIN;
	return fetch_rows(store, listing, opening->exact);
}

static bool load_batch(struct listing *listing, struct err *err)
{
	struct opening opening = { .listing = listing };
	bool ok;

	bdb_enter(listing->store);
	ok = bdb_run(listing->store, BDB_READ, step_batch, &opening, err);
	bdb_leave(listing->store);
	return ok;
}

static struct listing *listing_new(
	struct store *store, const struct op *op, const struct index_field *field)
{
	const struct list_query *query = &op->list;
	struct listing *listing = calloc(1, sizeof(*listing));

	if (!listing)
		return NULL;
	listing->store = store;
	listing->field = field;
	listing->dialect = op->dialect;
	listing->tenant = op->tenant;
	listing->descending = query->sort_count > 0 && query->sorts[0].descending;
	listing->left = query->limit ? query->limit : UINT64_MAX;
	index_value_prefix(&listing->prefix, op->tenant, op->dialect, query->place == LIST_ARCHIVED,
		field, query->filter_count ? query->filters[0].value : STR_NULL);
	listing->after = listing->prefix;
	listing->bounded = index_after(&listing->after);
	listing->from = listing->descending ? listing->after : listing->prefix;
	listing->to_end = listing->descending && !listing->bounded;
	return listing;
}

static uint8_t field_code(const struct list_query *query)
{
	if (query->filter_count > 0)
		return query->filters[0].field;
	return query->sort_count > 0 ? query->sorts[0].field : INDEX_BY_ALL;
}

bool bdb_list(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	const struct index_field *field = index_field_by_code(
		store->indexes, op->dialect, field_code(&op->list));
	struct opening opening = { .query = &op->list };

	if (!field)
		return err_set(err, ERR_INTERNAL, NULL,
			"there is no list by field %d of dialect %d", field_code(&op->list),
			op->dialect);
	opening.exact = op->list.count || op->list.offset > 0;
	opening.listing = listing_new(store, op, field);
	if (!opening.listing)
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	if (!bdb_run(store, BDB_READ, step_batch, &opening, err)) {
		bdb_listing_free(opening.listing);
		return false;
	}
	result->listing = opening.listing;
	result->total = op->list.count ? opening.total : 0;
	result->counted = op->list.count;
	result->offset = op->list.offset;
	return true;
}

bool store_next(struct result *result, struct task *row, bool *end, struct err *err)
{
	struct listing *listing = result->listing;
	size_t start;

	while (listing->next_row == listing->row_count && !listing->finished && listing->left > 0) {
		if (!load_batch(listing, err))
			return false;
	}
	if (listing->next_row == listing->row_count || listing->left == 0) {
		*end = true;
		return true;
	}
	start = listing->next_row ? listing->ends[listing->next_row - 1] : 0;
	if (!record_decode(row, (struct str){ listing->records.data + start,
					listing->ends[listing->next_row] - start }))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	listing->next_row++;
	listing->left--;
	result->rows++;
	*end = false;
	return true;
}

void bdb_listing_free(struct listing *listing)
{
	if (!listing)
		return;
	buf_free(&listing->records);
	free(listing);
}
