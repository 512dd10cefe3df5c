#include <stdlib.h>

#include "store/journal/journal.h"

struct place {
	uint64_t number;
	size_t end; /* in history_records */
};

struct reading {
	const struct op *op;
	struct result *result;
	struct place *places; /* of the entries */
	bool from_start;      /* the last entry that was read is the creation */
	size_t log;	      /* bytes of log of the present attempt, as far as it is read */
};

/* Leaves out the log, which is the end of the last record, if the attempt has enough. */
static void limit_log(struct reading *reading, const struct journal_entry *entry)
{
	const size_t max = reading->op->history.attempt_log;
	struct buf *records = &reading->result->history_records;

	if (max > 0 && reading->log > max && entry->log.len > 0)
		records->len = (size_t)(entry->error.ptr + entry->error.len - records->data);
	else if (entry->log.len > 0)
		reading->log += entry->log.len - 1; /* the lines are put into one array */
	if (entry->event == JOURNAL_CLAIMED)
		reading->log = 0;
}

/* Reads one entry and goes on to the one before. ENGINE_NOT_FOUND: it is not of the task. */
static int read_entry(struct store *store, struct reading *reading, uint64_t *number)
{
	struct result *result = reading->result;
	struct buf *records = &result->history_records;
	size_t start = records->len;
	struct journal_entry entry;
	struct index_key key;
	int rc;

	journal_key(&key, reading->op->tenant, *number);
	rc = store_get(store, TABLE_JOURNAL, key_str(&key), false, records);
	if (rc != 0)
		return rc;
	if (!journal_decode(&entry, (struct str){ records->data + start, records->len - start }) ||
		memcmp(&entry.id, &result->task.id, sizeof(entry.id)) != 0)
		return ENGINE_NOT_FOUND;
	limit_log(reading, &entry);
	reading->places[result->history_count++] = (struct place){ *number, records->len };
	reading->from_start = entry.event == JOURNAL_CREATED;
	/* Numbers have begun anew between the two entries. */
	if (entry.previous >= *number)
		return ENGINE_NOT_FOUND;
	*number = entry.previous;
	return 0;
}

static void begin(struct reading *reading)
{
	struct result *result = reading->result;

	buf_reset(&result->record);
	buf_reset(&result->history_records);
	result->history_count = 0;
	reading->from_start = false;
	reading->log = 0;
}

static int step_read(struct store *store, void *data, struct err *err)
{
	struct reading *reading = data;
	const struct op *op = reading->op;
	struct result *result = reading->result;
	uint64_t number;
	int rc;

	begin(reading);
	rc = row_get(store, op->tenant, &op->id, false, &result->record);
	if (rc != 0)
		return rc;
	if (!row_decode(&result->task, &result->record, op->tenant, &op->id, err))
		return STEP_FAILED;
	if (change_is_foreign(&result->task, op))
		return ENGINE_NOT_FOUND;
	number = result->task.journal;
	if (op->history.before > 0 && op->history.before <= number)
		number = op->history.before - 1;
	while (rc == 0 && number != 0 && result->history_count < op->history.limit &&
		result->history_records.len < OP_HISTORY_BYTES)
		rc = read_entry(store, reading, &number);
	/* Entries that were removed, or are of a journal that was emptied; or there was none yet. */
	result->history_cut = rc == ENGINE_NOT_FOUND || (number == 0 && !reading->from_start);
	result->history_next = rc == 0 && number != 0 ? number + 1 : 0;
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool decode_all(struct result *result, const struct place *places, struct err *err)
{
	const char *data = result->history_records.data;

	if (result->history_count == 0)
		return true;
	result->history = calloc(result->history_count, sizeof(*result->history));
	if (!result->history)
		return err_no_memory(err);
	for (size_t i = 0; i < result->history_count; i++) {
		size_t start = i > 0 ? places[i - 1].end : 0;

		if (!journal_decode(&result->history[i],
			    (struct str){ data + start, places[i].end - start }))
			return err_set(err, ERR_INTERNAL, NULL, NULL);
		result->history[i].number = places[i].number;
	}
	return true;
}

bool journal_read(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct reading reading = { .op = op, .result = result };
	bool ok;

	reading.places = calloc(op->history.limit, sizeof(*reading.places));
	if (!reading.places)
		return err_no_memory(err);
	ok = step_run(store, ENGINE_READ, step_read, &reading, err) &&
	     decode_all(result, reading.places, err);
	free(reading.places);
	return ok;
}
