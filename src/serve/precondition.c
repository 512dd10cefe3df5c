#include "serve/precondition.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "http/condition.h"
#include "http/content_md5.h"

/* ---- conditional requests: RFC 9110 §13 ---- */

/* The entity tags of all header fields of one name; several fields form one list (§5.3). */
struct tags {
	uint64_t revisions[OP_IF_MATCH_MAX];
	size_t count;
	unsigned fields, listed, stars;
	bool empty, malformed, too_many;
	struct str wanted; /* the tag of a list */
	bool found;	   /* wanted is one of the tags */
};

/*
 * Tags compare as characters, so only the one spelling that responses send is a revision: 0 for any
 * other tag.
 */
static uint64_t revision_of_tag(struct str opaque)
{
	uint64_t revision;

	return opaque.len > 0 && opaque.ptr[0] != '0' && str_to_u64(opaque, &revision) ? revision
										       : 0;
}

/* Tags that no task has are kept once: the list is not empty then. */
static void add_tag(struct tags *tags, uint64_t revision)
{
	tags->listed++;
	if (revision == 0 && tags->count > 0)
		return;
	if (tags->count == OP_IF_MATCH_MAX)
		tags->too_many = true;
	else
		tags->revisions[tags->count++] = revision;
}

/* weak: whether weak tags match (weak comparison, §8.8.3.2). */
static void read_field(struct tags *tags, struct str value, bool weak)
{
	struct str list = str_trim(value);
	struct entity_tag tag;

	tags->fields++;
	tags->empty |= list.len == 0;
	if (str_eq(list, STR("*"))) {
		tags->stars++;
		return;
	}
	while (entity_tag_next(&list, &tag)) {
		add_tag(tags, tag.weak && !weak ? 0 : revision_of_tag(tag.opaque));
		tags->found |= str_eq(tag.opaque, tags->wanted);
	}
	tags->malformed |= list.len > 0;
}

static void read_tags(
	const struct request *request, const char *param, bool weak, struct tags *tags)
{
	*tags = (struct tags){ .wanted = tags->wanted };
	for (size_t i = 0; i < request->cgi_param_count; i++) {
		if (str_eq(request->cgi_params[i].name, str_cstr(param)))
			read_field(tags, request->cgi_params[i].value, weak);
	}
	tags->malformed |= tags->stars > 1 || (tags->stars > 0 && tags->listed > 0);
}

static bool check_tags(const struct tags *tags, const char *field, struct err *err)
{
	if (tags->malformed)
		return err_set(err, ERR_INVALID, field, "%s is not a list of entity tags", field);
	if (tags->too_many)
		return err_set(err, ERR_INVALID, field, "%s may have at most %d tags", field,
			OP_IF_MATCH_MAX);
	return true;
}

/* A date that is invalid or sent twice is ignored (§13.1.3, §13.1.4). */
static bool read_date(const struct request *request, const char *param, int64_t *ms)
{
	return request_count_cgi_param(request, param) == 1 &&
	       http_date_parse(ms, request_cgi_param(request, param));
}

/*
 * The store compares inside the transaction. An empty or malformed value is an error: it must not
 * make the change unconditional. With If-Match, If-Unmodified-Since is ignored (§13.2.2).
 */
static bool parse_if_match(const struct request *request, struct op *op, struct err *err)
{
	struct tags tags = { 0 };
	int64_t since;

	read_tags(request, "HTTP_IF_MATCH", false, &tags);
	if (tags.empty)
		return err_set(err, ERR_INVALID, "If-Match", "If-Match is empty");
	if (!check_tags(&tags, "If-Match", err))
		return false;
	op->must_exist = tags.stars > 0;
	memcpy(op->if_match, tags.revisions, sizeof(op->if_match));
	op->if_match_count = tags.count;
	if (tags.fields == 0 && read_date(request, "HTTP_IF_UNMODIFIED_SINCE", &since))
		op->unmodified_since = optional_time(since);
	return true;
}

/* Reads: see precondition_set_etag(). Whatever else GET shows has no tag that is compared. */
static bool parse_if_none_match(const struct request *request, struct op *op, struct err *err)
{
	struct tags tags = { 0 };

	if (op->kind == OP_READ || op->kind == OP_LIST || request->method == METHOD_GET ||
		request->method == METHOD_HEAD)
		return true;
	read_tags(request, "HTTP_IF_NONE_MATCH", true, &tags);
	if (!check_tags(&tags, "If-None-Match", err))
		return false;
	op->must_not_exist = tags.stars > 0;
	memcpy(op->if_none_match, tags.revisions, sizeof(op->if_none_match));
	op->if_none_match_count = tags.count;
	return true;
}

static bool find_tag(const struct tags *tags, const struct task *task)
{
	for (size_t i = 0; i < tags->count; i++) {
		if (tags->revisions[i] == task->revision)
			return true;
	}
	return tags->stars > 0;
}

bool precondition_has_tag(const struct request *request, const struct task *task, bool *has)
{
	struct tags tags = { 0 };

	read_tags(request, "HTTP_IF_NONE_MATCH", true, &tags);
	*has = !tags.malformed && find_tag(&tags, task);
	return tags.fields > 0 && !tags.empty && !tags.malformed;
}

/*
 * Whether the client of a read has the task as it is. A malformed If-None-Match is ignored: the
 * full response is right. With If-None-Match, If-Modified-Since is ignored (§13.2.2).
 */
static bool client_has(const struct request *request, const struct task *task)
{
	struct tags tags = { 0 };
	int64_t since;

	read_tags(request, "HTTP_IF_NONE_MATCH", true, &tags);
	if (tags.fields == 0)
		return read_date(request, "HTTP_IF_MODIFIED_SINCE", &since) &&
		       task->updated / 1000 <= since / 1000;
	return !tags.malformed && find_tag(&tags, task);
}

/* ---- Idempotency-Key ---- */

static bool compute_fingerprint(const struct request *request, struct op *op, struct err *err)
{
	struct str method = str_cstr(method_name(request->method));
	/* A batch may have the body of one task, and the body does not say whether it is atomic. */
	const char *form = op->kind != OP_BATCH ? "" : op->batch->is_atomic ? "\2" : "\1";
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(context, method.ptr, method.len) == 1 &&
		  EVP_DigestUpdate(context, request->path.ptr, request->path.len) == 1 &&
		  EVP_DigestUpdate(context, form, 1) == 1 &&
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

	bool creates = op->kind == OP_CREATE || op->kind == OP_UPSERT || op->kind == OP_BATCH ||
		       (op->kind == OP_BULK && !op->bulk->dry_run) || op->companion;

	if (!creates || !key.ptr)
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

static void omit_body(struct response *response)
{
	response->status = 304;
	response->media_type = NULL;
	buf_reset(&response->body);
}

void precondition_set_etag(
	const struct request *request, const struct result *result, struct response *response)
{
	char tag[24];

	/* The history of a task changes without it when entries are removed. */
	if (result->listing || result->kind == OP_REMOVE || result->kind == OP_HISTORY ||
		result->task.revision == 0)
		return;
	snprintf(tag, sizeof(tag), "\"%llu\"", (unsigned long long)result->task.revision);
	response_add_header(response, "ETag", str_cstr(tag));
	if (result->kind == OP_READ && client_has(request, &result->task))
		omit_body(response);
}

bool precondition_has_list_tag(const struct request *request, struct str opaque)
{
	struct tags tags = { .wanted = opaque };

	read_tags(request, "HTTP_IF_NONE_MATCH", true, &tags);
	return !tags.malformed && (tags.found || tags.stars > 0);
}
