#include "import/source.h"

#include <limits.h>
#include <stdio.h>

/* So that other schemes can be told from other faults. */
#define PARSE_FLAGS (CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME)

static bool refuse(struct err *err, const char *text)
{
	return err_set(err, ERR_UNPROCESSABLE, NULL, "%s", text);
}

/* NULL: the part is absent. Free with curl_free. */
static char *part_of(CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL;

	return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool part_is(CURLU *url, CURLUPart part, const char *expected)
{
	char *text = part_of(url, part, 0);
	bool same = text && strcasecmp(text, expected) == 0;

	curl_free(text);
	return same;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *text = part_of(b, part, CURLU_DEFAULT_PORT);
	char *other = part_of(a, part, CURLU_DEFAULT_PORT);
	bool same = text && other && strcasecmp(text, other) == 0;

	curl_free(text);
	curl_free(other);
	return same;
}

static bool same_origin(CURLU *a, CURLU *b)
{
	return same_part(a, b, CURLUPART_SCHEME) && same_part(a, b, CURLUPART_HOST) &&
	       same_part(a, b, CURLUPART_PORT);
}

static bool has_user(CURLU *url)
{
	char *user = part_of(url, CURLUPART_USER, 0);
	char *password = part_of(url, CURLUPART_PASSWORD, 0);
	bool has = user || password;

	curl_free(user);
	curl_free(password);
	return has;
}

static bool check_scheme(CURLU *url, struct err *err)
{
	return part_is(url, CURLUPART_SCHEME, "https") || part_is(url, CURLUPART_SCHEME, "http") ||
	       refuse(err, "The url is neither http nor https.");
}

static void set_name(struct source *source)
{
	char *host = part_of(source->url, CURLUPART_HOST, 0);

	snprintf(source->name, sizeof(source->name), "%s", host ? host : "");
	curl_free(host);
}

bool source_parse(struct source *source, const char *url, struct err *err)
{
	struct source found = { .url = curl_url() };
	CURLUcode code;

	if (!found.url)
		return err_no_memory(err);
	code = curl_url_set(found.url, CURLUPART_URL, url, PARSE_FLAGS);
	if (code == CURLUE_OUT_OF_MEMORY)
		err_no_memory(err);
	else if (code == CURLUE_BAD_SCHEME)
		refuse(err, "The url is neither http nor https.");
	else if (code != CURLUE_OK)
		refuse(err, "The url is not valid.");
	if (code != CURLUE_OK || !check_scheme(found.url, err)) {
		source_free(&found);
		return false;
	}
	set_name(&found);
	*source = found;
	return true;
}

static bool copy_part(CURLU *to, CURLU *from, CURLUPart part)
{
	char *text = part_of(from, part, 0);
	bool ok = !text || curl_url_set(to, part, text, 0) == CURLUE_OK;

	curl_free(text);
	return ok;
}

/* The name and password of the same origin; an error if another one has some. */
static bool keep_user(CURLU *next, CURLU *from, struct err *err)
{
	if (!same_origin(next, from))
		return !has_user(next) ||
		       refuse(err, "A redirect to another host with a password is not allowed.");
	return has_user(next) ||
	       (copy_part(next, from, CURLUPART_USER) &&
		       copy_part(next, from, CURLUPART_PASSWORD)) ||
	       err_no_memory(err);
}

static bool check_redirect(CURLU *next, CURLU *from, struct err *err)
{
	if (!part_is(next, CURLUPART_SCHEME, "https") && !part_is(next, CURLUPART_SCHEME, "http"))
		return refuse(err, "A redirect to anything but http and https is not allowed.");
	if (part_is(from, CURLUPART_SCHEME, "https") && !part_is(next, CURLUPART_SCHEME, "https"))
		return refuse(err, "A redirect from https to http is not allowed.");
	return keep_user(next, from, err);
}

bool source_follow(
	struct source *next, const struct source *from, const char *location, struct err *err)
{
	struct source found = { .url = curl_url_dup(from->url), .is_redirected = true };
	CURLUcode code;
	bool ok;

	if (!found.url)
		return err_no_memory(err);
	code = curl_url_set(found.url, CURLUPART_URL, location, PARSE_FLAGS);
	if (code == CURLUE_OK)
		ok = check_redirect(found.url, from->url, err);
	else
		ok = code == CURLUE_OUT_OF_MEMORY
			     ? err_no_memory(err)
			     : refuse(err, "The server redirects to a URL that is not valid.");
	if (!ok) {
		source_free(&found);
		return false;
	}
	snprintf(found.name, sizeof(found.name), "the target of a redirect");
	*next = found;
	return true;
}

bool source_file_name(const struct source *source, struct buf *name, struct err *err)
{
	char *path = part_of(source->url, CURLUPART_PATH, 0);
	char *slash = path ? strrchr(path, '/') : NULL, *decoded = NULL;
	int len = 0;
	bool ok = false;

	if (!slash || strlen(slash) > INT_MAX)
		goto out;
	decoded = curl_easy_unescape(NULL, slash + 1, (int)strlen(slash + 1), &len);
	if (!decoded)
		goto out;
	buf_put(name, decoded, (size_t)len);
	ok = buf_ok(name);
out:
	curl_free(decoded);
	curl_free(path);
	return ok || err_no_memory(err);
}

bool source_target(const struct source *source, struct buf *target, struct err *err)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT,
		CURLUPART_PATH };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *text = part_of(source->url, parts[i], CURLU_DEFAULT_PORT);

		if (!text)
			return err_no_memory(err);
		/* No part has a line feed. */
		buf_puts(target, text);
		buf_putc(target, '\n');
		curl_free(text);
	}
	return buf_ok(target) || err_no_memory(err);
}

void source_free(struct source *source)
{
	curl_url_cleanup(source->url);
	*source = (struct source){ 0 };
}
