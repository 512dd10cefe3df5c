/* The maps that choose between the writer and the readers. */
#include "generate.h"

static bool is_written_by(enum method method)
{
	for (size_t i = 0; dialects[i]; i++) {
		for (const struct route *row = dialects[i]->routes; row->method; row++) {
			if (row->method == method && !route_is_read(row))
				return true;
		}
	}
	return false;
}

/* Whether the row changes nothing although other rows with its method do. */
static bool is_read_row(const struct route *row)
{
	return route_is_read(row) && is_written_by(row->method);
}

bool generate_has_read_rows(const struct dialect *dialect)
{
	for (const struct route *row = dialect->routes; row->method; row++) {
		if (is_read_row(row))
			return true;
	}
	return false;
}

static bool is_read_by(enum method method)
{
	for (size_t i = 0; dialects[i]; i++) {
		for (const struct route *row = dialects[i]->routes; row->method; row++) {
			if (row->method == method && is_read_row(row))
				return true;
		}
	}
	return false;
}

/* Requests with other methods change nothing: no row has such a method, so they are refused. */
static void put_method_map(void)
{
	buf_puts(&generated, "map $request_method $polytask_upstream {\n");
	for (enum method method = METHOD_GET; method < METHOD_OTHER; method++) {
		if (is_written_by(method))
			buf_printf(&generated, "\t%s %s;\n", method_name(method),
				is_read_by(method) ? "$polytask_upstream_of_address"
						   : "polytask_writer");
	}
	buf_puts(&generated, "\tdefault polytask_readers;\n}\n");
}

/* A variable of the pattern matches one segment, so the expression is linear. */
static void put_expression(enum method method, const char *prefix, const char *pattern)
{
	buf_printf(&generated, "\t\"~^%s %s", method_name(method), prefix);
	for (; *pattern; pattern++) {
		if (*pattern != '{') {
			buf_putc(&generated, *pattern);
			continue;
		}
		buf_puts(&generated, "[^/]+");
		pattern = strchr(pattern, '}');
	}
	buf_puts(&generated, "/?$\" polytask_readers;\n");
}

static void put_row(const char *prefix, const struct route *row)
{
	const char *method = method_name(row->method);

	if (strchr(row->pattern, '{')) {
		put_expression(row->method, prefix, row->pattern);
		return;
	}
	buf_printf(&generated,
		"\t\"%s %s%s\" polytask_readers;\n"
		"\t\"%s %s%s/\" polytask_readers;\n",
		method, prefix, row->pattern, method, prefix, row->pattern);
}

static void put_rows(const struct dialect *dialect)
{
	for (const struct route *row = dialect->routes; row->method; row++) {
		if (!is_read_row(row))
			continue;
		for (const char *const *prefix = dialect->prefixes; *prefix; prefix++)
			put_row(*prefix, row);
	}
}

void generate_upstream_maps(void)
{
	buf_puts(&generated,
		"# The upstream of a request: the readers for those that change nothing. Both give the "
		"same response.\n");
	put_method_map();
	buf_puts(&generated, "map \"$request_method $polytask_address\" "
			     "$polytask_upstream_of_address {\n");
	for (size_t i = 0; dialects[i]; i++)
		put_rows(dialects[i]);
	buf_puts(&generated, "\tdefault polytask_writer;\n}\n");
}
