/* Invariants of the routes and prefixes of every dialect. */
#include "dialect/dialect.h"
#include "lib/check.h"

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

/*
 * GET needs the right to read, or that of an administrator if it shows what others must not see, or
 * any one if it shows nothing of tasks;
 * other methods another one. POST may be either: some lists are POST.
 */
static void route_rights_match_the_method(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		for (const struct route *row = dialects[i]->routes; row->method; row++)
			assert_true(row->method == METHOD_POST ||
				    (row->method == METHOD_GET &&
					    (row->right == RIGHT_ADMIN ||
						    (unsigned)row->right == RIGHT_ALL)) ||
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
	size_t skip = 99;

	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		/* The others can begin with the shortest one. */
		const char *shortest = dialects[i]->prefixes[0];

		for (const char *const *prefix = dialects[i]->prefixes; *prefix; prefix++)
			shortest = strlen(*prefix) < strlen(shortest) ? *prefix : shortest;
		split(&request, shortest);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(every_route_is_complete),
		CHECK(route_rights_match_the_method),
		CHECK(route_patterns_are_distinct),
		CHECK(every_route_matches_its_pattern),
		CHECK(prefix_selects_its_dialect),
		CHECK(prefix_must_match_whole_segments),
	};

	return CHECK_RUN(tests);
}
