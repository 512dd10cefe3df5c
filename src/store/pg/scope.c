/*
 * A scope that the round has locked stays locked until the flush, whatever becomes of the
 * transaction of the engine that has locked it.
 *
 * A transaction that has changed nothing does not raise the version: hosts that look at versions
 * would wake one another for nothing.
 *
 * A process that waits for scopes in ascending order of their names only cannot be part of a
 * deadlock. Out of that order it waits for pg_waits.hurried only.
 */
#include <stdlib.h>

#include "store/pg/pg.h"

static struct str name_of(const struct pg_scope *scope)
{
	return (struct str){ scope->name, scope->len };
}

static struct pg_scope *find(struct pg *pg, struct str name)
{
	for (size_t i = 0; i < pg->scopes.count; i++)
		if (str_eq(name_of(&pg->scopes.list[i]), name))
			return &pg->scopes.list[i];
	return NULL;
}

static bool is_in_order(const struct pg *pg, struct str name)
{
	for (size_t i = 0; i < pg->scopes.count; i++)
		if (str_compare(name_of(&pg->scopes.list[i]), name) > 0)
			return false;
	return true;
}

/* NULL without memory. */
static struct pg_scope *add(struct pg *pg, struct str name, const struct engine_scope *state)
{
	struct pg_scopes *scopes = &pg->scopes;
	char *copy;

	if (scopes->count == scopes->capacity) {
		size_t capacity = 2 * scopes->capacity + 16;
		struct pg_scope *list = reallocarray(scopes->list, capacity, sizeof(*list));

		if (!list)
			return NULL;
		scopes->list = list;
		scopes->capacity = capacity;
	}
	copy = malloc(name.len + 1);
	if (!copy)
		return NULL;
	if (name.len > 0)
		memcpy(copy, name.ptr, name.len);
	scopes->list[scopes->count] = (struct pg_scope){ copy, name.len, *state, 0, false, false };
	return &scopes->list[scopes->count++];
}

/* ---- locks ---- */

struct found {
	struct engine_scope state;
	bool row;
};

static enum engine_status take_state(struct pg *pg, const PGresult *result, void *data)
{
	struct found *found = data;

	(void)pg;
	found->row = PQntuples(result) == 1;
	if (found->row)
		found->state = (struct engine_scope){ pg_number(result, 0, 0),
			pg_number(result, 0, 1) };
	return ENGINE_OK;
}

static void ask_wait(struct pg *pg, int ms)
{
	char text[PG_TEXT_SIZE];

	pg_sql_limit(true, "lock_timeout", ms, text);
	pg_ask_text(pg, text);
}

/* create: the row was not there before. */
static enum engine_status ask_lock(struct pg *pg, struct str name, bool create, struct found *found)
{
	bool hurried = !is_in_order(pg, name);
	struct pg_params params = { 0 };
	enum engine_status status = pg_start(pg);

	if (status != ENGINE_OK)
		return status;
	pg_param_str(&params, name);
	if (hurried)
		ask_wait(pg, pg_waits.hurried);
	if (create)
		pg_ask(pg, PG_NEW_SCOPE, TABLE_META, &params, NULL, NULL);
	pg_ask(pg, PG_LOCK_SCOPE, TABLE_META, &params, take_state, found);
	if (hurried)
		ask_wait(pg, pg_waits.lock);
	return pg_run(pg);
}

static enum engine_status misuse(struct pg *pg, const char *text)
{
	pg_describe(pg, "PostgreSQL", text);
	return ENGINE_FAILED;
}

static enum engine_status lock_new(struct pg *pg, struct str name)
{
	struct found found = { 0 };
	enum engine_status status = ask_lock(pg, name, false, &found);

	if (status == ENGINE_OK && !found.row)
		status = ask_lock(pg, name, true, &found);
	if (status != ENGINE_OK)
		return status;
	if (!found.row)
		return misuse(pg, "the row of a scope was removed");
	/* What was read before is not what the scope's last transaction has left. */
	pg_rows_forget_reads(&pg->rows);
	return add(pg, name, &found.state) ? ENGINE_OK : ENGINE_NO_MEMORY;
}

enum engine_status pg_lock(struct engine *engine, struct str scope)
{
	struct pg *pg = pg_of(engine);
	struct pg_scope *known = find(pg, scope);
	enum engine_status status = pg->lost;

	if (!pg->in_transaction || pg->access != ENGINE_WRITE)
		return misuse(pg, "a scope is locked outside a transaction that writes");
	if (status == ENGINE_OK && !known) {
		status = lock_new(pg, scope);
		known = find(pg, scope);
	}
	if (status != ENGINE_OK || known->locked)
		return status;
	known->locked = true;
	pg->scopes.locked++;
	return ENGINE_OK;
}

/* ---- numbers ---- */

enum engine_status pg_take_numbers(
	struct engine *engine, struct str scope, uint64_t count, uint64_t *first)
{
	struct pg *pg = pg_of(engine);
	struct pg_scope *known = find(pg, scope);

	if (pg->lost)
		return pg->lost;
	if (!known || !known->locked)
		return misuse(pg, "numbers are taken of a scope that is not locked");
	*first = known->state.number + known->taken + 1;
	known->taken += count;
	pg->changed = true;
	return ENGINE_OK;
}

enum engine_status pg_read_scope(
	struct engine *engine, struct str scope, struct engine_scope *state)
{
	struct pg *pg = pg_of(engine);
	const struct pg_scope *known = find(pg, scope);
	struct pg_params params = { 0 };
	struct found found = { 0 };
	enum engine_status status;

	if (known) {
		*state = known->state;
		state->number += known->taken;
		return ENGINE_OK;
	}
	status = pg_start(pg);
	if (status != ENGINE_OK)
		return status;
	pg_param_str(&params, scope);
	pg_ask(pg, PG_READ_SCOPE, TABLE_META, &params, take_state, &found);
	status = pg_run(pg);
	if (status == ENGINE_OK)
		*state = found.state;
	return status;
}

/* ---- the end of transactions ---- */

void pg_scopes_commit(struct pg *pg)
{
	for (size_t i = 0; i < pg->scopes.count; i++) {
		struct pg_scope *scope = &pg->scopes.list[i];

		if (!scope->locked)
			continue;
		scope->state.version++;
		scope->state.number += scope->taken;
		scope->changed = true;
		scope->taken = 0;
		scope->locked = false;
	}
	pg->scopes.locked = 0;
}

void pg_scopes_abort(struct pg *pg)
{
	for (size_t i = 0; i < pg->scopes.count; i++) {
		pg->scopes.list[i].taken = 0;
		pg->scopes.list[i].locked = false;
	}
	pg->scopes.locked = 0;
}

bool pg_ask_scopes(struct pg *pg)
{
	struct pg_array names = { 0 }, versions = { 0 }, numbers = { 0 };
	struct pg_params params = { 0 };
	bool ok = true;

	pg_array_begin(&names, false);
	pg_array_begin(&versions, true);
	pg_array_begin(&numbers, true);
	for (size_t i = 0; i < pg->scopes.count; i++) {
		const struct pg_scope *scope = &pg->scopes.list[i];

		if (!scope->changed)
			continue;
		pg_array_add(&names, name_of(scope));
		pg_array_add_number(&versions, scope->state.version);
		pg_array_add_number(&numbers, scope->state.number);
	}
	if (names.count > 0) {
		ok = pg_param_array(&params, &names) && pg_param_array(&params, &versions) &&
		     pg_param_array(&params, &numbers);
		if (ok)
			pg_ask(pg, PG_SET_SCOPES, TABLE_META, &params, NULL, NULL);
	}
	buf_free(&names.bytes);
	buf_free(&versions.bytes);
	buf_free(&numbers.bytes);
	return ok;
}

void pg_scopes_forget(struct pg *pg)
{
	for (size_t i = 0; i < pg->scopes.count; i++)
		free(pg->scopes.list[i].name);
	pg->scopes.count = pg->scopes.locked = 0;
}

void pg_scopes_free(struct pg *pg)
{
	pg_scopes_forget(pg);
	free(pg->scopes.list);
}
