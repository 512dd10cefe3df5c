/* The maps and parameters for the sources of credentials. */
#include <ctype.h>
#include <stdlib.h>

#include "generate.h"

#define NAMES_MAX 16

/*
 * Converts a name to a part of a variable: "X-API-Key" to x_api_key. The text is valid until the
 * next call.
 */
static const char *variable(const char *name)
{
	static char text[64];
	size_t len = strlen(name);

	if (len >= sizeof(text))
		abort();
	for (size_t i = 0; i <= len; i++)
		text[i] = name[i] == '-' ? '_' : (char)tolower((unsigned char)name[i]);
	return text;
}

/* Collects the distinct names of the sources of one kind in all dialects. */
static size_t collect_names(enum credential_source_kind kind, const char *names[NAMES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; dialects[i]; i++) {
		for (size_t j = 0; j < AUTH_SOURCES_MAX; j++) {
			const struct credential_source *source = &dialects[i]->auth->sources[j];
			size_t k = 0;

			if (source->kind != kind || strcasecmp(source->name, "Authorization") == 0)
				continue;
			while (k < count && strcasecmp(names[k], source->name) != 0)
				k++;
			if (k == NAMES_MAX)
				abort();
			if (k == count)
				names[count++] = source->name;
		}
	}
	return count;
}

static const char *source_name(const struct dialect *dialect, enum credential_source_kind kind)
{
	for (size_t i = 0; i < AUTH_SOURCES_MAX; i++) {
		if (dialect->auth->sources[i].kind == kind)
			return dialect->auth->sources[i].name;
	}
	return NULL;
}

/* Writes a map from the dialect to the variable of its token from one kind of source. */
static void put_token_map(const char *map, enum credential_source_kind kind, const char *prefix)
{
	buf_printf(&generated, "map $polytask_dialect $%s {\n", map);
	for (size_t i = 0; dialects[i]; i++) {
		const char *name = source_name(dialects[i], kind);

		if (name)
			buf_printf(&generated, "\t%s $%s%s;\n", dialects[i]->name, prefix,
				variable(name));
	}
	buf_puts(&generated, "\tdefault \"\";\n}\n");
}

static void put_query_maps(void)
{
	const char *names[NAMES_MAX];
	size_t count = collect_names(SOURCE_QUERY, names);

	buf_puts(&generated,
		"# The token in the query, still escaped. The authorizer's subrequest has no "
		"$args.\n");
	put_token_map("polytask_query_token", SOURCE_QUERY, "polytask_query_param_");
	for (size_t i = 0; i < count; i++) {
		const char *name = variable(names[i]);

		buf_printf(&generated,
			"map $request_uri $polytask_query_param_%s {\n"
			"\t\"~^[^?]*+[?](?:(?!%s=)[^&]*+&++)*+%s=(?<polytask_value_%s>[^&]*+)\" "
			"$polytask_value_%s;\n"
			"\tdefault \"\";\n"
			"}\n",
			name, names[i], names[i], name, name);
	}
}

/*
 * The query is clear if no name has an escape, there is no '#', and at most one token, which is not
 * empty. Each quantifier is possessive, so that the time is linear. The default is for queries
 * that do not match, and for those that PCRE gives up.
 */
static void put_query_clarity_map(void)
{
	const char *names[NAMES_MAX];
	struct buf any = BUF_INIT;
	size_t count = collect_names(SOURCE_QUERY, names);

	for (size_t i = 0; i < count; i++)
		buf_printf(&any, "%s%s", i ? "|" : "", names[i]);
#define OTHER "(?!(?:%.*s)(?:[=&]|$))[^=&%%+#]*+(?:=[^&#]*+)?+"
	buf_printf(&generated,
		"# 1: a query that the authorizer may read otherwise than the maps above: an "
		"escape in a\n"
		"# name, a token twice or empty, '#'.\n"
		"map $request_uri $polytask_query_is_ambiguous {\n"
		"\t\"~^[^?#]*+(?:[?&]&*+" OTHER ")*+(?:[?&](?:%.*s)=[^&#]++(?:&++" OTHER
		")*+)?+$\" 0;\n"
		"\tdefault 1;\n"
		"}\n",
		STR_ARGS(buf_str(&any)), STR_ARGS(buf_str(&any)), STR_ARGS(buf_str(&any)));
#undef OTHER
	generated.failed |= any.failed;
	buf_free(&any);
}

static void put_ambiguity_map(void)
{
	put_query_clarity_map();
	buf_puts(&generated, "map $polytask_dialect $polytask_is_ambiguous {\n");
	for (size_t i = 0; dialects[i]; i++) {
		if (source_name(dialects[i], SOURCE_QUERY))
			buf_printf(&generated, "\t%s $polytask_query_is_ambiguous;\n",
				dialects[i]->name);
	}
	buf_puts(&generated, "\tdefault 0;\n}\n");
}

/* A map for each header field: a client could send any separator between two joined values. */
static void put_signature_maps(void)
{
	const char *names[NAMES_MAX];
	size_t count = collect_names(SOURCE_VIRTSHELL, names);

	for (size_t i = 0; i < count; i++)
		buf_printf(&generated,
			"map $http_%s $polytask_has_signature_%zu {\n\t\"\" 0;\n\tdefault 1;\n}\n",
			variable(names[i]), i);
	buf_puts(&generated, "# 0: the cache key has every token that the authorizer could use.\n"
			     "map \"");
	for (size_t i = 0; i < count; i++)
		buf_printf(&generated, "${polytask_has_signature_%zu}", i);
	buf_printf(&generated,
		"$polytask_is_ambiguous\" $polytask_one_time {\n\t%0*d $polytask_has_no_token;\n"
		"\tdefault 1;\n}\n",
		(int)count + 1, 0);
}

void generate_header_params(bool empty)
{
	static const enum credential_source_kind kinds[] = { SOURCE_HEADER, SOURCE_VIRTSHELL };
	const char *names[NAMES_MAX];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t count = collect_names(kinds[i], names);

		for (size_t j = 0; j < count; j++) {
			buf_puts(&generated, "fastcgi_param HTTP_");
			for (const char *c = variable(names[j]); *c; c++)
				buf_putc(&generated, (char)toupper((unsigned char)*c));
			buf_printf(&generated, " %s%s;\n", empty ? "\"\"" : "$http_",
				empty ? "" : variable(names[j]));
		}
	}
}

/* The header field that a source is read from; NULL: none. */
static const char *source_header(const struct credential_source *source)
{
	if (source->kind == SOURCE_BEARER || source->kind == SOURCE_UPLYNK_HEADER)
		return "Authorization";
	if (source->kind == SOURCE_HEADER || source->kind == SOURCE_VIRTSHELL)
		return source->name;
	return NULL;
}

/* Vary: the header fields that may hold a credential of the dialect, and those negotiated. */
static void put_vary(const struct dialect *dialect)
{
	const struct credential_source *sources = dialect->auth->sources;

	buf_printf(&generated, "\t%s \"", dialect->name);
	for (size_t i = 0; i < AUTH_SOURCES_MAX; i++) {
		const char *name = source_header(&sources[i]);
		bool repeated = false;

		for (size_t j = 0; name && j < i; j++) {
			const char *other = source_header(&sources[j]);

			repeated |= other && strcasecmp(name, other) == 0;
		}
		if (name && !repeated)
			buf_printf(&generated, "%s, ", name);
	}
	buf_puts(&generated, "Accept, Origin\";\n");
}

static void put_vary_map(void)
{
	buf_puts(&generated, "map $polytask_shape $polytask_vary {\n");
	for (size_t i = 0; dialects[i]; i++)
		put_vary(dialects[i]);
	buf_puts(&generated, "\tdefault Origin;\n}\n");
}

void generate_token_maps(void)
{
	put_query_maps();
	put_ambiguity_map();
	buf_puts(&generated, "# The token in a header field other than Authorization.\n");
	put_token_map("polytask_header_token", SOURCE_HEADER, "http_");
	put_signature_maps();
	put_vary_map();
}

bool generate_has_form_token(const struct dialect *dialect)
{
	return source_name(dialect, SOURCE_FORM) != NULL;
}
