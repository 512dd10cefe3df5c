#include "auth/signature.h"
#include "auth/verify.h"
#include "base/date.h"

/* Repeated header fields may arrive joined by commas. Neither part can contain a comma. */
static bool split_credential(struct str header, struct str *user, struct str *signature)
{
	if (header.len > 0 && memchr(header.ptr, ',', header.len))
		return false;
	return signature_split(header, user, signature);
}

static bool is_date_within_skew(const struct auth_request *auth_request)
{
	int64_t date;

	return date_parse_rfc5322(&date, request_cgi_param(auth_request->request, "HTTP_DATE")) &&
	       verify_within_skew(auth_request, date);
}

static struct str path_without_query(struct str uri)
{
	return str_split_next(&uri, '?');
}

/* "https://host/path": the other reading of the specification's "from the protocol name". */
static void put_absolute_url(const struct request *request, struct str path, struct buf *out)
{
	buf_put_str(out, request_cgi_param(request, "ORIGINAL_SCHEME"));
	buf_puts(out, "://");
	buf_put_str(out, request_cgi_param(request, "HTTP_HOST"));
	buf_put_str(out, path);
}

struct signed_input {
	const struct request *request;
	struct str signature;
};

/* Accepts either reading of the resource. Always computes both, for constant time. */
static bool signature_matches(const void *input, struct str secret, bool *matches, struct err *err)
{
	const struct signed_input *signed_input = input;
	const struct request *request = signed_input->request;
	struct signed_request made = {
		.method = request_cgi_param(request, "ORIGINAL_METHOD"),
		.host = request_cgi_param(request, "HTTP_HOST"),
		.content_md5 = request_cgi_param(request, "HTTP_CONTENT_MD5"),
		.content_type = request_cgi_param(request, "HTTP_CONTENT_TYPE"),
		.date = request_cgi_param(request, "HTTP_DATE"),
		.resource = path_without_query(request_cgi_param(request, "ORIGINAL_URI")),
	};
	char by_path[SIGNATURE_TEXT_MAX], by_url[SIGNATURE_TEXT_MAX];
	struct buf url = BUF_INIT;
	bool path_matches, url_matches;
	bool ok = signature_make(&made, secret, by_path);

	put_absolute_url(request, made.resource, &url);
	made.resource = buf_str(&url);
	ok = ok && buf_ok(&url) && signature_make(&made, secret, by_url);
	buf_free(&url);
	if (!ok)
		return err_no_memory(err);
	path_matches = signature_equal(signed_input->signature, by_path);
	url_matches = signature_equal(signed_input->signature, by_url);
	*matches = path_matches || url_matches;
	return true;
}

bool verify_virtshell(const struct auth_request *auth_request, const struct credential *credential,
	struct outcome *outcome, struct err *err)
{
	const struct request *request = auth_request->request;
	struct signed_input signed_input = { .request = request };
	struct signer signer = { 0 };
	struct str id;
	bool matches = false, ok;

	if (!split_credential(credential->text, &id, &signed_input.signature))
		return verify_deny(outcome, AUTH_DENIED);
	if (!is_date_within_skew(auth_request))
		return verify_deny(outcome, AUTH_SKEWED);
	ok = verify_find_signer(auth_request->store, id, request->now, &signer, err) &&
	     verify_with_secrets(&signer, signature_matches, &signed_input, &matches, err);
	memcpy(outcome->key, signer.key.id, sizeof(outcome->key));
	if (ok && !matches)
		verify_deny(outcome, AUTH_MISMATCH);
	else if (ok)
		ok = verify_set_outcome(key_identity(auth_request->store, &signer.key, request->now,
						&outcome->who, err),
			outcome, err);
	verify_wipe_signer(&signer);
	return ok;
}
