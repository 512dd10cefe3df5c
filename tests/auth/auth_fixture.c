#include "auth/auth_fixture.h"

#include <stdio.h>

#include "dialect/dialect.h"
#include "store/auth_table.h"

struct store *store;
struct user ann;
char token[AUTH_TOKEN_MAX], expired[AUTH_TOKEN_MAX];
struct err err;
struct auth_log_entry log_entry;
static struct arena arena;

struct user add_user(const char *name, unsigned rights)
{
	struct user user;

	must(user_add(store, name, "demo", rights, 0, NOW, &user, &err), &err);
	return user;
}

static void add_key(const char *user, const char *id, unsigned rights, int64_t expires)
{
	struct credential_terms terms = { .rights = rights, .expires = expires, .created = NOW };
	struct key key;

	snprintf(terms.user, sizeof(terms.user), "%s", user);
	must(key_add(store, id, SECRET, &terms, &key, &err), &err);
}

bool store_in_files;

int open_empty_store(void **state)
{
	void *opened = NULL;

	if (store_in_files && fixture_setup_folder(&opened) == 0)
		store = opened;
	if (store_in_files)
		return opened ? 0 : -1;
	if (check_setup(state) != 0)
		return -1;
	store = fixture_ephemeral();
	return 0;
}

int open_store(void **state)
{
	struct key key;

	if (open_empty_store(state) != 0)
		return -1;
	ann = add_user("ann", RIGHT_READ | RIGHT_WRITE);
	add_user("gone", RIGHT_ALL);
	add_key("ann", "ann", 0, 0);
	add_key("ann", "reader", RIGHT_READ, 0);
	add_key("ann", "old", 0, NOW);
	must(key_add(store, OWNER, OWNER_SECRET, TERMS("ann", 0, 0), &key, &err), &err);
	add_key("gone", "gone", 0, 0);
	must(user_revoke(store, "gone", &err), &err);
	must(token_add(store, "t", TERMS("ann", RIGHT_READ, 0), token, &err), &err);
	must(token_add(store, "e",
		     &(struct credential_terms){
			     .user = "ann", .rights = 0, .expires = NOW, .created = NOW - 1 },
		     expired, &err),
		&err);
	return 0;
}

static bool take_labelled(const struct token *found, void *data)
{
	struct token *wanted = data;

	if (strcmp(found->label, wanted->label) != 0 || found->replaced_at != 0)
		return true;
	*wanted = *found;
	return false;
}

struct token find_token(const char *label)
{
	struct token found = { 0 };

	snprintf(found.label, sizeof(found.label), "%s", label);
	must(token_each(store, take_labelled, &found, &err), &err);
	assert_int_not_equal(found.terms.created, 0);
	return found;
}

unsigned purge_tokens(const char *label, int64_t before)
{
	struct store_auth_place place = { 0 };
	unsigned total = 0, removed;

	while (!place.end) {
		must(token_purge(store, label, before, &place, &removed, &err), &err);
		total += removed;
	}
	return total;
}

unsigned purge_keys(int64_t before)
{
	struct store_auth_place place = { 0 };
	unsigned total = 0, removed;

	while (!place.end) {
		must(key_purge(store, before, &place, &removed, &err), &err);
		total += removed;
	}
	return total;
}

void put_record(enum store_table table, const char *key, const char *record)
{
	fixture_auth_put(store, table, str_cstr(key), str_cstr(record));
}

void assert_token(const char *text, int64_t now, const char *why)
{
	struct identity who;
	bool ok = token_check(store, str_cstr(text), now, &who, &err);

	if (ok != (why == NULL) || (why && strcmp(err.field, why) != 0))
		fail_msg("%s: %s", why ? why : "live", ok ? "accepted" : err.field);
}

int close_store(void **state)
{
	store_close(store);
	store = NULL;
	arena_free(&arena);
	return check_teardown(state);
}

const struct param default_params[] = {
	{ "POLYTASK_CALL", "authorize" },
	{ "POLYTASK_DIALECT", "virtshell" },
	{ "ORIGINAL_METHOD", "GET" },
	{ "ORIGINAL_URI", "/api/virtshell/v1/tasks/" },
	{ "ORIGINAL_SCHEME", "http" },
	{ "HTTP_HOST", "localhost:8080" },
	{ "HTTP_DATE", DATE },
	{ "HTTP_CONTENT_TYPE", "" },
	{ "HTTP_CONTENT_MD5", "" },
	{ AUTHORIZATION_HEADER, "" },
	{ API_KEY, "" },
	{ "POLYTASK_TOKEN", "" },
	{ VIRTSHELL_HEADER, "" },
	{ NULL, NULL },
};

static const char *changed_value(const struct param *param, const struct param changes[CHANGES_MAX])
{
	for (size_t i = 0; i < CHANGES_MAX && changes[i].name; i++) {
		if (strcmp(changes[i].name, param->name) == 0)
			return changes[i].value;
	}
	return param->value;
}

void fill_request(struct request *request, const struct param changes[CHANGES_MAX])
{
	*request = (struct request){ .now = NOW, .arena = &arena };
	for (size_t i = 0; default_params[i].name; i++) {
		const char *value = changed_value(&default_params[i], changes);

		if (value)
			must(request_add_cgi_param(request, str_cstr(default_params[i].name),
				     str_cstr(value), &err),
				&err);
	}
}

void authorize_request(const struct request *request, struct response *response)
{
	const struct dialect *dialect = protocol_by_name(
		request_cgi_param(request, "POLYTASK_DIALECT"));

	*response = (struct response){ 0 };
	log_entry = (struct auth_log_entry){ 0 };
	must(authorize(store, dialect ? dialect->auth : NULL,
		     dialect == &uplynk_dialect ? UPLYNK_SKEW : SKEW, request, response, &log_entry,
		     &err),
		&err);
	assert_null(response->media_type);
	assert_int_equal(response->body.len, 0);
	assert_null(memmem(buf_str(&response->headers).ptr, response->headers.len, "Cache", 5));
}

bool has_header(const struct response *response, const char *name, const char *value)
{
	char line[200];

	snprintf(line, sizeof(line), "%s: %s\r\n", name, value);
	return memmem(buf_str(&response->headers).ptr, response->headers.len, line, strlen(line)) !=
	       NULL;
}

void assert_refused(const struct request *request, const char *name, int status, const char *reason)
{
	struct response response;

	authorize_request(request, &response);
	if (response.status != status || !has_header(&response, "X-Polytask-Reason", reason))
		fail_msg(
			"%s: %d %.*s", name, response.status, STR_ARGS(buf_str(&response.headers)));
	assert_string_equal(log_entry.reason, reason);
	assert_true((memmem(response.headers.data, response.headers.len,
			     "WWW-Authenticate: ", 18) != NULL) == (status == 401));
	assert_null(memmem(response.headers.data, response.headers.len, "X-Polytask-User", 15));
	response_free(&response);
}

void assert_accepted(const struct request *request, const char *rights, const char *dialect)
{
	struct response response;

	authorize_request(request, &response);
	if (response.status != 204)
		fail_msg("%d %.*s", response.status, STR_ARGS(buf_str(&response.headers)));
	assert_null(log_entry.reason);
	assert_true(has_header(&response, "X-Polytask-User", ann.id));
	assert_true(has_header(&response, "X-Polytask-Tenant", "demo"));
	assert_true(has_header(&response, "X-Polytask-Rights", rights));
	assert_true(has_header(&response, "X-Polytask-Dialect", dialect));
	response_free(&response);
}

void assert_params_accepted(
	const struct param changes[CHANGES_MAX], const char *rights, const char *dialect)
{
	struct request request;

	fill_request(&request, changes);
	assert_accepted(&request, rights, dialect);
}
