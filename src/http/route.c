#include "http/route.h"

/*
 * Takes the next segment from the pattern; empty at the end. Without strspn() and strcspn(), which
 * prepare a table for each of some forty calls for a request.
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
 * Whether the pattern matches the segments. *literals has a bit per literal, the leftmost highest:
 * of two matching patterns, the one with the larger number has a literal at the leftmost
 * difference.
 */
static bool pattern_matches(
	const char *pattern, const struct request *request, size_t skip, unsigned *literals)
{
	unsigned bits = 0;
	size_t variables = 0, i = skip;

	for (;;) {
		struct str segment = pattern_segment(&pattern);

		if (segment.len == 0)
			break;
		if (i >= request->segment_count)
			return false;
		if (variable_name(segment).ptr) {
			if (++variables > REQUEST_PATH_VARS_MAX)
				return false;
		} else if (str_eq(segment, request->segments[i])) {
			bits |= 1U << (REQUEST_SEGMENTS_MAX - i);
		} else {
			return false;
		}
		i++;
	}
	*literals = bits;
	return i == request->segment_count;
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

enum route_match route_find(const struct route *routes, struct request *request, size_t skip,
	const struct route **found, unsigned *allowed)
{
	const struct route *best = NULL;
	unsigned known = 0, best_rank = 0;

	for (const struct route *row = routes; row->method != METHOD_NONE; row++) {
		bool exact = row->method == request->method;
		unsigned rank;

		if (!pattern_matches(row->pattern, request, skip, &rank))
			continue;
		known |= allowed_bits(row->method);
		if (!exact && !(request->method == METHOD_HEAD && row->method == METHOD_GET))
			continue;
		/* The lowest bit is not a literal's: a row of HEAD beats that of GET. */
		rank |= exact;
		if (!best || rank > best_rank) {
			best = row;
			best_rank = rank;
		}
	}
	if (best) {
		set_variables(request, best->pattern, skip);
		*found = best;
		return ROUTE_FOUND;
	}
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
