#include "import/reply.h"

#include <curl/curl.h>
#include <stdio.h>

/* ---- validators ---- */

/* A strong entity tag in quotes. */
static bool is_strong_tag(const char *tag)
{
	size_t len = tag ? strlen(tag) : 0;

	return len >= 2 && len < PARTIAL_VALIDATOR_SIZE && tag[0] == '"' && tag[len - 1] == '"' &&
	       !memchr(tag + 1, '"', len - 2);
}

/*
 * Whether a date identifies the file: it is a second or more before the response, so that the file
 * cannot have changed twice within it (RFC 9110, 8.8.2.2).
 */
static bool is_strong_date(const char *modified, const char *date)
{
	time_t then = modified ? curl_getdate(modified, NULL) : -1;
	time_t now = date ? curl_getdate(date, NULL) : -1;

	return then >= 0 && now > then && strlen(modified) < PARTIAL_VALIDATOR_SIZE;
}

/* A value that is too long counts as none. */
static void copy(char text[PARTIAL_VALIDATOR_SIZE], const char *value)
{
	if (value && strlen(value) < PARTIAL_VALIDATOR_SIZE)
		snprintf(text, PARTIAL_VALIDATOR_SIZE, "%s", value);
}

static void set_version(const struct reply *reply, struct partial_version *version)
{
	if (is_strong_tag(reply->etag)) {
		copy(version->validator, reply->etag);
		copy(version->other, reply->last_modified);
	} else if (is_strong_date(reply->last_modified, reply->date)) {
		copy(version->validator, reply->last_modified);
		copy(version->other, reply->etag);
	}
}

/*
 * Whether a part is of the same version as the file: a server that ignores If-Range may send one of
 * another version. The same strong ETag proves it, whatever the date. If the response lacks the
 * validator, only an md5 shows later whether the part belongs to the file.
 */
static bool is_same_version(const struct reply *reply, const struct partial *partial)
{
	const struct partial_version *version = &partial->version;
	bool is_tag = version->validator[0] == '"';
	const char *validator = is_tag ? reply->etag : reply->last_modified;
	const char *other = is_tag ? reply->last_modified : reply->etag;

	if (validator && strcmp(validator, version->validator) != 0)
		return false;
	if (validator && is_tag)
		return true;
	if (other && *version->other && strcmp(other, version->other) != 0)
		return false;
	return validator || partial->is_compared;
}

/* ---- lengths and ranges ---- */

int64_t reply_parse_length(const char *text)
{
	uint64_t length;

	return str_to_u64(str_cstr(text), &length) && length <= INT64_MAX ? (int64_t)length
									  : REPLY_LENGTH_INVALID;
}

bool reply_parse_range(const char *text, uint64_t *first, uint64_t *last, uint64_t *total)
{
	struct str rest = str_cstr(text), from, to;

	if (rest.len < 6 || strncasecmp(rest.ptr, "bytes ", 6) != 0)
		return false;
	rest = str_trim(str_skip(rest, 6));
	from = str_split_next(&rest, '-');
	to = str_split_next(&rest, '/');
	if (!str_to_u64(from, first) || !str_to_u64(to, last) || *first > *last)
		return false;
	if (str_eq(rest, STR("*"))) {
		*total = PARTIAL_TOTAL_UNKNOWN;
		return true;
	}
	return str_to_u64(rest, total) && *last < *total && *total <= INT64_MAX;
}

/* Whether the body goes on where the file ends, and belongs to the same file. */
static bool is_rest(
	const struct reply *reply, const struct partial *partial, struct reply_plan *plan)
{
	uint64_t first, last, total;

	if (!reply->content_range ||
		!reply_parse_range(reply->content_range, &first, &last, &total) ||
		first != partial->size)
		return false;
	if (total != PARTIAL_TOTAL_UNKNOWN && partial->total != PARTIAL_TOTAL_UNKNOWN &&
		total != partial->total)
		return false;
	if (!is_same_version(reply, partial))
		return false;
	plan->total = total != PARTIAL_TOTAL_UNKNOWN ? total : partial->total;
	plan->length = last - first + 1;
	/* Without the size nothing tells whether a further part is missing. */
	return plan->total != PARTIAL_TOTAL_UNKNOWN && last < plan->total;
}

/* ---- statuses ---- */

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool may_pass(long status)
{
	return status == 408 || status == 425 || status == 429 || status >= 500;
}

static void plan_whole(const struct reply *reply, struct reply_plan *plan)
{
	plan->action = REPLY_WHOLE;
	if (reply->content_length >= 0)
		plan->total = plan->length = (uint64_t)reply->content_length;
	set_version(reply, &plan->version);
}

bool reply_judge(const struct reply *reply, const struct partial *partial, bool asked,
	struct reply_plan *plan, struct err *err)
{
	struct reply_plan found = { .action = REPLY_RESTART,
		.total = PARTIAL_TOTAL_UNKNOWN,
		.length = PARTIAL_TOTAL_UNKNOWN };

	if ((reply->status == 200 || reply->status == 206) &&
		reply->content_length == REPLY_LENGTH_INVALID)
		return err_set(err, ERR_BUSY, NULL, "The Content-Length of the response is wrong.");
	if (reply->status == 200)
		plan_whole(reply, &found);
	else if (is_redirect(reply->status) && reply->location)
		found.action = REPLY_REDIRECT;
	else if (asked && reply->status == 206 && is_rest(reply, partial, &found))
		found.action = REPLY_REST;
	else if (!(asked && (reply->status == 206 || reply->status == 416)))
		return err_set(err, may_pass(reply->status) ? ERR_BUSY : ERR_UNPROCESSABLE, NULL,
			"The server answered %ld.", reply->status);
	*plan = found;
	return true;
}
