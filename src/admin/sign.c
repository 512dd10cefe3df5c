#include "admin/sign.h"

#include "auth/signature.h"
#include "base/date.h"
#include "http/content_md5.h"

#define FORM "application/x-www-form-urlencoded"

static const struct {
	struct str scheme, port;
} schemes[] = {
	{ { "https://", 8 }, { ":443", 4 } },
	{ { "http://", 7 }, { ":80", 3 } },
};

static bool ends_with(struct str s, struct str end)
{
	return s.len >= end.len && str_eq(str_skip(s, s.len - end.len), end);
}

bool sign_split_url(const char *url, struct str *host, struct str *path, struct err *err)
{
	struct str rest = str_cstr(url), found = STR_NULL;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (!str_starts(rest, schemes[i].scheme))
			continue;
		found = str_skip(rest, schemes[i].scheme.len);
		found.len = strcspn(found.ptr, "/?#");
		rest = str_cstr(found.ptr + found.len);
		if (ends_with(found, schemes[i].port))
			found.len -= schemes[i].port.len;
		break;
	}
	if (found.len == 0 || memchr(found.ptr, '@', found.len))
		return err_set(err, ERR_INVALID, "URL", "'%s' is not an http or https URL", url);
	rest.len = strcspn(rest.ptr, "?#");
	*host = found;
	*path = rest.len ? rest : STR("/");
	return true;
}

static bool has_body(const struct sign *sign)
{
	return sign->data || strcmp(sign->method, "POST") == 0 || strcmp(sign->method, "PUT") == 0;
}

static const char *value_or(const char *text, const char *fallback)
{
	return text ? text : fallback;
}

bool sign_headers(const struct sign *sign, int64_t now, struct buf *out, struct err *err)
{
	char date[64], md5[CONTENT_MD5_SIZE] = "", text[SIGNATURE_TEXT_MAX];
	struct signed_request request = { .method = str_cstr(sign->method) };

	if (!sign->user || !sign->secret || !*sign->secret)
		return err_set(err, ERR_MISSING, "user",
			"no key given: use --user, and --secret - or the variable VIRTSHELL_KEY");
	if (!sign_split_url(sign->url, &request.host, &request.resource, err))
		return false;
	if (sign->data && !content_md5(str_cstr(sign->data), md5))
		return err_set(err, ERR_INTERNAL, NULL, "the digest cannot be computed");
	date_format(date, sizeof(date), now, "%a, %d %b %Y %H:%M:%S +0000");
	request.date = str_cstr(value_or(sign->date, date));
	request.content_md5 = str_cstr(value_or(sign->content_md5, md5));
	request.content_type = str_cstr(value_or(sign->content_type, has_body(sign) ? FORM : ""));
	if (!signature_make(&request, str_cstr(sign->secret), text))
		return err_set(err, ERR_INTERNAL, NULL, "the signature cannot be computed");
	buf_printf(out, "Date: %.*s\n", STR_ARGS(request.date));
	if (sign->content_type)
		buf_printf(out, "Content-Type: %s\n", sign->content_type);
	if (request.content_md5.len > 0)
		buf_printf(out, "Content-MD5: %.*s\n", STR_ARGS(request.content_md5));
	buf_printf(out, "X-VirtShell-Authorization: %s:%s\n", sign->user, text);
	return buf_ok(out) || err_no_memory(err);
}
