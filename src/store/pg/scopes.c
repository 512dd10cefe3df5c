/* The scopes that a round has locked. */
#include <stdlib.h>

#include "store/pg/pg.h"

struct str pg_scope_name(const struct pg_scope *scope)
{
	return (struct str){ scope->name, scope->len };
}

struct pg_scope *pg_scope_find(struct pg *pg, struct str name)
{
	for (size_t i = 0; i < pg->scopes.count; i++)
		if (str_eq(pg_scope_name(&pg->scopes.list[i]), name))
			return &pg->scopes.list[i];
	return NULL;
}

struct pg_scope *pg_scope_add(struct pg *pg, struct str name, const struct engine_scope *state)
{
	struct pg_scopes *scopes = &pg->scopes;
	struct pg_scope *scope;
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
	scope = &scopes->list[scopes->count++];
	*scope = (struct pg_scope){ .name = copy, .len = name.len, .state = *state };
	return scope;
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
		pg_array_add(&names, pg_scope_name(scope));
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
