/* Invariants of the statuses and indexes of every dialect. */
#include "dialect/dialect.h"
#include "lib/check.h"

static void states_and_statuses_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i] && dialect_has_tasks(dialects[i]); i++) {
		for (int s = TASK_PENDING; s < TASK_STATES; s++) {
			const char *status = dialect_status(
				dialects[i]->statuses, (enum task_state)s);

			assert_non_null(status);
			assert_int_equal(dialect_state(dialects[i]->statuses, str_cstr(status)), s);
		}
		for (const struct dialect_status_row *row = dialects[i]->statuses->rows;
			row->status; row++) {
			assert_int_equal(
				dialect_state(dialects[i]->statuses, str_cstr(row->status)),
				row->state);
			for (const struct dialect_status_row *other = dialects[i]->statuses->rows;
				other < row; other++)
				assert_string_not_equal(row->status, other->status);
		}
		assert_int_equal(dialect_state(dialects[i]->statuses, STR("no such status")),
			dialects[i]->statuses->default_state);
	}
}

/* An INDEX_PAIR names two other rows of its table, both texts. */
static void check_pair(const struct index_field *fields, const struct index_field *pair)
{
	for (size_t i = 0; i < 2 && pair->source == INDEX_PAIR; i++) {
		const struct index_field *row = fields;

		while (row->source != INDEX_END && row != pair->pair[i])
			row++;
		assert_true(row->source == INDEX_STATUS || row->source == INDEX_FIELD ||
			    row->source == INDEX_STATE);
		assert_ptr_not_equal(pair->pair[0], pair->pair[1]);
	}
}

static void check_fields(const struct index_field *fields)
{
	for (const struct index_field *field = fields; field->source != INDEX_END; field++) {
		assert_true(field->code > 0);
		assert_non_null(field->name);
		assert_true(field->name[0] != '\0');
		for (const struct index_field *other = fields; other < field; other++)
			assert_int_not_equal(field->code, other->code);
		check_pair(fields, field);
	}
	assert_int_equal(fields[0].code, INDEX_BY_CREATED);
	assert_int_equal(fields[0].source, INDEX_ALL);
}

/* Filters by kind find one field at most, whose entries are in the order of creation. */
static void check_kinds(const struct dialect *dialect)
{
	size_t count = 0;

	for (const struct index_field *field = dialect->index_fields; field->source; field++) {
		if (field->kind)
			assert_ptr_equal(field->kind, dialect->kind);
		if (!field->kind_value)
			continue;
		assert_true(field->source == INDEX_FIELD || field->source == INDEX_KIND);
		assert_false(field->unindexed);
		assert_null(field->order_by);
		assert_null(field->normalize);
		count++;
	}
	assert_true(count <= 1);
}

/* Lists over several dialects use these. */
static void check_common(const struct index_field *fields)
{
	static const struct index_field common[] = { INDEX_COMMON_FIELDS(NULL) };

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		assert_int_equal(fields[i].code, common[i].code);
		assert_int_equal(fields[i].source, common[i].source);
	}
}

static void indexes_belong_to_dialects(void **state)
{
	size_t count = 0, wanted = 0;

	(void)state;
	for (const struct index_table *table = dialect_index_tables(); table->fields; table++) {
		const struct dialect *dialect = dialect_by_code(table->dialect);

		assert_int_equal(dialect != NULL, table->dialect < INDEX_RESOURCE_DIALECTS);
		check_fields(table->fields);
		if (!dialect)
			continue;
		assert_ptr_equal(dialect->index_fields, table->fields);
		check_common(table->fields);
		check_kinds(dialect);
		count++;
	}
	while (dialects[wanted] && dialect_has_tasks(dialects[wanted]))
		wanted++;
	assert_int_equal(count, wanted);
}

static void codes_have_names(void **state)
{
	(void)state;
	for (const struct index_table *table = dialect_index_tables(); table->fields; table++) {
		const char *name = dialect_code_name(table->dialect);

		assert_non_null(name);
		assert_int_equal(dialect_code_by_name(str_cstr(name)), table->dialect);
	}
	assert_null(dialect_code_name(0));
	assert_int_equal(dialect_code_by_name(STR("nothing")), 0);
}

/* Tries the values of a field: JSON texts, and a dialect's statuses. */
static void check_normalization(
	const struct index_field *field, const struct dialect_statuses *statuses)
{
	static const char *const values[] = { "\"7\"", "7", "\"\"", "null",
		"\"C62AD146-CCF4-11E5-9956-625662870761\"" };
	char scratch[INDEX_SCRATCH_SIZE], room[INDEX_SCRATCH_SIZE];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct str once = field->normalize(str_cstr(values[i]), scratch);

		assert_true(str_eq(field->normalize(once, room), once));
	}
	for (const struct dialect_status_row *row = statuses->rows; row->status; row++) {
		struct str once = field->normalize(str_cstr(row->status), scratch);

		assert_true(str_eq(field->normalize(once, room), once));
	}
}

/* Filters normalize values that may be normalized already. */
static void normalization_is_idempotent(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i] && dialect_has_tasks(dialects[i]); i++) {
		for (const struct index_field *field = dialects[i]->index_fields; field->source;
			field++) {
			if (field->normalize)
				check_normalization(field, dialects[i]->statuses);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(states_and_statuses_round_trip),
		CHECK(indexes_belong_to_dialects),
		CHECK(codes_have_names),
		CHECK(normalization_is_idempotent),
	};

	return CHECK_RUN(tests);
}
