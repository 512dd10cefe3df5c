#include "http/route.h"

/*
 * Takes the next segment from the pattern; empty at the end. Without strspn() and strcspn(), which
 * prepare a table for each call.
 */
static struct str pattern_segment(const char **pattern)
{
	const char *at = *pattern, *start;

	while (*at == '/')
		at++;
	start = at;
	while (*at && *at != '/')
		at++;
	*pattern = at;
	return (struct str){ start, (size_t)(at - start) };
}

/* Returns the name in "{name}", or STR_NULL for a literal. */
static struct str variable_name(struct str segment)
{
	if (segment.len < 3 || segment.ptr[0] != '{' || segment.ptr[segment.len - 1] != '}')
		return STR_NULL;
	return (struct str){ segment.ptr + 1, segment.len - 2 };
}

/*
 * Whether the literal at the beginning of `pattern` is the segment; then *pattern is behind it.
 * Compares while it looks for the end, because most rows differ in the first characters. A segment
 * has no NUL, so the end of the pattern differs from it; if it has an escaped slash, it is no two
 * segments of the pattern.
 */
static bool take_literal(const char **pattern, struct str segment)
{
	const char *at = *pattern, *end = segment.ptr + segment.len;

	for (const char *c = segment.ptr; c < end; c++, at++) {
		if (*at != *c || *c == '/')
			return false;
	}
	if (*at && *at != '/')
		return false;
	*pattern = at;
	return true;
}

/*
 * Whether the pattern matches the segments. *literals has a bit per literal, the leftmost highest:
 * of two matching patterns, the one with the larger number has a literal at the leftmost
 * difference.
 */
static bool pattern_matches(
	const char *pattern, const struct request *request, size_t skip, unsigned *literals)
{
	unsigned bits = 0;
	size_t variables = 0, i = skip;

	for (;; i++) {
		while (*pattern == '/')
			pattern++;
		if (!*pattern)
			break;
		if (i >= request->segment_count)
			return false;
		if (*pattern != '{') {
			if (!take_literal(&pattern, request->segments[i]))
				return false;
			bits |= 1U << (REQUEST_SEGMENTS_MAX - i);
			continue;
		}
		if (++variables > REQUEST_PATH_VARS_MAX)
			return false;
		pattern_segment(&pattern);
	}
	*literals = bits;
	return i == request->segment_count;
}

/* The first character of the path behind its prefix; NUL if nothing follows. */
static char first_character(const struct request *request, size_t skip)
{
	return skip < request->segment_count && request->segments[skip].len > 0
		       ? request->segments[skip].ptr[0]
		       : '\0';
}

/* Whether a pattern may match a path with this first character. Cheaper than pattern_matches(). */
static bool may_match(const char *pattern, char first)
{
	return pattern[1] == first || pattern[1] == '{';
}

static void set_variables(struct request *request, const char *pattern, size_t skip)
{
	request->path_var_count = 0;
	for (size_t i = skip; i < request->segment_count; i++) {
		struct str name = variable_name(pattern_segment(&pattern));

		if (name.ptr)
			request->path_vars[request->path_var_count++] = (struct pair){ name,
				request->segments[i] };
	}
}

static unsigned allowed_bits(enum method method)
{
	unsigned bits = 1U << method | 1U << METHOD_OPTIONS;

	return method == METHOD_GET ? bits | 1U << METHOD_HEAD : bits;
}

/* The methods of all rows that match the path; 0: none does. */
static unsigned methods_of_path(
	const struct route *routes, const struct request *request, size_t skip)
{
	char first = first_character(request, skip);
	unsigned methods = 0, rank;

	for (const struct route *row = routes; row->method != METHOD_NONE; row++) {
		if (may_match(row->pattern, first) &&
			pattern_matches(row->pattern, request, skip, &rank))
			methods |= allowed_bits(row->method);
	}
	return methods;
}

const struct route *route_of_method(
	const struct route *routes, const struct request *request, size_t skip, enum method method)
{
	const struct route *best = NULL;
	char first = first_character(request, skip);
	unsigned best_rank = 0;

	for (const struct route *row = routes; row->method != METHOD_NONE; row++) {
		bool exact = row->method == method;
		unsigned rank;

		if (!exact && !(method == METHOD_HEAD && row->method == METHOD_GET))
			continue;
		if (!may_match(row->pattern, first) ||
			!pattern_matches(row->pattern, request, skip, &rank))
			continue;
		/* The lowest bit is not a literal's: a row of HEAD beats that of GET. */
		rank |= exact;
		if (!best || rank > best_rank) {
			best = row;
			best_rank = rank;
		}
	}
	return best;
}

enum route_match route_find(const struct route *routes, struct request *request, size_t skip,
	const struct route **found, unsigned *allowed)
{
	const struct route *best = route_of_method(routes, request, skip, request->method);
	unsigned known;

	if (best) {
		set_variables(request, best->pattern, skip);
		*found = best;
		return ROUTE_FOUND;
	}
	known = methods_of_path(routes, request, skip);
	if (!known)
		return ROUTE_NOT_FOUND;
	*allowed = known;
	return ROUTE_METHOD_NOT_ALLOWED;
}

bool route_is_read(const struct route *route)
{
	return route->method == METHOD_GET || route->right == RIGHT_READ;
}

void route_write_allow(unsigned allowed, struct buf *out)
{
	const char *comma = "";

	for (int method = METHOD_GET; method < METHOD_OTHER; method++) {
		if (!(allowed & 1U << method))
			continue;
		buf_printf(out, "%s%s", comma, method_name((enum method)method));
		comma = ", ";
	}
}
