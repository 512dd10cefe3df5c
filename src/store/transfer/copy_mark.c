#include <inttypes.h>
#include <stdio.h>

#include "store/transfer/copy_parts.h"

/* The value: the name of a table and a number of rows; or this word and a total. */
#define MARK_KEY STR("unfinished-copy")
#define COMPARED "compared"

static bool find_table(struct str name, enum engine_table *table)
{
	for (int i = 0; i < ENGINE_TABLES; i++) {
		if (str_eq(name, str_cstr(engine_tables[i].name))) {
			*table = (enum engine_table)i;
			return true;
		}
	}
	return false;
}

static bool parse_number(struct str *rest, uint64_t *number)
{
	return str_to_u64(str_split_next(rest, ' '), number);
}

static bool parse(struct str value, struct copy_mark *mark)
{
	struct str name = str_split_next(&value, ' ');
	struct copy_sum *total = &mark->total;

	mark->present = true;
	mark->compared = str_eq(name, STR(COMPARED));
	mark->table = ENGINE_TABLES;
	if (mark->compared)
		return parse_number(&value, &total->rows) &&
		       parse_number(&value, &total->hash[0]) &&
		       parse_number(&value, &total->hash[1]);
	return find_table(name, &mark->table) && parse_number(&value, &mark->rows);
}

int copy_mark_get(struct store *store, struct copy_mark *mark)
{
	struct buf value = BUF_INIT;
	int rc = store_get(store, TABLE_META, MARK_KEY, false, &value);

	*mark = (struct copy_mark){ 0 };
	if (rc == 0 && !parse(buf_str(&value), mark))
		rc = ENGINE_DAMAGED;
	buf_free(&value);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

int copy_mark_put(struct store *store, const struct copy_mark *mark)
{
	const struct copy_sum *total = &mark->total;
	char text[96];

	if (mark->compared)
		snprintf(text, sizeof(text), COMPARED " %" PRIu64 " %" PRIu64 " %" PRIu64,
			total->rows, total->hash[0], total->hash[1]);
	else
		snprintf(text, sizeof(text), "%s %" PRIu64, engine_tables[mark->table].name,
			mark->rows);
	return store_put(store, TABLE_META, MARK_KEY, str_cstr(text), ENGINE_REPLACE);
}

int copy_mark_remove(struct store *store)
{
	return store_del(store, TABLE_META, MARK_KEY);
}

static int step_read(struct store *store, void *data, struct err *err)
{
	(void)err;
	return copy_mark_get(store, data);
}

bool copy_mark_read(struct store *store, struct copy_mark *mark, struct err *err)
{
	return step_call(store, ENGINE_READ, step_read, mark, err);
}

static int step_write(struct store *store, void *data, struct err *err)
{
	const struct copy_mark *mark = data;

	(void)err;
	return copy_mark_put(store, mark);
}

bool copy_mark_write(struct store *store, const struct copy_mark *mark, struct err *err)
{
	struct copy_mark copy = *mark;

	return step_call_write(store, STR(""), step_write, &copy, err) && store_flush(store, err);
}

bool copy_is_own_row(enum engine_table table, struct str key)
{
	return table == TABLE_META && (str_eq(key, MARK_KEY) || str_eq(key, JOURNAL_FLOOR_KEY));
}

/* A damaged page does not keep the store from being opened, so that it can be repaired. */
bool copy_check_finished(struct store *store, struct err *err)
{
	struct copy_mark mark;

	if (!copy_mark_read(store, &mark, err))
		return err->code == ERR_DAMAGED;
	return !mark.present ||
	       err_set(err, ERR_INTERNAL, STORE_FAULT_UNFINISHED,
		       "the store is an unfinished copy: run the same polytaskctl copy again");
}
