#include "auth/asking.h"

#include <stdio.h>

static const struct index_field no_fields[] = { { .source = INDEX_END } };
static const struct index_table no_indexes[] = { { .dialect = 0, .fields = no_fields },
	{ .fields = NULL } };
static const struct auth_rules rules = { .signature_ms = SKEW, .uplynk_ms = UPLYNK_SKEW };

struct store *store;
struct user ann;
char token[AUTH_TOKEN_MAX], expired[AUTH_TOKEN_MAX];
struct err err;
struct auth_note asked;
static struct mem mem;

static void add_key(const char *user, const char *id, unsigned rights, int64_t expires)
{
	struct terms terms = { .rights = rights, .expires = expires, .created = NOW };
	struct key key;

	snprintf(terms.user, sizeof(terms.user), "%s", user);
	must(key_add(store, id, SECRET, &terms, &key, &err), &err);
}

int open_store(void **state)
{
	const struct store_options options = {
		.mode = STORE_EPHEMERAL,
		.expected_tasks = 1000,
		.cache_mb = 4,
		.indexes = no_indexes,
	};
	struct user gone;
	struct key key;

	if (check_setup(state) != 0)
		return -1;
	must(store_open(&store, &options, &err), &err);
	must(user_add(store, "ann", "demo", RIGHT_READ | RIGHT_WRITE, 0, NOW, &ann, &err), &err);
	must(user_add(store, "gone", "demo", RIGHT_ALL, 0, NOW, &gone, &err), &err);
	add_key("ann", "ann", 0, 0);
	add_key("ann", "reader", RIGHT_READ, 0);
	add_key("ann", "old", 0, NOW);
	must(key_add(store, OWNER, OWNER_SECRET, TERMS("ann", 0, 0), &key, &err), &err);
	add_key("gone", "gone", 0, 0);
	must(user_revoke(store, "gone", &err), &err);
	must(token_add(store, "t", TERMS("ann", RIGHT_READ, 0), token, &err), &err);
	must(token_add(store, "e",
		     &(struct terms){
			     .user = "ann", .rights = 0, .expires = NOW, .created = NOW - 1 },
		     expired, &err),
		&err);
	return 0;
}

int close_store(void **state)
{
	store_close(store);
	store = NULL;
	mem_free(&mem);
	return check_teardown(state);
}

/* What nginx sends for the first vector, without a credential. */
const struct param ordinary[] = {
	{ "POLYTASK_CALL", "authorize" },
	{ "POLYTASK_DIALECT", "virtshell" },
	{ "ORIGINAL_METHOD", "GET" },
	{ "ORIGINAL_URI", "/api/virtshell/v1/tasks/" },
	{ "ORIGINAL_SCHEME", "http" },
	{ "HTTP_HOST", "localhost:8080" },
	{ "HTTP_DATE", DATE },
	{ "HTTP_CONTENT_TYPE", "" },
	{ "HTTP_CONTENT_MD5", "" },
	{ STANDARD, "" },
	{ API_KEY, "" },
	{ X_HEADER, "" },
	{ NULL, NULL },
};

static const char *changed(const struct param *param, const struct param changes[CHANGES])
{
	for (size_t i = 0; i < CHANGES && changes[i].name; i++) {
		if (strcmp(changes[i].name, param->name) == 0)
			return changes[i].value;
	}
	return param->value;
}

void fill(struct request *request, const struct param changes[CHANGES])
{
	*request = (struct request){ .now = NOW, .mem = &mem };
	for (size_t i = 0; ordinary[i].name; i++) {
		const char *value = changed(&ordinary[i], changes);

		if (value)
			must(request_add_param(
				     request, str_of(ordinary[i].name), str_of(value), &err),
				&err);
	}
}

void ask(const struct request *request, struct response *response)
{
	*response = (struct response){ 0 };
	asked = (struct auth_note){ 0 };
	must(authorize(store, &rules, request, response, &asked, &err), &err);
	assert_null(response->media_type);
	assert_int_equal(response->body.len, 0);
	assert_null(memmem(buf_str(&response->head).ptr, response->head.len, "Cache", 5));
}

bool has_line(const struct response *response, const char *name, const char *value)
{
	char line[200];

	snprintf(line, sizeof(line), "%s: %s\r\n", name, value);
	return memmem(buf_str(&response->head).ptr, response->head.len, line, strlen(line)) != NULL;
}

void assert_refused(const struct request *request, const char *name, int status, const char *reason)
{
	struct response response;

	ask(request, &response);
	if (response.status != status || !has_line(&response, "X-Polytask-Reason", reason))
		fail_msg("%s: %d %.*s", name, response.status, STR_FMT(buf_str(&response.head)));
	assert_string_equal(asked.reason, reason);
	assert_true((memmem(response.head.data, response.head.len, "WWW-Authenticate: ", 18) !=
			    NULL) == (status == 401));
	assert_null(memmem(response.head.data, response.head.len, "X-Polytask-User", 15));
	response_free(&response);
}

void assert_let_in(const struct request *request, const char *rights, const char *dialect)
{
	struct response response;

	ask(request, &response);
	if (response.status != 204)
		fail_msg("%d %.*s", response.status, STR_FMT(buf_str(&response.head)));
	assert_null(asked.reason);
	assert_true(has_line(&response, "X-Polytask-User", ann.id));
	assert_true(has_line(&response, "X-Polytask-Tenant", "demo"));
	assert_true(has_line(&response, "X-Polytask-Rights", rights));
	assert_true(has_line(&response, "X-Polytask-Dialect", dialect));
	response_free(&response);
}

void let_in(const struct param changes[CHANGES], const char *rights, const char *dialect)
{
	struct request request;

	fill(&request, changes);
	assert_let_in(&request, rights, dialect);
}
