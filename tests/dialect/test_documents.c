/* The OpenAPI document of each dialect and its tables: routes, parameters of the query, indexes. */
#include <stdio.h>
#include <stdlib.h>

#include "dialect/dialect.h"
#include "http/json.h"
#include "lib/check.h"

#define ADDRESS_MAX 200

static json_t *open_document(const struct dialect *dialect)
{
	const char *source = getenv("top_srcdir");
	char path[256];
	json_t *json;

	snprintf(path, sizeof(path), "%s/src/dialect/%s/openapi.json", source ? source : ".",
		dialect->name);
	json = json_load_file(path, 0, NULL);
	assert_non_null(json);
	return json;
}

/* Follows a reference to a parameter: "#/components/parameters/Limit". */
static json_t *resolve(json_t *document, json_t *parameter)
{
	const char *reference = json_string_value(json_object_get(parameter, "$ref"));
	json_t *components = json_object_get(document, "components");

	if (!reference)
		return parameter;
	assert_int_equal(strncmp(reference, "#/components/parameters/", 24), 0);
	parameter = json_object_get(json_object_get(components, "parameters"), reference + 24);
	assert_non_null(parameter);
	return parameter;
}

/* The path below the host of the document's i-th server; NULL: there are no more. */
static const char *server_path(json_t *document, size_t i)
{
	json_t *server = json_array_get(json_object_get(document, "servers"), i);
	const char *url = json_string_value(json_object_get(server, "url"));

	return url && strcmp(url, "/") == 0 ? "" : url;
}

/* Replaces the names of variables, which the document and the table may choose. */
static void normalize(char text[ADDRESS_MAX], const char *base, const char *path)
{
	char *out = text;

	assert_true(strlen(base) + strlen(path) < ADDRESS_MAX);
	for (const char *part = base; part; part = part == base ? path : NULL) {
		for (const char *at = part; *at; at++) {
			*out++ = *at;
			if (*at == '{')
				at = strchr(at, '}') - 1;
		}
	}
	*out = '\0';
}

/* The operation of a method at an address in normal form, and its item; NULL: there is none. */
static json_t *find_operation(
	json_t *document, const char *address, enum method method, json_t **item)
{
	json_t *paths = json_object_get(document, "paths"), *value;
	char verb[16], known[ADDRESS_MAX];
	const char *path, *base;

	snprintf(verb, sizeof(verb), "%s", method_name(method));
	for (char *c = verb; *c; c++)
		*c |= 0x20;
	for (size_t i = 0; (base = server_path(document, i)); i++) {
		json_object_foreach (paths, path, value) {
			normalize(known, base, path);
			*item = value;
			if (strcmp(known, address) == 0 && json_object_get(value, verb))
				return json_object_get(value, verb);
		}
	}
	return NULL;
}

/* "fields.*" in a table stands for each indexed field. */
static bool is_param(const char *const *params, const char *name)
{
	for (; params && *params; params++) {
		size_t len = strlen(*params);
		bool family = len > 1 && (*params)[len - 1] == '*';

		if (strncmp(*params, name, len - family) == 0 && (family || name[len] == '\0'))
			return true;
	}
	return false;
}

static bool is_documented(json_t *document, json_t *parameters, const char *param)
{
	const char *const list[] = { param, NULL };
	json_t *parameter;
	size_t i;

	json_array_foreach (parameters, i, parameter) {
		parameter = resolve(document, parameter);
		if (strcmp(json_string_value(json_object_get(parameter, "in")), "query") == 0 &&
			is_param(list, json_string_value(json_object_get(parameter, "name"))))
			return true;
	}
	return false;
}

static void check_params(json_t *document, json_t *operation, const struct route *row)
{
	json_t *parameters = json_object_get(operation, "parameters"), *parameter;
	size_t i;

	for (const char *const *param = row->params; param && *param; param++) {
		if (!is_documented(document, parameters, *param))
			fail_msg("%s %s: the document lacks %s", method_name(row->method),
				row->pattern, *param);
	}
	json_array_foreach (parameters, i, parameter) {
		const char *name;

		parameter = resolve(document, parameter);
		name = json_string_value(json_object_get(parameter, "name"));
		if (strcmp(json_string_value(json_object_get(parameter, "in")), "query") == 0 &&
			!is_param(row->params, name))
			fail_msg("%s %s: the table lacks %s", method_name(row->method),
				row->pattern, name);
	}
}

static void every_route_is_documented(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		json_t *document = open_document(dialects[i]), *item, *operation;
		const char *const *prefix = dialects[i]->prefixes;
		char address[ADDRESS_MAX];

		for (; *prefix; prefix++) {
			for (const struct route *row = dialects[i]->routes; row->method; row++) {
				normalize(address, *prefix, row->pattern);
				operation = find_operation(document, address, row->method, &item);
				if (!operation)
					fail_msg("%s %s", method_name(row->method), address);
				check_params(document, operation, row);
			}
		}
		json_decref(document);
	}
}

static bool is_token_address(const struct dialect *dialect, const char *address, enum method method)
{
	const struct dialect *owner;
	const struct token_address *row = dialect_token_address(str_cstr(address), &owner);

	return row && owner == dialect &&
	       method == (row->call == TOKEN_CALL_INFO ? METHOD_GET : METHOD_POST);
}

static bool has_row(const struct dialect *dialect, const char *address, enum method method)
{
	char known[ADDRESS_MAX];

	for (const char *const *prefix = dialect->prefixes; *prefix; prefix++) {
		if (strncmp(address, *prefix, strlen(*prefix)) != 0)
			continue;
		for (const struct route *row = dialect->routes; row->method; row++) {
			normalize(known, *prefix, row->pattern);
			if (row->method == method && strcmp(known, address) == 0)
				return true;
		}
	}
	return is_token_address(dialect, address, method);
}

static void every_token_address_is_documented(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		json_t *document = open_document(dialects[i]), *item;
		const struct token_address *row = dialects[i]->token_addresses;

		for (; row && row->path; row++) {
			enum method method = row->call == TOKEN_CALL_INFO ? METHOD_GET
									  : METHOD_POST;

			if (!find_operation(document, row->path, method, &item))
				fail_msg("%s", row->path);
		}
		json_decref(document);
	}
}

static void every_documented_operation_has_a_route(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		json_t *document = open_document(dialects[i]), *item;
		json_t *paths = json_object_get(document, "paths");
		char address[ADDRESS_MAX];
		const char *path, *base;

		for (size_t j = 0; (base = server_path(document, j)); j++) {
			json_object_foreach (paths, path, item) {
				normalize(address, base, path);
				for (int method = METHOD_GET; method < METHOD_OTHER; method++) {
					json_t *same = NULL;

					if (find_operation(document, address, (enum method)method,
						    &same) &&
						!has_row(dialects[i], address, (enum method)method))
						fail_msg("%s %s", method_name((enum method)method),
							address);
				}
			}
		}
		json_decref(document);
	}
}

/* ---- what decoders read ---- */

/* Decodes the route's request with ?name=1; writes the body of the error, empty without one. */
static void decode_param(
	const struct dialect *dialect, const struct route *row, const char *name, struct buf *body)
{
	struct arena arena = { 0 };
	struct request request = { .arena = &arena,
		.method = row->method,
		.query_count = 1,
		.query = { { str_cstr(name), STR("1") } },
		.body_limit = 1000,
		.path = STR("/x") };
	struct op op = { .arena = &arena };
	struct response response = { 0 };
	struct err err;

	if (!row->decode(&request, &op, &err))
		dialect_encode_error(dialect, &request, &err, &response);
	buf_put_str(body, buf_str(&response.body));
	response_free(&response);
	arena_free(&arena);
}

/* Whether both errors differ only by the names that they mention. */
static bool same_but_name(struct str one, const char *name, struct str two, const char *other)
{
	while (one.len > 0 && two.len > 0) {
		if (str_starts(one, str_cstr(name)) && str_starts(two, str_cstr(other))) {
			one = str_skip(one, strlen(name));
			two = str_skip(two, strlen(other));
		} else if (one.ptr[0] == two.ptr[0]) {
			one = str_skip(one, 1);
			two = str_skip(two, 1);
		} else {
			return false;
		}
	}
	return one.len == 0 && two.len == 0;
}

/* Where an unknown parameter is refused, those of the table are not refused as unknown. */
static void decoders_read_the_parameters_of_the_table(void **state)
{
	size_t count = 0;

	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		for (const struct route *row = dialects[i]->routes; row->method; row++) {
			struct buf unknown = BUF_INIT;

			decode_param(dialects[i], row, "zzz", &unknown);
			for (const char *const *param = row->params; param && *param; param++) {
				struct buf known = BUF_INIT;

				decode_param(dialects[i], row, *param, &known);
				if (unknown.len > 0 &&
					memmem(unknown.data, unknown.len, "zzz", 3) &&
					same_but_name(
						buf_str(&unknown), "zzz", buf_str(&known), *param))
					fail_msg("%s is unknown to %s", *param, row->pattern);
				count += unknown.len > 0;
				buf_free(&known);
			}
			buf_free(&unknown);
		}
	}
	assert_true(count > 10);
}

/* ---- fields ---- */

static bool has_parameter(json_t *document, const char *name)
{
	json_t *parameters = json_object_get(json_object_get(document, "components"), "parameters");
	const char *key;
	json_t *value;

	json_object_foreach (parameters, key, value) {
		if (strcmp(json_string_value(json_object_get(value, "name")), name) == 0)
			return true;
	}
	return false;
}

static void every_indexed_field_is_a_parameter(void **state)
{
	json_t *document = open_document(&native_dialect);

	(void)state;
	for (size_t i = 0; dialects[i] && dialect_has_tasks(dialects[i]); i++) {
		const struct index_field *field = dialects[i]->index_fields;

		for (; field->source; field++) {
			char name[80];

			if (field->source != INDEX_FIELD || field->unindexed)
				continue;
			snprintf(name, sizeof(name), "fields.%s", field->name);
			if (!has_parameter(document, name))
				fail_msg("%s has no parameter %s", dialects[i]->name, name);
		}
	}
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(every_route_is_documented),
		CHECK(every_token_address_is_documented),
		CHECK(every_documented_operation_has_a_route),
		CHECK(decoders_read_the_parameters_of_the_table),
		CHECK(every_indexed_field_is_a_parameter),
	};

	return CHECK_RUN(tests);
}
