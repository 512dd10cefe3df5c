#include "auth/credential.h"

#include "http/query.h"

static void found(struct credential *credential, enum credential_kind kind, struct str text)
{
	*credential = (struct credential){ .kind = kind, .text = text };
}

/* ---- headers ---- */

static struct str authorization(const struct request *request)
{
	return str_trim(request_param(request, "HTTP_AUTHORIZATION"));
}

bool credential_bearer(
	const struct request *request, struct credential *credential, struct err *err)
{
	static const struct str scheme = { "Bearer ", 7 };
	struct str header = authorization(request);
	struct str head = { header.ptr, scheme.len };

	(void)err;
	if (header.len > scheme.len && str_eq_nocase(head, scheme))
		found(credential, CREDENTIAL_TOKEN, str_trim(str_from(header, scheme.len)));
	return true;
}

bool credential_api_key(
	const struct request *request, struct credential *credential, struct err *err)
{
	struct str token = str_trim(request_param(request, "HTTP_X_API_KEY"));

	(void)err;
	if (token.len > 0)
		found(credential, CREDENTIAL_TOKEN, token);
	return true;
}

bool credential_virtshell(
	const struct request *request, struct credential *credential, struct err *err)
{
	struct str header = str_trim(request_param(request, "HTTP_X_VIRTSHELL_AUTHORIZATION"));

	(void)err;
	if (header.len > 0)
		found(credential, CREDENTIAL_VIRTSHELL, header);
	return true;
}

bool credential_virtshell_standard(
	const struct request *request, struct credential *credential, struct err *err)
{
	struct str header = authorization(request);

	(void)err;
	if (header.len > 0)
		found(credential, CREDENTIAL_VIRTSHELL, header);
	return true;
}

bool credential_uplynk_header(
	const struct request *request, struct credential *credential, struct err *err)
{
	struct str header = authorization(request);
	const char *space = header.len ? memchr(header.ptr, ' ', header.len) : NULL;
	size_t at;

	(void)err;
	if (header.len == 0)
		return true;
	found(credential, CREDENTIAL_BROKEN, STR_NULL);
	if (!space)
		return true;
	at = (size_t)(space - header.ptr);
	found(credential, CREDENTIAL_UPLYNK, (struct str){ header.ptr, at });
	credential->signature = str_from(header, at + 1);
	return true;
}

/* ---- the query ---- */

/* How often a name stands in the query, its first value decoded. */
struct query_search {
	struct str name;
	size_t count;
	bool unreadable;
	struct str value;
};

/* What cannot be decoded is no name of ours; whether the address is one is not judged here. */
static bool is_named(
	struct str part, struct str name, bool *named, struct mem *mem, struct err *err)
{
	struct str decoded;

	*named = false;
	if (query_decode(&decoded, part, QUERY_PLUS_IS_SPACE, mem, err))
		*named = str_eq(decoded, name);
	else if (err->code == ERR_NO_MEMORY)
		return false;
	return true;
}

static bool take_part(
	struct query_search *search, struct str part, struct mem *mem, struct err *err)
{
	const char *equals = part.len ? memchr(part.ptr, '=', part.len) : NULL;
	size_t len = equals ? (size_t)(equals - part.ptr) : part.len;
	bool named;

	if (!is_named((struct str){ part.ptr, len }, search->name, &named, mem, err))
		return false;
	if (!named || search->count++ > 0)
		return true;
	if (query_decode(&search->value, str_from(part, len + 1), QUERY_PLUS_IS_PLUS, mem, err))
		return true;
	search->unreadable = true;
	return err->code != ERR_NO_MEMORY;
}

static bool search_query(
	const struct request *request, struct query_search *search, struct err *err)
{
	struct str uri = request_param(request, "ORIGINAL_URI");
	const char *mark = uri.len ? memchr(uri.ptr, '?', uri.len) : NULL;
	struct str rest = mark ? str_from(uri, (size_t)(mark - uri.ptr) + 1) : STR_NULL;

	while (rest.len > 0) {
		const char *end = memchr(rest.ptr, '&', rest.len);
		size_t len = end ? (size_t)(end - rest.ptr) : rest.len;

		if (!take_part(search, (struct str){ rest.ptr, len }, request->mem, err))
			return false;
		rest = str_from(rest, len + 1);
	}
	return true;
}

static bool is_broken(const struct query_search *search)
{
	return search->count > 1 || search->unreadable || search->value.len == 0;
}

static void take_found(const struct query_search *search, struct credential *credential)
{
	if (search->count > 0)
		found(credential, is_broken(search) ? CREDENTIAL_BROKEN : CREDENTIAL_TOKEN,
			search->value);
}

static bool take_query_token(const struct request *request, struct str name,
	struct credential *credential, struct err *err)
{
	struct query_search search = { .name = name };

	if (!search_query(request, &search, err))
		return false;
	take_found(&search, credential);
	return true;
}

bool credential_query_key(
	const struct request *request, struct credential *credential, struct err *err)
{
	return take_query_token(request, STR("key"), credential, err);
}

bool credential_query_access_token(
	const struct request *request, struct credential *credential, struct err *err)
{
	return take_query_token(request, STR("access-token"), credential, err);
}

/* Base64 has no space: one can only be a '+' that was written or decoded as a form would be. */
static bool restore_plus(struct str *text, struct mem *mem, struct err *err)
{
	char *bytes = mem_alloc(mem, text->len + 1);

	if (!bytes)
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	for (size_t i = 0; i < text->len; i++)
		bytes[i] = text->ptr[i] == ' ' ? '+' : text->ptr[i];
	*text = (struct str){ bytes, text->len };
	return true;
}

bool credential_uplynk_query(
	const struct request *request, struct credential *credential, struct err *err)
{
	struct query_search msg = { .name = STR("msg") }, sig = { .name = STR("sig") };

	if (!search_query(request, &msg, err) || !search_query(request, &sig, err))
		return false;
	if (msg.count == 0 && sig.count == 0)
		return true;
	found(credential, CREDENTIAL_BROKEN, STR_NULL);
	if (is_broken(&msg) || is_broken(&sig))
		return true;
	found(credential, CREDENTIAL_UPLYNK, msg.value);
	credential->signature = sig.value;
	return restore_plus(&credential->text, request->mem, err);
}

/* ---- the body ---- */

bool credential_form_access_token(
	const struct request *request, struct credential *credential, struct err *err)
{
	struct pair pairs[CREDENTIAL_FORM_MAX];
	struct query_search search = { .name = STR("access-token") };
	size_t count;

	if (!query_split(pairs, CREDENTIAL_FORM_MAX, &count, request->body, request->mem, err))
		return err->code != ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		if (str_eq(pairs[i].name, search.name) && search.count++ == 0)
			search.value = pairs[i].value;
	}
	take_found(&search, credential);
	return true;
}
