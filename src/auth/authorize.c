#include "auth/authorize.h"

#include "auth/principal.h"
#include "auth/signature.h"
#include "task/right.h"

#define ACCESS_DENIED	 "AccessDenied"
#define WRONG_SIGNATURE	 "SignatureDoesNotMatch"
#define WRONG_TIME	 "RequestTimeTooSkewed"
#define RIGHTS_TEXT_SIZE 32

/* Which credentials a dialect's clients send besides a bearer token, and how it refuses. */
struct scheme {
	const char *dialect;
	bool signatures;
	int refusal;
};

static const struct scheme schemes[] = {
	{ .dialect = "virtshell", .signatures = true, .refusal = 403 },
	{ .dialect = "native", .signatures = false, .refusal = 401 },
};

/* A dialect that is not in the table: refused, so that a slip in the site's configuration opens
 * nothing. */
static const struct scheme no_scheme = { .dialect = "", .refusal = 403 };

/* What is judged; the web server gives an absent header as an empty parameter. */
static const char *const judged[] = {
	"POLYTASK_DIALECT",
	"ORIGINAL_METHOD",
	"ORIGINAL_URI",
	"ORIGINAL_SCHEME",
	"HTTP_HOST",
	"HTTP_DATE",
	"HTTP_CONTENT_TYPE",
	"HTTP_CONTENT_MD5",
	"HTTP_AUTHORIZATION",
	"HTTP_X_VIRTSHELL_AUTHORIZATION",
};

/* What one judgement came to: who, or why not. */
struct verdict {
	struct identity who;
	const char *reason; /* NULL: who is known */
};

static bool has_repeats(const struct request *request)
{
	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
		if (request_count_param(request, judged[i]) > 1)
			return true;
	}
	return false;
}

static const struct scheme *scheme_of(const struct request *request)
{
	struct str dialect = request_param(request, "POLYTASK_DIALECT");

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (str_eq(dialect, str_of(schemes[i].dialect)))
			return &schemes[i];
	}
	return &no_scheme;
}

/* A credential that nobody bears is a verdict; anything else that fails is an error. */
static bool deny(struct verdict *verdict, const char *reason)
{
	verdict->reason = reason;
	return true;
}

static bool settle(bool known, struct verdict *verdict, const struct err *err)
{
	if (known)
		return true;
	return err->code == ERR_UNAUTHENTICATED ? deny(verdict, ACCESS_DENIED) : false;
}

/* ---- signatures ---- */

/* Several header lines of one name may reach us joined by commas, which neither part can hold. */
static bool is_credential(struct str header, struct str *user, struct str *signature)
{
	if (header.len > 0 && memchr(header.ptr, ',', header.len))
		return false;
	return signature_split(header, user, signature);
}

static bool is_in_time(const struct request *request, const struct auth_rules *rules)
{
	int64_t date;

	if (!signature_date(request_param(request, "HTTP_DATE"), &date))
		return false;
	return date - request->now <= rules->signature_ms &&
	       request->now - date <= rules->signature_ms;
}

/*
 * The key of that id. An unknown one is replaced by a key that nobody knows the secret of, so that
 * it costs the same work and gets the same answer as a known one with a wrong signature.
 */
static bool find_key(
	struct store *store, struct str id, struct key *key, bool *known, struct err *err)
{
	char text[AUTH_NAME_MAX] = "";

	*key = (struct key){
		.secret = "0000000000000000000000000000000000000000000000000000000000000000"
	};
	*known = false;
	if (!auth_is_name(id))
		return true;
	memcpy(text, id.ptr, id.len);
	*known = key_get(store, text, key, err);
	return *known || err->code == ERR_NOT_FOUND;
}

static struct str path_of(struct str uri)
{
	const char *query = uri.len ? memchr(uri.ptr, '?', uri.len) : NULL;

	return query ? (struct str){ uri.ptr, (size_t)(query - uri.ptr) } : uri;
}

/* "https://host/path": how the specification's "from the protocol name" can be read, too. */
static void put_absolute(const struct request *request, struct str path, struct buf *out)
{
	buf_put_str(out, request_param(request, "ORIGINAL_SCHEME"));
	buf_puts(out, "://");
	buf_put_str(out, request_param(request, "HTTP_HOST"));
	buf_put_str(out, path);
}

/* Both readings of the resource are computed in any case. */
static bool is_signed(const struct request *request, const struct key *key, struct str signature,
	bool *matches, struct err *err)
{
	struct signed_request made = {
		.method = request_param(request, "ORIGINAL_METHOD"),
		.host = request_param(request, "HTTP_HOST"),
		.content_md5 = request_param(request, "HTTP_CONTENT_MD5"),
		.content_type = request_param(request, "HTTP_CONTENT_TYPE"),
		.date = request_param(request, "HTTP_DATE"),
		.resource = path_of(request_param(request, "ORIGINAL_URI")),
	};
	char by_path[SIGNATURE_TEXT_MAX], by_address[SIGNATURE_TEXT_MAX];
	struct buf address = BUF_INIT;
	bool path_fits, address_fits;
	bool ok = signature_make(&made, str_of(key->secret), by_path);

	put_absolute(request, made.resource, &address);
	made.resource = buf_str(&address);
	ok = ok && buf_ok(&address) && signature_make(&made, str_of(key->secret), by_address);
	buf_free(&address);
	if (!ok)
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	path_fits = signature_equal(signature, by_path);
	address_fits = signature_equal(signature, by_address);
	*matches = path_fits || address_fits;
	return true;
}

static bool judge_signature(struct store *store, const struct auth_rules *rules,
	const struct request *request, struct str header, struct verdict *verdict, struct err *err)
{
	struct str id, signature;
	struct key key;
	bool known, matches = false, ok;

	if (!is_credential(header, &id, &signature))
		return deny(verdict, ACCESS_DENIED);
	if (!is_in_time(request, rules))
		return deny(verdict, WRONG_TIME);
	ok = find_key(store, id, &key, &known, err) &&
	     is_signed(request, &key, signature, &matches, err);
	if (ok && !(known & matches))
		deny(verdict, WRONG_SIGNATURE);
	else if (ok)
		ok = settle(
			key_identity(store, &key, request->now, &verdict->who, err), verdict, err);
	explicit_bzero(key.secret, sizeof(key.secret));
	return ok;
}

/* ---- the judgement ---- */

static bool take_bearer(struct str header, struct str *token)
{
	static const struct str scheme = { "Bearer ", 7 };
	struct str head = { header.ptr, scheme.len };

	if (header.len <= scheme.len || !str_eq_nocase(head, scheme))
		return false;
	*token = str_trim(str_from(header, scheme.len));
	return token->len > 0;
}

static bool judge(struct store *store, const struct auth_rules *rules, const struct scheme *scheme,
	const struct request *request, struct verdict *verdict, struct err *err)
{
	struct str own = str_trim(request_param(request, "HTTP_X_VIRTSHELL_AUTHORIZATION"));
	struct str standard = str_trim(request_param(request, "HTTP_AUTHORIZATION"));
	struct str token;

	if (scheme == &no_scheme || has_repeats(request))
		return deny(verdict, ACCESS_DENIED);
	if (scheme->signatures && own.len > 0)
		return judge_signature(store, rules, request, own, verdict, err);
	if (take_bearer(standard, &token))
		return settle(
			token_check(store, token, request->now, &verdict->who, err), verdict, err);
	if (scheme->signatures)
		return judge_signature(store, rules, request, standard, verdict, err);
	return deny(verdict, ACCESS_DENIED);
}

/* ---- the answer ---- */

static void answer_who(
	const struct identity *who, const struct scheme *scheme, struct response *response)
{
	char rights[RIGHTS_TEXT_SIZE];

	rights_format(who->rights, rights, sizeof(rights));
	response->status = 204;
	response_header(response, "X-Polytask-User", str_of(who->user));
	response_header(response, "X-Polytask-Tenant", str_of(who->tenant));
	response_header(response, "X-Polytask-Rights", str_of(rights));
	response_header(response, "X-Polytask-Dialect", str_of(scheme->dialect));
}

static void answer_refusal(
	const char *reason, const struct scheme *scheme, struct response *response)
{
	response->status = scheme->refusal;
	response_header(response, "X-Polytask-Reason", str_of(reason));
	if (scheme->refusal == 401)
		response_header(response, "WWW-Authenticate", STR("Bearer realm=\"polytask\""));
}

static void answer_unknown(struct response *response)
{
	response_reset(response);
	response->status = 503;
	response_header(response, "Retry-After", STR("1"));
}

bool authorize(struct store *store, const struct auth_rules *rules, const struct request *request,
	struct response *response, struct err *err)
{
	const struct scheme *scheme = scheme_of(request);
	struct verdict verdict = { 0 };

	if (!judge(store, rules, scheme, request, &verdict, err)) {
		if (err->code == ERR_PANIC)
			return false;
		answer_unknown(response);
		return true;
	}
	if (verdict.reason)
		answer_refusal(verdict.reason, scheme, response);
	else
		answer_who(&verdict.who, scheme, response);
	if (!buf_ok(&response->head))
		answer_unknown(response);
	return true;
}
