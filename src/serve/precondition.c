#include "serve/precondition.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "http/content_md5.h"

/* The revision in a strong entity tag ("7" with its quotes); 0 for a tag that we never send. */
static uint64_t revision_of_tag(struct str tag)
{
	uint64_t revision;

	if (tag.len < 3 || tag.ptr[0] != '"' || tag.ptr[tag.len - 1] != '"' ||
		!str_to_u64((struct str){ tag.ptr + 1, tag.len - 2 }, &revision))
		return 0;
	return revision;
}

/* Weak comparison (RFC 9110 §13.1.2) of a list of entity tags, or `*`, with a revision. */
static bool tags_match(struct str tags, uint64_t revision)
{
	while (tags.len > 0) {
		struct str tag = str_trim(str_split_next(&tags, ','));

		if (str_starts(tag, STR("W/")))
			tag = str_skip(tag, 2);
		if (str_eq(tag, STR("*")) || (revision && revision_of_tag(tag) == revision))
			return true;
	}
	return false;
}

/* Appends the revisions in a list of entity tags; 0, for an unknown tag, matches no task. */
static bool parse_tags(struct str tags, struct op *op, struct err *err)
{
	while (tags.len > 0) {
		struct str tag = str_trim(str_split_next(&tags, ','));

		if (op->if_match_count == OP_IF_MATCH_MAX)
			return err_set(err, ERR_INVALID, "If-Match",
				"If-Match may have at most %d tags", OP_IF_MATCH_MAX);
		op->if_match[op->if_match_count++] = revision_of_tag(tag);
	}
	return true;
}

/*
 * The store compares revisions inside the transaction. Several If-Match fields form one list (RFC
 * 9110 §5.3). An empty value is an error: it must not make the change unconditional.
 */
static bool parse_if_match(const struct request *request, struct op *op, struct err *err)
{
	for (size_t i = 0; i < request->cgi_param_count; i++) {
		struct str tags = str_trim(request->cgi_params[i].value);

		if (!str_eq(request->cgi_params[i].name, STR("HTTP_IF_MATCH")))
			continue;
		if (tags.len == 0)
			return err_set(err, ERR_INVALID, "If-Match", "If-Match is empty");
		if (str_eq(tags, STR("*")))
			op->must_exist = true;
		else if (!parse_tags(tags, op, err))
			return false;
	}
	return true;
}

/* `If-None-Match: *`: the task must not exist (RFC 9110 §13.1.2), so an update always fails. */
static bool parse_if_none_match(const struct request *request, struct op *op, struct err *err)
{
	struct str none = str_trim(request_cgi_param(request, "HTTP_IF_NONE_MATCH"));

	if (!str_eq(none, STR("*")))
		return true;
	op->must_not_exist = op->kind == OP_UPSERT;
	if (op->kind == OP_UPDATE || op->kind == OP_REMOVE || op->kind == OP_ARCHIVE)
		return err_set(err, ERR_PRECONDITION, "If-None-Match", NULL);
	return true;
}

static bool compute_fingerprint(const struct request *request, struct op *op, struct err *err)
{
	struct str method = str_cstr(method_name(request->method));
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(context, method.ptr, method.len) == 1 &&
		  EVP_DigestUpdate(context, request->path.ptr, request->path.len) == 1 &&
		  EVP_DigestUpdate(context, "", 1) == 1 &&
		  EVP_DigestUpdate(context, request->body.ptr, request->body.len) == 1 &&
		  EVP_DigestFinal_ex(context, op->idempotency_fingerprint, NULL) == 1;

	_Static_assert(OP_FINGERPRINT_SIZE == 32, "the fingerprint is a SHA-256");
	EVP_MD_CTX_free(context);
	return ok || err_no_memory(err);
}

/*
 * The draft requires a quoted string. Many clients send the key without quotes; both forms are the
 * same key.
 */
static bool parse_idempotency_key(const struct request *request, struct op *op, struct err *err)
{
	struct str key = str_trim(request_cgi_param(request, "HTTP_IDEMPOTENCY_KEY"));

	if ((op->kind != OP_CREATE && op->kind != OP_UPSERT && !op->companion) || !key.ptr)
		return true;
	if (request_count_cgi_param(request, "HTTP_IDEMPOTENCY_KEY") > 1)
		return err_set(err, ERR_INVALID, "Idempotency-Key",
			"Idempotency-Key was sent more than once");
	if (key.len >= 2 && key.ptr[0] == '"' && key.ptr[key.len - 1] == '"')
		key = (struct str){ key.ptr + 1, key.len - 2 };
	if (key.len == 0 || key.len > OP_IDEMPOTENCY_KEY_MAX)
		return err_set(err, ERR_INVALID, "Idempotency-Key",
			"Idempotency-Key must have 1 to %d characters", OP_IDEMPOTENCY_KEY_MAX);
	for (size_t i = 0; i < key.len; i++) {
		if (key.ptr[i] < 0x20 || key.ptr[i] > 0x7E)
			return err_set(err, ERR_INVALID, "Idempotency-Key",
				"Idempotency-Key must be of printable ASCII");
	}
	op->idempotency_key = key;
	return compute_fingerprint(request, op, err);
}

bool precondition_parse(const struct request *request, struct op *op, struct err *err)
{
	return parse_if_match(request, op, err) && parse_if_none_match(request, op, err) &&
	       parse_idempotency_key(request, op, err);
}

bool precondition_check_digest(const struct request *request, struct err *err)
{
	struct str sent = request_cgi_param(request, "HTTP_CONTENT_MD5");
	char computed[CONTENT_MD5_SIZE];

	if (request_count_cgi_param(request, "HTTP_CONTENT_MD5") > 1)
		return err_set(
			err, ERR_INVALID, "Content-MD5", "Content-MD5 was sent more than once");
	if (sent.len == 0)
		return true;
	if (!content_md5(request->body, computed))
		return err_no_memory(err);
	if (!str_eq(str_trim(sent), str_cstr(computed)))
		return err_set(
			err, ERR_INVALID, "Content-MD5", "Content-MD5 does not match the body");
	return true;
}

void precondition_set_etag(
	const struct request *request, const struct result *result, struct response *response)
{
	char tag[24];

	if (result->listing || result->kind == OP_REMOVE || result->task.revision == 0)
		return;
	snprintf(tag, sizeof(tag), "\"%llu\"", (unsigned long long)result->task.revision);
	response_add_header(response, "ETag", str_cstr(tag));
	if (result->kind == OP_READ && tags_match(request_cgi_param(request, "HTTP_IF_NONE_MATCH"),
					       result->task.revision)) {
		response->status = 304;
		response->media_type = NULL;
		buf_reset(&response->body);
	}
}
