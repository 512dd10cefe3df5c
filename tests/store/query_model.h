#pragma once
/*
 * A model of the store's lists: a copy of every task, which a query tests one by one. Queries are
 * drawn at random from a fixed seed, so that a failure repeats.
 */
#include "fixture.h"

enum { CODE_A = 1, CODE_B = 2, CODE_THING = INDEX_RESOURCE_DIALECTS };
enum {
	Q_STATUS = INDEX_FIRST_OWN,
	Q_TYPE,
	Q_GROUP,
	Q_NUMBER,
	Q_NOTE,
	Q_STATUS_AND_TYPE,
	Q_NOTE_AND_STATE
};

#define TASKS_MAX 400

extern const struct index_table query_tables[];
/* Of dialect A: the text of the type; none if it is null. */
task_kind_function query_kind_of_type;

/* A task of dialect A, tenant "acme" and group "x", with the JSON text of "type". */
void query_set_task(struct task *task, unsigned number, const char *type);
/* A number below the limit, from the seed of model_fill. */
unsigned model_draw(unsigned below);
/* Sets the seed and creates tasks of several dialects in the store and in the model. */
void model_fill(struct store *store, size_t count, uint64_t seed);
/* A list with any filters, time ranges, test, sorts, offset and limit. */
struct op model_draw_query(void);
/* All rows that the list has, in order, without offset and limit; returns their number. */
size_t model_expect(const struct op *op, const struct task *rows[TASKS_MAX]);
