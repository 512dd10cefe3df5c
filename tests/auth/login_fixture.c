#include "auth/login_fixture.h"

#include "auth/token_style.h"

struct token_endpoint endpoint;
struct login_tokens tokens;

static const struct token_address grant_address = { "/oauth/token", TOKEN_CALL_GRANT,
	TOKEN_STYLE_DOORKEEPER };

void set_password(const char *user, const char *password)
{
	char hash[PASSWORD_HASH_SIZE];

	must(password_hash(str_cstr(password), hash, &err), &err);
	must(user_set_password(store, user, hash, 0, NOW, &err), &err);
}

int open_login(void **state)
{
	if (open_store(state) != 0)
		return -1;
	endpoint = (struct token_endpoint){ .store = store, .address = &grant_address };
	set_password("ann", PASSWORD);
	return 0;
}

void post_from(const char *address, const char *method, struct str body, struct response *response)
{
	struct arena arena = { 0 };
	struct request request = { .now = NOW, .arena = &arena, .body = body };

	must(request_add_cgi_param(&request, STR("REQUEST_METHOD"), str_cstr(method), &err), &err);
	must(request_add_cgi_param(&request, STR("REMOTE_ADDR"), str_cstr(address), &err), &err);
	*response = (struct response){ 0 };
	log_entry = (struct auth_log_entry){ 0 };
	must(token_endpoint_answer(&endpoint, &request, response, &log_entry, &err), &err);
	assert_true(has_header(response, "Cache-Control", "no-store"));
	assert_string_equal(response->media_type, token_styles[endpoint.address->style].media_type);
	arena_free(&arena);
}

void post(const char *method, struct str body, struct response *response)
{
	post_from("192.0.2.1", method, body, response);
}

/* ---- below the endpoint ---- */

int open_logged_in(void **state)
{
	struct user user;

	if (open_login(state) != 0)
		return -1;
	must(user_get(store, "ann", &user, &err), &err);
	must(login_tokens_add(store, &user, NOW, &tokens, &err), &err);
	return 0;
}

bool renew(const char *text, unsigned asked, int64_t now, struct login_tokens *made)
{
	struct user user;

	return login_tokens_renew(store, str_cstr(text), asked, now, made, &user, &err);
}

void assert_no_renewal(const char *text, int64_t now, const char *why)
{
	struct login_tokens made;

	assert_fails(renew(text, 0, now, &made), &err, ERR_UNAUTHENTICATED);
	assert_string_equal(err.field, why);
}

void revoke_token(const char *text, int64_t now)
{
	char name[USER_NAME_MAX];

	must(login_tokens_revoke(store, str_cstr(text), now, name, &err), &err);
}
