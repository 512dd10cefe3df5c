#include "auth/credential.h"

#include <ctype.h>
#include <stdio.h>

#include "base/encode.h"
#include "http/query.h"

#define CREDENTIAL_PARAM_MAX 64

static void set_credential(
	struct credential *credential, enum credential_kind kind, struct str text)
{
	*credential = (struct credential){ .kind = kind, .text = text };
}

/* ---- header fields ---- */

/* "X-API-Key" as CGI passes it: HTTP_X_API_KEY. */
static struct str header_value(const struct request *request, const char *name)
{
	char param[CREDENTIAL_PARAM_MAX];
	size_t len = (size_t)snprintf(param, sizeof(param), "HTTP_%s", name);

	for (size_t i = 0; i < len && i < sizeof(param); i++)
		param[i] = param[i] == '-' ? '_' : (char)toupper((unsigned char)param[i]);
	return str_trim(request_cgi_param(request, param));
}

/* Sets *value to the trimmed text behind the scheme, which may be empty. */
static bool split_scheme(struct str header, struct str scheme, struct str *value)
{
	struct str head = { header.ptr, scheme.len };
	struct str rest;

	if (header.len < scheme.len || !str_eq_nocase(head, scheme))
		return false;
	rest = str_skip(header, scheme.len);
	if (rest.len > 0 && rest.ptr[0] != ' ' && rest.ptr[0] != '\t')
		return false;
	*value = str_trim(rest);
	return true;
}

bool credential_split_bearer(struct str header, struct str *token)
{
	return split_scheme(header, STR("Bearer"), token);
}

/* An empty token decides too: whether others count must not depend on how blanks are trimmed. */
static bool find_bearer(const struct credential_source *source, const struct request *request,
	struct credential *credential, struct err *err)
{
	struct str token;

	(void)source, (void)err;
	if (credential_split_bearer(header_value(request, "Authorization"), &token))
		set_credential(
			credential, token.len > 0 ? CREDENTIAL_TOKEN : CREDENTIAL_MALFORMED, token);
	return true;
}

/* The decoded text must be UTF-8 without NUL, a user, a colon and a token. */
static void split_basic(struct str text, struct credential *credential)
{
	struct str token = text, user = str_split_next(&token, ':');

	if (!str_is_utf8(text) || user.len == 0 || token.len == 0)
		return;
	set_credential(credential, CREDENTIAL_BASIC, token);
	credential->user = user;
}

static bool find_basic(const struct credential_source *source, const struct request *request,
	struct credential *credential, struct err *err)
{
	struct str value;
	char *bytes;
	size_t len;

	(void)source;
	if (!split_scheme(header_value(request, "Authorization"), STR("Basic"), &value))
		return true;
	set_credential(credential, CREDENTIAL_MALFORMED, STR_NULL);
	bytes = arena_alloc(request->arena, value.len + 1);
	if (!bytes)
		return err_no_memory(err);
	if (base64_decode(bytes, value.len, &len, value))
		split_basic((struct str){ bytes, len }, credential);
	return true;
}

static bool find_header_token(const struct credential_source *source, const struct request *request,
	struct credential *credential, struct err *err)
{
	struct str token = header_value(request, source->name);

	(void)err;
	if (token.len > 0)
		set_credential(credential, CREDENTIAL_TOKEN, token);
	return true;
}

static bool find_virtshell(const struct credential_source *source, const struct request *request,
	struct credential *credential, struct err *err)
{
	struct str header = header_value(request, source->name);

	(void)err;
	if (header.len > 0)
		set_credential(credential, CREDENTIAL_VIRTSHELL, header);
	return true;
}

static bool find_uplynk_header(const struct credential_source *source,
	const struct request *request, struct credential *credential, struct err *err)
{
	struct str header = header_value(request, "Authorization");
	struct str owner, signature = header;

	(void)source, (void)err;
	if (header.len == 0)
		return true;
	set_credential(credential, CREDENTIAL_MALFORMED, STR_NULL);
	owner = str_split_next(&signature, ' ');
	if (!signature.ptr)
		return true;
	set_credential(credential, CREDENTIAL_UPLYNK, owner);
	credential->signature = signature;
	return true;
}

/* ---- the query ---- */

/* A search for a parameter by name: how many there are, and the last value, decoded. */
struct query_search {
	struct str name;
	size_t count;
	bool unreadable;
	struct str value;
};

/* A name that cannot be decoded does not match; the application rejects such a query. */
static bool name_matches(
	struct str part, struct str name, bool *named, struct arena *arena, struct err *err)
{
	struct str decoded;

	*named = false;
	if (query_decode(&decoded, part, QUERY_PLUS_IS_SPACE, arena, err))
		*named = str_eq(decoded, name);
	else if (err->code == ERR_NO_MEMORY)
		return false;
	return true;
}

static bool search_pair(
	struct query_search *search, struct str part, struct arena *arena, struct err *err)
{
	struct str value = part, name = str_split_next(&value, '=');
	bool named;

	if (!name_matches(name, search->name, &named, arena, err))
		return false;
	if (!named)
		return true;
	search->count++;
	search->unreadable = false;
	if (query_decode(&search->value, value, QUERY_PLUS_IS_PLUS, arena, err))
		return true;
	search->unreadable = true;
	return err->code != ERR_NO_MEMORY;
}

static bool search_query(
	const struct request *request, struct query_search *search, struct err *err)
{
	struct str rest = request_cgi_param(request, "ORIGINAL_URI");

	str_split_next(&rest, '?');
	while (rest.len > 0) {
		if (!search_pair(search, str_split_next(&rest, '&'), request->arena, err))
			return false;
	}
	return true;
}

/* Of a token that is sent more than once, the last counts, as in the frameworks. */
static void set_from_search(const struct credential_source *source,
	const struct query_search *search, struct credential *credential)
{
	bool is_empty = !search->unreadable && search->value.len == 0;

	if (search->count == 0 || (is_empty && source->empty_is_absent))
		return;
	set_credential(credential,
		is_empty || search->unreadable ? CREDENTIAL_MALFORMED : CREDENTIAL_TOKEN,
		search->value);
}

static bool find_query_token(const struct credential_source *source, const struct request *request,
	struct credential *credential, struct err *err)
{
	struct query_search search = { .name = str_cstr(source->name) };

	if (!search_query(request, &search, err))
		return false;
	set_from_search(source, &search, credential);
	return true;
}

/* Base64 has no space: a space is a '+' that was sent or decoded as in a form. */
static bool restore_plus(struct str *text, struct arena *arena, struct err *err)
{
	char *bytes = arena_alloc(arena, text->len + 1);

	if (!bytes)
		return err_no_memory(err);
	for (size_t i = 0; i < text->len; i++)
		bytes[i] = text->ptr[i] == ' ' ? '+' : text->ptr[i];
	*text = (struct str){ bytes, text->len };
	return true;
}

static bool is_malformed(const struct query_search *search)
{
	return search->count > 1 || search->unreadable || search->value.len == 0;
}

static bool find_uplynk_query(const struct credential_source *source, const struct request *request,
	struct credential *credential, struct err *err)
{
	struct query_search msg = { .name = STR("msg") }, sig = { .name = STR("sig") };

	(void)source;
	if (!search_query(request, &msg, err) || !search_query(request, &sig, err))
		return false;
	if (msg.count == 0 && sig.count == 0)
		return true;
	set_credential(credential, CREDENTIAL_MALFORMED, STR_NULL);
	if (is_malformed(&msg) || is_malformed(&sig))
		return true;
	set_credential(credential, CREDENTIAL_UPLYNK, msg.value);
	credential->signature = sig.value;
	return restore_plus(&credential->text, request->arena, err);
}

/* ---- the body ---- */

static bool find_form_token(const struct credential_source *source, const struct request *request,
	struct credential *credential, struct err *err)
{
	struct pair pairs[AUTH_FORM_MAX];
	struct query_search search = { .name = str_cstr(source->name) };
	size_t count;

	if (!query_split(pairs, AUTH_FORM_MAX, &count, request->body, request->arena, err))
		return err->code != ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		if (!str_eq(pairs[i].name, search.name))
			continue;
		search.count++;
		search.value = pairs[i].value;
	}
	set_from_search(source, &search, credential);
	return true;
}

static bool find_in(const struct credential_source *source, const struct request *request,
	struct credential *credential, struct err *err)
{
	static bool (*const finders[SOURCE_KINDS])(const struct credential_source *source,
		const struct request *request, struct credential *credential, struct err *err) = {
		[SOURCE_BEARER] = find_bearer,
		[SOURCE_HEADER] = find_header_token,
		[SOURCE_QUERY] = find_query_token,
		[SOURCE_FORM] = find_form_token,
		[SOURCE_VIRTSHELL] = find_virtshell,
		[SOURCE_UPLYNK_QUERY] = find_uplynk_query,
		[SOURCE_UPLYNK_HEADER] = find_uplynk_header,
		[SOURCE_BASIC] = find_basic,
	};

	return finders[source->kind](source, request, credential, err);
}

bool credential_find(const struct auth_policy *policy, const struct request *request,
	struct credential *credential, struct err *err)
{
	*credential = (struct credential){ .kind = CREDENTIAL_NONE };
	for (size_t i = 0; i < AUTH_SOURCES_MAX && policy->sources[i].kind != SOURCE_END; i++) {
		if (!find_in(&policy->sources[i], request, credential, err))
			return false;
		if (credential->kind != CREDENTIAL_NONE)
			break;
	}
	return true;
}
