/* The indexes of the dialects in the model of lists. */
#include <stdio.h>

#include "query_model.h"

struct str query_kind_of_type(const struct task *task, char scratch[TASK_KIND_MAX])
{
	struct str json = task_field(task, STR("type"));

	(void)scratch;
	return json.len > 2 && json.ptr[0] == '"' ? (struct str){ json.ptr + 1, json.len - 2 }
						  : STR_NULL;
}

/* Lists look through the tasks of the kind "bb". */
static struct str type_of_kind(struct str kind, char scratch[INDEX_SCRATCH_SIZE])
{
	if (kind.len == 0 || str_eq(kind, STR("bb")))
		return STR_NULL;
	return (struct str){ scratch,
		(size_t)snprintf(scratch, INDEX_SCRATCH_SIZE, "\"%.*s\"", STR_ARGS(kind)) };
}

/* Dialect B has an entry of each task with a kind. */
static struct str own_kind_value(struct str kind, char scratch[INDEX_SCRATCH_SIZE])
{
	(void)scratch;
	return kind.len > 0 ? kind : STR_NULL;
}

static const char *const group_order[] = { "type", NULL };

#define OWN_ROW(number) &fields_a[INDEX_COMMON_ROWS + (number)]

static const struct index_field fields_a[] = {
	INDEX_COMMON_FIELDS(query_kind_of_type),
	{ .code = Q_STATUS, .source = INDEX_STATUS, .name = "status" },
	{ .code = Q_TYPE, .source = INDEX_FIELD, .name = "type", .kind_value = type_of_kind },
	{ .code = Q_GROUP, .source = INDEX_FIELD, .name = "group", .order_by = group_order },
	{ .code = Q_NUMBER, .source = INDEX_NUMBER, .name = "number" },
	{ .code = Q_NOTE, .source = INDEX_FIELD, .name = "note", .unindexed = true },
	{ .code = Q_STATUS_AND_TYPE,
		.source = INDEX_PAIR,
		.name = "status and type",
		.pair = { OWN_ROW(0), OWN_ROW(1) } },
	{ .code = Q_NOTE_AND_STATE,
		.source = INDEX_PAIR,
		.name = "note and state",
		.pair = { OWN_ROW(4), &fields_a[1] } },
	{ 0 },
};
static const struct index_field fields_b[] = {
	INDEX_COMMON_FIELDS(task_own_kind),
	{ .code = INDEX_FIRST_OWN,
		.source = INDEX_KIND,
		.name = "kind",
		.kind = task_own_kind,
		.kind_value = own_kind_value },
	{ 0 },
};
static const struct index_field fields_thing[] = {
	{ .code = INDEX_BY_CREATED, .source = INDEX_ALL, .name = "created" },
	{ 0 },
};
const struct index_table query_tables[] = {
	{ CODE_A, fields_a },
	{ CODE_B, fields_b },
	{ CODE_THING, fields_thing },
	{ 0, NULL },
};
