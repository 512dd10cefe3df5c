/* Invariants of the tables of every dialect. */
#include <stdio.h>

#include "dialect/dialect.h"
#include "lib/check.h"
#include "sys/conf.h"

#define SEGMENTS_MAX 16

/* Splits a path or a pattern into a request's segments; variables are kept as {name}. */
static void split(struct request *request, const char *address)
{
	*request = (struct request){ 0 };
	while (*address == '/') {
		size_t len = strcspn(++address, "/");

		assert_true(request->segment_count < SEGMENTS_MAX);
		request->segments[request->segment_count++] = (struct str){ address, len };
		address += len;
	}
	assert_int_equal(*address, '\0');
}

static void names_and_codes_are_unique(void **state)
{
	(void)state;
	assert_non_null(dialects[0]);
	for (size_t i = 0; dialects[i]; i++) {
		assert_true(dialects[i]->code > 0);
		assert_true(dialects[i]->name[0] != '\0');
		assert_ptr_equal(dialect_by_name(str_cstr(dialects[i]->name)), dialects[i]);
		assert_ptr_equal(dialect_by_code(dialects[i]->code), dialects[i]);
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(dialects[i]->code, dialects[j]->code);
			assert_string_not_equal(dialects[i]->name, dialects[j]->name);
		}
	}
	assert_null(dialect_by_name(STR("nothing")));
	assert_null(dialect_by_name(STR("")));
	assert_null(dialect_by_code(0));
}

static void every_dialect_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		assert_non_null(dialects[i]->prefixes[0]);
		assert_non_null(dialects[i]->media_type);
		assert_non_null(dialects[i]->encode_error);
		assert_non_null(dialects[i]->validate);
		assert_non_null(dialects[i]->auth);
		assert_non_null(dialects[i]->sample);
		if (dialects[i]->method_error != ERR_NOT_IMPLEMENTED)
			assert_code(dialects[i]->method_error, ERR_METHOD);
	}
}

static bool is_number_option(const char *name)
{
	struct conf conf;

	conf_defaults(&conf);
	return option_number(&conf_options, &conf, name) > 0;
}

static bool accepts_signatures(const struct auth_policy *policy)
{
	static const bool is_signature[SOURCE_KINDS] = {
		[SOURCE_VIRTSHELL] = true,
		[SOURCE_UPLYNK_QUERY] = true,
		[SOURCE_UPLYNK_HEADER] = true,
	};

	for (size_t i = 0; i < AUTH_SOURCES_MAX; i++) {
		if (is_signature[policy->sources[i].kind])
			return true;
	}
	return false;
}

/* An unknown name would mean no quota, and that no signed request is accepted. */
static void named_options_exist(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		const char *quota = dialects[i]->quota_option;
		const char *skew = dialects[i]->auth->clock_skew_option;

		assert_true(!quota || is_number_option(quota));
		assert_int_equal(accepts_signatures(dialects[i]->auth), is_number_option(skew));
	}
}

/* A route that can list has encode_row and encode_end. */
static void check_route(const struct route *row)
{
	assert_true(row->method < METHOD_OTHER);
	assert_non_null(row->pattern);
	assert_int_equal(row->pattern[0], '/');
	assert_true(row->right != RIGHT_NONE);
	assert_int_equal(row->right & ~(unsigned)RIGHT_ALL, 0);
	assert_non_null(row->decode);
	assert_non_null(row->encode);
	assert_int_equal(row->encode_row != NULL, row->encode_end != NULL);
}

static void every_route_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		const struct route *row = dialects[i]->routes;

		assert_int_not_equal(row->method, METHOD_NONE);
		for (; row->method != METHOD_NONE; row++)
			check_route(row);
	}
}

/* GET needs the right to read, other methods another; POST may be either: some lists are POST. */
static void route_rights_match_the_method(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		for (const struct route *row = dialects[i]->routes; row->method; row++)
			assert_true(row->method == METHOD_POST ||
				    (row->method == METHOD_GET) == (row->right == RIGHT_READ));
	}
}

static bool is_variable(struct str segment)
{
	return segment.len > 2 && segment.ptr[0] == '{';
}

/* Patterns that differ only in the names of variables match the same paths. */
static bool same_pattern(const char *a, const char *b)
{
	struct request left, right;

	split(&left, a);
	split(&right, b);
	if (left.segment_count != right.segment_count)
		return false;
	for (size_t i = 0; i < left.segment_count; i++) {
		if (is_variable(left.segments[i]) && is_variable(right.segments[i]))
			continue;
		if (!str_eq(left.segments[i], right.segments[i]))
			return false;
	}
	return true;
}

static void route_patterns_are_distinct(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		const struct route *routes = dialects[i]->routes;

		for (const struct route *row = routes; row->method; row++) {
			for (const struct route *other = routes; other < row; other++)
				assert_false(row->method == other->method &&
					     same_pattern(row->pattern, other->pattern));
		}
	}
}

/* Each route is found by its own pattern as a path. */
static void every_route_matches_its_pattern(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		for (const struct route *row = dialects[i]->routes; row->method; row++) {
			const struct route *found = NULL;
			struct request request;
			unsigned allowed = 0;

			split(&request, row->pattern);
			request.method = row->method;
			assert_int_equal(
				route_find(dialects[i]->routes, &request, 0, &found, &allowed),
				ROUTE_FOUND);
			assert_ptr_equal(found, row);
		}
	}
}

static void prefix_selects_its_dialect(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		for (const char *const *prefix = dialects[i]->prefixes; *prefix; prefix++) {
			struct request request;
			size_t skip = 99, count;

			split(&request, *prefix);
			count = request.segment_count;
			assert_true(count > 0);
			assert_ptr_equal(dialect_by_path(&request, &skip), dialects[i]);
			assert_int_equal(skip, count);
			request.segments[request.segment_count++] = STR("tasks");
			assert_ptr_equal(dialect_by_path(&request, &skip), dialects[i]);
			assert_int_equal(skip, count);
		}
	}
}

static void prefix_must_match_whole_segments(void **state)
{
	struct request request;
	size_t skip = 99, last; /* an earlier prefix can begin with the last one */

	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		for (last = 0; dialects[i]->prefixes[last + 1];)
			last++;
		split(&request, dialects[i]->prefixes[last]);
		request.segment_count--;
		assert_null(dialect_by_path(&request, &skip));
		request.segments[request.segment_count].len--;
		request.segment_count++;
		assert_null(dialect_by_path(&request, &skip));
	}
	request.segment_count = 0;
	assert_null(dialect_by_path(&request, &skip));
	assert_int_equal(skip, 99);
}

static void states_and_statuses_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
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

/* Lists over several dialects use these. */
static void check_common(const struct index_field *fields)
{
	static const struct index_field common[] = { INDEX_COMMON_FIELDS };

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
		count++;
	}
	while (dialects[wanted])
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
	for (size_t i = 0; dialects[i]; i++) {
		for (const struct index_field *field = dialects[i]->index_fields; field->source;
			field++) {
			if (field->normalize)
				check_normalization(field, dialects[i]->statuses);
		}
	}
}

/* Every error has a status, and a body unless it is 406. */
static void every_error_has_a_response(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		for (int code = ERR_NONE + 1; code < ERR_CODES; code++) {
			struct response response = { 0 };
			struct request request = { 0 };
			struct err err;

			err_set(&err, (enum err_code)code, NULL, NULL);
			dialect_encode_error(dialects[i], &request, &err, &response);
			assert_in_range(response.status, 400, 599);
			assert_int_equal(response.media_type != NULL, response.body.len > 0);
			if (!response.media_type)
				assert_int_equal(response.status, 406);
			response_free(&response);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(names_and_codes_are_unique),
		CHECK(every_dialect_is_complete),
		CHECK(named_options_exist),
		CHECK(every_route_is_complete),
		CHECK(route_rights_match_the_method),
		CHECK(route_patterns_are_distinct),
		CHECK(every_route_matches_its_pattern),
		CHECK(prefix_selects_its_dialect),
		CHECK(prefix_must_match_whole_segments),
		CHECK(states_and_statuses_round_trip),
		CHECK(indexes_belong_to_dialects),
		CHECK(codes_have_names),
		CHECK(normalization_is_idempotent),
		CHECK(every_error_has_a_response),
	};

	return CHECK_RUN(tests);
}
