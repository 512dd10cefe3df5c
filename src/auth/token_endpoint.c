#include "auth/token_endpoint.h"

#include "auth/credential.h"
#include "auth/token_grant.h"
#include "task/right.h"

/* A request to the endpoint and its result so far. */
struct call {
	const struct token_endpoint *endpoint;
	const struct request *request;
	struct response *response;
	struct auth_log_entry *log_entry;
	enum token_refusal refusal; /* TOKEN_ACCEPTED until a check fails */
	unsigned seconds;	    /* for Retry-After; 0: unknown */
};

static const struct token_style *style_of(const struct call *call)
{
	return &token_styles[call->endpoint->address->style];
}

/* Sets the refusal if the parameters are unreadable. False: no memory. */
static bool read_params(struct call *call, struct token_params *params, struct err *err)
{
	static const enum token_refusal faults[] = {
		[TOKEN_PARAMS_VALID] = TOKEN_ACCEPTED,
		[TOKEN_PARAMS_UNREADABLE] = TOKEN_UNREADABLE,
		[TOKEN_PARAMS_REPEATED] = TOKEN_REPEATED,
	};

	if (!token_params_read(params, call->request, style_of(call)->reads_query, err))
		return false;
	call->refusal = faults[params->fault];
	return true;
}

/* ---- grants ---- */

static bool answer_grant(struct call *call, struct err *err)
{
	const struct token_style *style = style_of(call);
	char scope[RIGHTS_TEXT_SIZE];
	struct token_params params;
	struct grant grant = { .refusal = TOKEN_ACCEPTED };
	const struct token_grant_result result = { &grant.tokens, scope, call->request->now };
	bool ok;

	if (!read_params(call, &params, err))
		return false;
	if (call->refusal != TOKEN_ACCEPTED)
		return true;
	ok = token_grant(call->endpoint, call->request, &params, &grant, call->log_entry, err);
	call->refusal = grant.refusal;
	call->seconds = grant.seconds;
	if (ok && grant.refusal == TOKEN_ACCEPTED) {
		token_style_format_scope(grant.rights, scope, sizeof(scope));
		token_style_put_grant(style, &call->response->body, &result);
		call->response->media_type = style->media_type;
	}
	explicit_bzero(&grant.tokens, sizeof(grant.tokens));
	return ok;
}

/* ---- revocation ---- */

static bool answer_revocation(struct call *call, struct err *err)
{
	const struct token_endpoint *endpoint = call->endpoint;
	struct token_params params;

	call->log_entry->call = "revoke";
	if (!read_params(call, &params, err))
		return false;
	if (call->refusal != TOKEN_ACCEPTED)
		return true;
	if (!login_tokens_revoke(endpoint->store, params.values[TOKEN_TOKEN], call->request->now,
		    call->log_entry->name, err))
		return false;
	buf_puts(&call->response->body, style_of(call)->revoked);
	call->response->media_type = style_of(call)->media_type;
	return true;
}

/* ---- information ---- */

static void put_info(
	struct buf *body, const struct token_found *found, unsigned rights, int64_t now)
{
	const struct credential_terms *terms = &found->token.terms;
	char text[RIGHTS_TEXT_SIZE];
	struct str scope;

	rights_format(rights, text, sizeof(text));
	buf_puts(body, "{\"resource_owner_id\":");
	buf_put_json_string(body, str_cstr(found->owner.id));
	buf_puts(body, ",\"scope\":[");
	for (scope = str_cstr(text); scope.len > 0;) {
		buf_put_json_string(body, str_split_next(&scope, ','));
		buf_puts(body, scope.len > 0 ? "," : "");
	}
	buf_puts(body, "],\"expires_in\":");
	if (terms->expires == 0)
		buf_puts(body, "null");
	else
		buf_put_number(body, (terms->expires - now) / 1000);
	buf_puts(body, ",\"application\":{\"uid\":null},\"created_at\":");
	buf_put_number(body, terms->created / 1000);
	buf_putc(body, '}');
}

static bool answer_info(struct call *call, struct err *err)
{
	const struct token_endpoint *endpoint = call->endpoint;
	int64_t now = call->request->now;
	struct token_found found;
	struct identity who;
	struct credential credential = { 0 };
	struct str text;

	call->log_entry->call = "info";
	if (!credential_find(endpoint->policy, call->request, &credential, err))
		return false;
	text = credential.kind == CREDENTIAL_TOKEN ? credential.text : STR_NULL;
	if (!token_find(endpoint->store, text, now, &found, err) ||
		!credential_terms_identity(
			&found.token.terms, &found.owner, found.validity, &who, err)) {
		call->refusal = TOKEN_INVALID_TOKEN;
		return err->code == ERR_UNAUTHENTICATED;
	}
	if (found.token.is_refresh || !identity_allows_dialect(&who, endpoint->dialect)) {
		call->refusal = TOKEN_INVALID_TOKEN;
		return true;
	}
	memcpy(call->log_entry->name, found.owner.name, sizeof(call->log_entry->name));
	put_info(&call->response->body, &found, who.rights, now);
	call->response->media_type = style_of(call)->media_type;
	return true;
}

/* ---- the response ---- */

void token_endpoint_encode_error(const struct err *err, struct response *response)
{
	bool temporary;
	struct token_refusal_row row = { .description = err_text(err) };

	response->status = err_status(err->code);
	response->media_type = token_styles[TOKEN_STYLE_DOORKEEPER].media_type;
	temporary = response->status == 429 || response->status == 503;
	row.error = temporary ? "temporarily_unavailable" : "invalid_request";
	token_style_put_error(&response->body, &row);
}

static const struct {
	const char *allow;
	bool (*answer)(struct call *call, struct err *err);
} calls[TOKEN_CALLS] = {
	[TOKEN_CALL_GRANT] = { "POST", answer_grant },
	[TOKEN_CALL_REVOKE] = { "POST", answer_revocation },
	[TOKEN_CALL_INFO] = { "GET, HEAD", answer_info },
};

static bool allows(struct str methods, struct str method)
{
	while (methods.len > 0) {
		if (str_eq(str_trim(str_split_next(&methods, ',')), method))
			return true;
	}
	return false;
}

static void answer_refusal(const struct call *call)
{
	const struct token_address *address = call->endpoint->address;
	struct response *response = call->response;

	call->log_entry->reason =
		call->refusal == TOKEN_TOO_MANY
			? "limited"
			: token_style_refusal(style_of(call), call->refusal)->error;
	response->media_type = style_of(call)->media_type;
	token_style_refuse(style_of(call), call->refusal, response);
	if (call->refusal == TOKEN_WRONG_METHOD)
		response_add_header(response, "Allow", str_cstr(calls[address->call].allow));
	response_add_retry_after(response, call->seconds);
}

static void finish(struct response *response)
{
	response_add_header(response, "Cache-Control", STR("no-store"));
	response_add_header(response, "Pragma", STR("no-cache"));
	if (buf_ok(&response->headers) && buf_ok(&response->body))
		return;
	response_reset(response);
	response->status = 503;
}

bool token_endpoint_answer(const struct token_endpoint *endpoint, const struct request *request,
	struct response *response, struct auth_log_entry *log_entry, struct err *err)
{
	enum token_call kind = endpoint->address->call;
	struct call call = { endpoint, request, response, log_entry, .refusal = TOKEN_ACCEPTED };
	struct str method = request_cgi_param(request, "REQUEST_METHOD");

	response->status = 200;
	if (!allows(str_cstr(calls[kind].allow), method)) {
		call.refusal = TOKEN_WRONG_METHOD;
	} else if (!calls[kind].answer(&call, err)) {
		if (err->code == ERR_PANIC)
			return false;
		call.refusal = TOKEN_UNAVAILABLE;
	}
	if (call.refusal != TOKEN_ACCEPTED)
		answer_refusal(&call);
	finish(response);
	return true;
}
