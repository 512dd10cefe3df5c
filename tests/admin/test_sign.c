/* The header fields of signed requests. */
#include "admin/sign.h"
#include "lib/check.h"

/* The examples of src/dialect/virtshell/README.md. */
static void signatures_of_the_examples_match(void **state)
{
	struct sign sign = { .user = "u",
		.secret = "0123456789abcdef0123456789abcdef",
		.method = "GET",
		.url = "http://localhost:8080/api/virtshell/v1/tasks/?x=1#y",
		.date = "Fri, 01 Jul 2011 19:37:58 +0000" };
	struct buf out = BUF_INIT;
	struct err err = { 0 };

	(void)state;
	must(sign_headers(&sign, 0, &out, &err), &err);
	assert_str(buf_str(&out), "Date: Fri, 01 Jul 2011 19:37:58 +0000\n"
				  "X-VirtShell-Authorization: u:T+TwZlD+qtxigiFzwOkg7qyUl24=\n");
	buf_reset(&out);
	sign.method = "PUT";
	sign.url = "http://localhost:8080/api/virtshell/v1/tasks/"
		   "a62ad146-ccf4-11e5-9956-625662870761";
	sign.content_type = "application/json";
	sign.data = "{\"status\": \"sucess\", \"log\": \"done\"}";
	must(sign_headers(&sign, 0, &out, &err), &err);
	assert_str(buf_str(&out),
		"Date: Fri, 01 Jul 2011 19:37:58 +0000\n"
		"Content-Type: application/json\nContent-MD5: 7M0A4OBKUxRxxXC9BjjOgA==\n"
		"X-VirtShell-Authorization: u:x81yYTpprLzjXp/M5zTxaYTwhUg=\n");
	buf_free(&out);
}

static void date_defaults_to_now(void **state)
{
	const struct sign sign = { .user = "u", .secret = "s", .method = "GET", .url = "http://h" };
	struct buf out = BUF_INIT;
	struct err err = { 0 };

	(void)state;
	must(sign_headers(&sign, 1309549078000, &out, &err), &err);
	assert_int_equal(strncmp(out.data, "Date: Fri, 01 Jul 2011 19:37:58 +0000\n", 38), 0);
	buf_free(&out);
}

static void secret_is_required(void **state)
{
	struct sign sign = { .user = "u", .method = "GET", .url = "http://h" };
	struct buf out = BUF_INIT;
	struct err err = { 0 };

	(void)state;
	assert_fails(sign_headers(&sign, 0, &out, &err), &err, ERR_MISSING);
	sign.secret = "";
	assert_fails(sign_headers(&sign, 0, &out, &err), &err, ERR_MISSING);
	buf_free(&out);
}

static void urls_are_split_into_host_and_path(void **state)
{
	static const struct {
		const char *url, *host, *path;
	} rows[] = {
		{ "https://localhost:8443/a%2Fb?q", "localhost:8443", "/a%2Fb" },
		{ "https://localhost:443/", "localhost", "/" },
		{ "http://localhost:443/", "localhost:443", "/" },
		{ "http://localhost:80", "localhost", "/" },
		{ "http://[::1]:8080?q", "[::1]:8080", "/" },
		{ "ftp://localhost/", NULL, NULL },
		{ "localhost/", NULL, NULL },
		{ "http:///x", NULL, NULL },
		{ "http://user@localhost/", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str host, path;
		struct err err = { 0 };
		bool ok = sign_split_url(rows[i].url, &host, &path, &err);

		assert_int_equal(ok, rows[i].host != NULL);
		if (ok) {
			assert_str(host, rows[i].host);
			assert_str(path, rows[i].path);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(signatures_of_the_examples_match),
		CHECK(date_defaults_to_now),
		CHECK(secret_is_required),
		CHECK(urls_are_split_into_host_and_path),
	};

	return CHECK_RUN(tests);
}
