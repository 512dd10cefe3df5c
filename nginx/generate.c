/*
 * Writes the parts of nginx's configuration that follow from the dialects, and the page of all
 * problems, at build time.
 *
 * usage: generate PATH: writes the file whose name PATH ends with to standard output.
 */
#include "generate.h"

#include <stdio.h>

struct buf generated = BUF_INIT;

/* Errors at the token addresses have the shape of OAuth. */
static void put_token_shapes(void)
{
	for (size_t i = 0; dialects[i]; i++) {
		const struct token_address *row = dialects[i]->token_addresses;

		for (; row && row->path; row++)
			buf_printf(&generated,
				"\t\"~^[^ ]+ (https?://[^/? ]+)?%s/?([? ]|$)\" oauth;\n",
				row->path);
	}
}

/* Errors of the console have the shape of the native API, which it calls. */
static void put_shape_map(void)
{
	buf_puts(&generated, "map $polytask_line $polytask_shape_of_line {\n");
	/* Token addresses first: one may be below the prefix of a dialect, and nginx takes the first match. */
	put_token_shapes();
	for (size_t i = 0; dialects[i]; i++) {
		for (const char *const *prefix = dialects[i]->prefixes; *prefix; prefix++)
			buf_printf(&generated, "\t\"~^[^ ]+ (https?://[^/? ]+)?%s([/? ]|$)\" %s;\n",
				*prefix, dialects[i]->name);
	}
	buf_printf(&generated, "\t\"~^[^ ]+ (https?://[^/? ]+)?/console([/? ]|$)\" %s;\n",
		native_dialect.name);
	buf_printf(&generated, "\tdefault %s;\n}\n", dialects[0]->name);
}

/* The documents of a dialect in a link set (RFC 9264), by the prefix of the addresses they describe. */
static void put_documents(const struct dialect *dialect)
{
	buf_printf(&generated,
		"{\"anchor\":\"%s\","
		"\"service-desc\":[{\"href\":\"/v1/openapi/%s.json\",\"type\":\"application/json\"}],"
		"\"service-doc\":[{\"href\":\"/v1/openapi/%s.md\",\"type\":\"text/markdown\"}]}",
		dialect->prefixes[0], dialect->name, dialect->name);
}

/* Begins a constant: only a map has a value without a location. */
static void begin_constant(const char *name)
{
	buf_printf(&generated, "map $uri $polytask_%s {\n\tdefault '", name);
}

static void end_constant(void)
{
	buf_puts(&generated, "';\n}\n");
}

static void put_all_documents(void)
{
	for (size_t i = 0; dialects[i]; i++) {
		buf_puts(&generated, i > 0 ? "," : "");
		put_documents(dialects[i]);
	}
}

/* RFC 9727 section 4.1: an item is an API, by the address that its documents have as their anchor. */
static void put_catalog(void)
{
	buf_puts(&generated, "{\"anchor\":\"/.well-known/api-catalog\",\"item\":[");
	for (size_t i = 0; dialects[i]; i++)
		buf_printf(&generated, "%s{\"href\":\"%s\"}", i > 0 ? "," : "",
			dialects[i]->prefixes[0]);
	buf_puts(&generated, "]},");
	put_all_documents();
}

/* What the public addresses of the site answer that lead to the documents. */
static void put_document_maps(void)
{
	begin_constant("documents");
	buf_puts(&generated, "{\"linkset\":[");
	put_all_documents();
	buf_puts(&generated, "]}");
	end_constant();
	begin_constant("catalog");
	buf_puts(&generated, "{\"linkset\":[");
	put_catalog();
	buf_puts(&generated, "]}");
	end_constant();
	begin_constant("entry");
	buf_puts(&generated, "{\"linkset\":[");
	put_documents(&native_dialect);
	buf_puts(&generated, "]}");
	end_constant();
	begin_constant("entry_links");
	buf_puts(&generated,
		"</v1/openapi/native.json>; rel=\"service-desc\"; type=\"application/json\", "
		"</v1/openapi/native.md>; rel=\"service-doc\"; type=\"text/markdown\", "
		"</.well-known/api-catalog>; rel=\"api-catalog\"");
	end_constant();
}

static void put_http(void)
{
	generate_upstream_maps();
	generate_problem_map();
	put_document_maps();
	generate_token_maps();
	buf_puts(&generated,
		"# The dialect of an error without a location, by the request line, which is "
		"available even if the\n# target is too long to be parsed.\n");
	put_shape_map();
	generate_bodies();
}

/* Without a slash at the end: nginx would redirect the bare prefix. */
static void put_locations(const struct dialect *dialect)
{
	for (const char *const *prefix = dialect->prefixes; *prefix; prefix++) {
		buf_printf(&generated,
			"location %s {\n\tinclude \"@CONF@/polytask-guard.conf\";\n"
			"\tset $polytask_dialect %s;\n",
			*prefix, dialect->name);
		if (generate_has_read_rows(dialect))
			buf_puts(&generated, "\tset $polytask_address $uri;\n");
		if (dialect->body_max > 0)
			buf_printf(&generated,
				"\tclient_max_body_size %zu;\n"
				"\tlimit_conn polytask_connections @CONNECTIONS@;\n"
				"\tlimit_conn polytask_credentials @CONNECTIONS@;\n"
				"\tlimit_conn polytask_large 32;\n",
				dialect->body_max);
		if (generate_has_form_token(dialect))
			buf_puts(&generated, "\tif ($polytask_token_in_form) {\n"
					     "\t\trewrite ^ /-/authorize/form last;\n"
					     "\t}\n");
		buf_puts(&generated, "\tinclude \"@CONF@/polytask-app.conf\";\n}\n");
	}
}

static void put_token_location(
	const struct dialect *dialect, const struct token_address *row, const char *slash)
{
	buf_printf(&generated,
		"location = %s%s {\n\tinclude \"@CONF@/polytask-token.conf\";\n"
		"\tfastcgi_param REQUEST_URI %s;\n",
		row->path, slash, row->path);
	if (!dialect->merges_slashes)
		buf_puts(&generated, "\tif ($polytask_is_merged) {\n\t\treturn 404;\n\t}\n");
	if (row->call == TOKEN_CALL_INFO)
		buf_puts(&generated, "\tlimit_req zone=polytask_token_infos burst=200 nodelay;\n");
	buf_puts(&generated, "}\n");
}

static void put_token_locations(const struct dialect *dialect)
{
	const struct token_address *row = dialect->token_addresses;

	for (; row && row->path; row++) {
		put_token_location(dialect, row, "");
		if (dialect->trailing_slash == SLASH_IGNORE)
			put_token_location(dialect, row, "/");
	}
}

static void put_errors(void)
{
	for (size_t i = 0; dialects[i]; i++)
		generate_error_location(dialects[i]);
	generate_error_location(NULL);
}

static void put_site(void)
{
	put_errors();
	for (size_t i = 0; dialects[i]; i++)
		put_locations(dialects[i]);
	for (size_t i = 0; dialects[i]; i++)
		put_token_locations(dialects[i]);
}

static void put_authorize(void)
{
	generate_header_params(false);
}

static void put_pass(void)
{
	generate_header_params(true);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*put)(void);
	} parts[] = {
		{ "polytask-dialects-http.conf.in", put_http },
		{ "polytask-dialects-site.conf.in", put_site },
		{ "polytask-dialects-errors.conf.in", put_errors },
		{ "polytask-dialects-authorize.conf.in", put_authorize },
		{ "polytask-dialects-pass.conf.in", put_pass },
		{ "problems.txt", generate_problem_page },
	};
	bool known = false;
	const char *slash = argc == 2 ? strrchr(argv[1], '/') : NULL;
	const char *name = slash ? slash + 1 : argc == 2 ? argv[1] : "";

	if (strcmp(name, "problems.txt") != 0)
		buf_puts(&generated, "# Written by nginx/generate.c from the dialects "
				     "(src/dialect/*/tables.c).\n\n");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(name, parts[i].name) == 0) {
			parts[i].put();
			known = true;
		}
	}
	if (!buf_ok(&generated) || !known) {
		fprintf(stderr,
			"usage: generate polytask-dialects-{http,site,errors,authorize,pass}.conf.in "
			"| problems.txt\n");
		return 1;
	}
	fwrite(generated.data, 1, generated.len, stdout);
	buf_free(&generated);
	return fflush(stdout) == 0 ? 0 : 1;
}
