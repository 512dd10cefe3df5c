/*
 * The maps and parameters for the sources of credentials. The maps follow src/auth/credential.c;
 * authorize() compares the token that nginx keys its cache with to the one that it judges.
 */
#include <ctype.h>
#include <stdlib.h>

#include "generate.h"

#define NAMES_MAX 16

/* The variable of a header field without its prefix: "X-API-Key" to x_api_key. */
static const char *header_variable(const char *name)
{
	static char text[64]; /* valid until the next call */
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

static bool has_source(const struct dialect *dialect, enum credential_source_kind kind)
{
	for (size_t i = 0; i < AUTH_SOURCES_MAX; i++) {
		if (dialect->auth->sources[i].kind == kind)
			return true;
	}
	return false;
}

/*
 * ---- the token that the cache is keyed with ----
 *
 * A dialect's sources become maps, each of which leads to the next one if the request does not use
 * the source. Their value is the token, or empty if the decision must not be cached: without a
 * credential, or if it is signed or not spelled as AUTH_CACHED_TOKEN.
 */

/* A source, and the map that is written for it: $polytask_token_DIALECT_INDEX. */
struct source_map {
	const char *dialect;
	size_t index;
	const struct credential_source *source;
};

/* A row for a token between two expressions. Its variable has its own name: maps can be nested. */
static void put_token_row(const struct source_map *map, const char *before, const char *after)
{
	buf_printf(&generated,
		"\t\"%s(?<polytask_text_%s_%zu>" AUTH_CACHED_TOKEN
		")%s\\z\" $polytask_text_%s_%zu;\n",
		before, map->dialect, map->index, after, map->dialect, map->index);
}

static void put_next(const struct source_map *map)
{
	buf_printf(&generated, " $polytask_token_%s_%zu;\n", map->dialect, map->index + 1);
}

static void open_map(const struct source_map *map, const char *from)
{
	buf_printf(&generated, "map %s $polytask_token_%s_%zu {\n", from, map->dialect, map->index);
}

static void put_bearer(const struct source_map *map)
{
	open_map(map, "$http_authorization");
	put_token_row(map, "~*^[ \\t]*Bearer[ \\t]+", "[ \\t]*");
	buf_puts(&generated, "\t\"~*^[ \\t]*Bearer([ \\t]|\\z)\" \"\";\n\tdefault");
	put_next(map);
	buf_puts(&generated, "}\n");
}

/* The rows for a header field that is not used. nginx tries no expression on an empty text. */
static void open_header_map(const struct source_map *map)
{
	buf_printf(&generated, "map $http_%s $polytask_token_%s_%zu {\n\t\"\"",
		header_variable(map->source->name), map->dialect, map->index);
	put_next(map);
	buf_puts(&generated, "\t\"~^[ \\t]*\\z\"");
	put_next(map);
}

static void put_header(const struct source_map *map)
{
	open_header_map(map);
	put_token_row(map, "~^[ \\t]*", "[ \\t]*");
	buf_puts(&generated, "\tdefault \"\";\n}\n");
}

/* The last value of the parameter, with its '='. A name without '=' is never cached. */
static void put_query(const struct source_map *map)
{
	buf_printf(&generated,
		"map $request_uri $polytask_value_%s_%zu {\n"
		"\t\"~[?&]%s(&|\\z)\" none;\n"
		"\t\"~^[^?]*[?](?:.*&)?%s(?<polytask_raw_%s_%zu>=[^&]*)\" "
		"$polytask_raw_%s_%zu;\n"
		"\tdefault \"\";\n"
		"}\n",
		map->dialect, map->index, map->source->name, map->source->name, map->dialect,
		map->index, map->dialect, map->index);
	buf_printf(&generated, "map $polytask_value_%s_%zu $polytask_token_%s_%zu {\n\t\"\"",
		map->dialect, map->index, map->dialect, map->index);
	put_next(map);
	if (map->source->empty_is_absent) {
		buf_puts(&generated, "\t=");
		put_next(map);
	}
	put_token_row(map, "~^=", "");
	buf_puts(&generated, "\tdefault \"\";\n}\n");
}

static void put_signed_header(const struct source_map *map)
{
	open_header_map(map);
	buf_puts(&generated, "\tdefault \"\";\n}\n");
}

static void put_signed_query(const struct source_map *map)
{
	open_map(map, "$request_uri");
	buf_puts(&generated, "\t\"~[?&](msg|sig)([=&]|\\z)\" \"\";\n\tdefault");
	put_next(map);
	buf_puts(&generated, "}\n");
}

/* NULL: of these sources no decision is cached, and none of those after them. */
static void (*const source_writers[SOURCE_KINDS])(const struct source_map *map) = {
	[SOURCE_BEARER] = put_bearer,
	[SOURCE_HEADER] = put_header,
	[SOURCE_QUERY] = put_query,
	[SOURCE_VIRTSHELL] = put_signed_header,
	[SOURCE_UPLYNK_QUERY] = put_signed_query,
};

static void put_sources(const struct dialect *dialect)
{
	struct source_map map = { .dialect = dialect->name };

	for (; map.index < AUTH_SOURCES_MAX; map.index++) {
		map.source = &dialect->auth->sources[map.index];
		if (!source_writers[map.source->kind])
			break;
		source_writers[map.source->kind](&map);
	}
	buf_printf(&generated, "map \"\" $polytask_token_%s_%zu {\n\tdefault \"\";\n}\n",
		map.dialect, map.index);
}

static void put_token_map(void)
{
	buf_puts(&generated,
		"# The name of a parameter with an escape, which only the authorizer decodes.\n"
		"map $request_uri $polytask_has_escaped_name {\n"
		"\t\"~(?:^[^?]*[?]|&)[^=&%+]*[%+]\" 1;\n"
		"\tdefault 0;\n"
		"}\n"
		"map \"$polytask_dialect$polytask_has_escaped_name\" $polytask_token {\n");
	for (size_t i = 0; dialects[i]; i++) {
		bool reads_query = has_source(dialects[i], SOURCE_QUERY) ||
				   has_source(dialects[i], SOURCE_UPLYNK_QUERY);

		buf_printf(&generated, "\t%s0 $polytask_token_%s_0;\n", dialects[i]->name,
			dialects[i]->name);
		if (!reads_query)
			buf_printf(&generated, "\t%s1 $polytask_token_%s_0;\n", dialects[i]->name,
				dialects[i]->name);
	}
	buf_puts(&generated, "\tdefault \"\";\n}\n");
}

/* ---- whether the query may hold a credential, of whatever dialect ---- */

static void put_query_map(void)
{
	const char *names[NAMES_MAX];
	size_t count = collect_names(SOURCE_QUERY, names);

	buf_puts(&generated, "map $request_uri $polytask_query_credential {\n\t\"~[?&](msg|sig");
	for (size_t i = 0; i < count; i++)
		buf_printf(&generated, "|%s", names[i]);
	buf_puts(&generated, ")([=&]|\\z)\" 1;\n"
			     "\tdefault $polytask_has_escaped_name;\n}\n");
}

/* ---- the header fields that may hold a credential, except Authorization ---- */

/* Calls put with the variable of each field: x_api_key. */
static void for_each_header(void (*put)(const char *variable, bool empty), bool empty)
{
	static const enum credential_source_kind kinds[] = { SOURCE_HEADER, SOURCE_VIRTSHELL };
	const char *names[NAMES_MAX];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t count = collect_names(kinds[i], names);

		for (size_t j = 0; j < count; j++)
			put(header_variable(names[j]), empty);
	}
}

static void put_header_param(const char *variable, bool empty)
{
	buf_puts(&generated, "fastcgi_param HTTP_");
	for (const char *c = variable; *c; c++)
		buf_putc(&generated, (char)toupper((unsigned char)*c));
	buf_printf(&generated, " %s%s;\n", empty ? "\"\"" : "$http_", empty ? "" : variable);
}

void generate_header_params(bool empty)
{
	for_each_header(put_header_param, empty);
}

static void put_header_value(const char *variable, bool empty)
{
	(void)empty;
	buf_printf(&generated, "$http_%s", variable);
}

static void put_header_map(void)
{
	buf_puts(&generated, "map \"$http_authorization");
	for_each_header(put_header_value, false);
	buf_puts(&generated, "\" $polytask_header_credential {\n\t\"\" 0;\n\tdefault 1;\n}\n");
}

/* ---- for generate.c ---- */

/* The header field that a source is read from; NULL: none. */
static const char *source_header(const struct credential_source *source)
{
	if (source->kind == SOURCE_BEARER || source->kind == SOURCE_UPLYNK_HEADER ||
		source->kind == SOURCE_BASIC)
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
	buf_puts(&generated, "Accept, Prefer, Origin\";\n");
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
	buf_puts(&generated,
		"# The token of each dialect's requests, by its sources of credentials.\n");
	for (size_t i = 0; dialects[i]; i++)
		put_sources(dialects[i]);
	put_token_map();
	put_query_map();
	put_header_map();
	put_vary_map();
}

bool generate_has_form_token(const struct dialect *dialect)
{
	return has_source(dialect, SOURCE_FORM);
}
