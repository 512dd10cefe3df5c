/* Walks over a table, in the order of its keys, some rows a trip. */
#include "store/pg/pg.h"

#define FIRST_ROWS 16
#define MOST_ROWS  1000
#define TRIP_SIZE  ((size_t)1 << 20) /* bytes of values that a trip should bring, about */

struct walk {
	engine_take *take;	   /* of each */
	engine_take_key *take_key; /* of each_key */
	void *data;
	struct buf *last; /* the key where it goes on */
	size_t rows, bytes;
	bool stopped;
};

static enum engine_status take_rows(struct pg *pg, const PGresult *result, void *data)
{
	struct walk *walk = data;
	struct str key = STR_NULL;

	(void)pg;
	walk->rows = (size_t)PQntuples(result);
	walk->bytes = 0;
	for (int i = 0; i < PQntuples(result) && !walk->stopped; i++) {
		struct str value = walk->take ? pg_column(result, i, 1) : STR("");

		key = pg_column(result, i, 0);
		walk->bytes += key.len + value.len;
		walk->stopped = walk->take ? !walk->take(key, value, walk->data)
					   : !walk->take_key(key, walk->data);
	}
	if (!key.ptr)
		return ENGINE_OK;
	buf_reset(walk->last);
	buf_put_str(walk->last, key);
	return buf_ok(walk->last) ? ENGINE_OK : ENGINE_NO_MEMORY;
}

/* Rows of the next trip: fewer if they are large. */
static uint64_t next_limit(const struct walk *walk)
{
	size_t mean = walk->rows > 0 ? walk->bytes / walk->rows + 1 : TRIP_SIZE;
	size_t limit = TRIP_SIZE / mean;

	return limit < 1 ? 1 : limit < MOST_ROWS ? limit : MOST_ROWS;
}

/* Until it is stopped, or *end. */
static enum engine_status walk_all(
	struct pg *pg, enum pg_sql statement, enum engine_table table, struct walk *walk, bool *end)
{
	enum engine_status status = ENGINE_OK;
	uint64_t limit = FIRST_ROWS;

	*end = false;
	while (status == ENGINE_OK && !walk->stopped && !*end) {
		struct pg_params params = { 0 };

		status = pg_start(pg);
		if (status != ENGINE_OK)
			break;
		if (!pg_ask_writes(pg, table))
			pg->trip.refused = ENGINE_NO_MEMORY;
		pg_param_str(&params, buf_str(walk->last));
		pg_param_number(&params, limit);
		pg_ask(pg, statement, table, &params, take_rows, walk);
		status = pg_run(pg);
		*end = walk->rows < limit && !walk->stopped;
		limit = next_limit(walk);
	}
	return status;
}

static bool take_without_value(struct str key, void *data)
{
	const struct walk *outer = data;

	return outer->take(key, STR(""), outer->data);
}

enum engine_status pg_each(struct engine *engine, enum engine_table table, bool keys_only,
	engine_take *take, void *data)
{
	struct pg *pg = pg_of(engine);
	struct buf last = BUF_INIT;
	struct walk caller = { .take = take, .data = data };
	struct walk walk = { .data = data, .last = &last };
	enum engine_status status;
	bool end;

	if (engine_tables[table].old)
		return pg->lost;
	if (keys_only) {
		walk.take_key = take_without_value;
		walk.data = &caller;
	} else {
		walk.take = take;
	}
	status = walk_all(pg, keys_only ? PG_EACH_KEY : PG_EACH, table, &walk, &end);
	buf_free(&last);
	return status;
}

/* ---- walks in parts ---- */

/* The oldest place gives way: its walk was abandoned, or is one of too many. */
static struct pg_place *new_place(struct pg *pg)
{
	struct pg_place *place = &pg->places[0];

	for (size_t i = 1; i < PG_PLACES; i++)
		if (pg->places[i].number < place->number)
			place = &pg->places[i];
	buf_reset(&place->key);
	return place;
}

static struct pg_place *find_place(struct pg *pg, uint64_t number)
{
	for (size_t i = 0; number > 0 && i < PG_PLACES; i++)
		if (pg->places[i].number == number)
			return &pg->places[i];
	return NULL;
}

enum engine_status pg_each_key(struct engine *engine, enum engine_table table,
	struct engine_place *place, engine_take_key *take, void *data)
{
	struct pg *pg = pg_of(engine);
	struct pg_place *at = place->next ? find_place(pg, place->next) : new_place(pg);
	struct walk walk = { .take_key = take, .data = data };
	enum engine_status status;

	if (!at) {
		pg_describe(pg, "PostgreSQL", "too many walks over tables at a time");
		return ENGINE_FAILED;
	}
	if (engine_tables[table].old) {
		place->end = true;
		return ENGINE_OK;
	}
	walk.last = &at->key;
	at->number = place->next = ++pg->last_place;
	status = walk_all(pg, PG_EACH_KEY, table, &walk, &place->end);
	if (status == ENGINE_OK && place->end)
		at->number = 0;
	return status;
}

/* ---- clear ---- */

enum engine_status pg_clear(struct engine *engine, enum engine_table table)
{
	struct pg *pg = pg_of(engine);
	enum engine_status status = pg_flush(engine);

	if (status == ENGINE_OK && !engine_tables[table].old)
		status = pg_start(pg);
	if (status != ENGINE_OK || engine_tables[table].old)
		return status;
	pg_ask(pg, PG_CLEAR, table, NULL, NULL, NULL);
	return pg_run(pg);
}
