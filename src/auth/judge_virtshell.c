#include "auth/judge.h"
#include "auth/signature.h"

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

struct question {
	const struct request *request;
	struct str signature;
};

/* Both readings of the resource are computed in any case. */
static bool is_signed(const void *what, struct str secret, bool *matches, struct err *err)
{
	const struct question *question = what;
	const struct request *request = question->request;
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
	bool ok = signature_make(&made, secret, by_path);

	put_absolute(request, made.resource, &address);
	made.resource = buf_str(&address);
	ok = ok && buf_ok(&address) && signature_make(&made, secret, by_address);
	buf_free(&address);
	if (!ok)
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	path_fits = signature_equal(question->signature, by_path);
	address_fits = signature_equal(question->signature, by_address);
	*matches = path_fits || address_fits;
	return true;
}

bool judge_virtshell(const struct asking *asking, const struct credential *credential,
	struct verdict *verdict, struct err *err)
{
	const struct request *request = asking->request;
	struct question question = { .request = request };
	struct signer signer = { 0 };
	struct str id;
	bool matches = false, ok;

	if (!is_credential(credential->text, &id, &question.signature))
		return judge_deny(verdict, AUTH_DENIED);
	if (!is_in_time(request, asking->rules))
		return judge_deny(verdict, AUTH_SKEWED);
	ok = judge_find_signer(asking->store, id, request->now, &signer, err) &&
	     judge_compare(&signer, is_signed, &question, &matches, err);
	memcpy(verdict->key, signer.key.id, sizeof(verdict->key));
	if (ok && !matches)
		judge_deny(verdict, AUTH_MISMATCH);
	else if (ok)
		ok = judge_settle(
			key_identity(asking->store, &signer.key, request->now, &verdict->who, err),
			verdict, err);
	judge_forget(&signer);
	return ok;
}
