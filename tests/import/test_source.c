/* URLs of files and of redirects. Those that libcurl refuses: tests/e2e/test_import_hostile.py. */
#include "import/source.h"
#include "lib/check.h"

static struct source source_of(const char *url)
{
	struct source source;
	struct err err = { 0 };

	must(source_parse(&source, url, &err), &err);
	return source;
}

static void check_url(const struct source *source, const char *expected)
{
	char *url = NULL;

	assert_int_equal(curl_url_get(source->url, CURLUPART_URL, &url, 0), CURLUE_OK);
	assert_string_equal(url, expected);
	curl_free(url);
}

static void only_http_is_accepted(void **state)
{
	static const char *const refused[] = {
		"ftp://host/a",
		"file:///etc/passwd",
		"HTTPX://host/",
		"host/a",
		"//host/a",
		"/a",
		"",
		"http://",
		"http://host:65536/",
		"http://ho st/",
		"http://host/\n",
		"http://[::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct source source;
		struct err err = { 0 };

		if (source_parse(&source, refused[i], &err))
			fail_msg("accepted: %s", refused[i]);
		assert_err(&err, ERR_UNPROCESSABLE);
	}
	for (int i = 0; i < 2; i++) {
		struct source source = source_of(
			i ? "HTTP://user:pw@Host/a" : "https://host/a b?c d");

		assert_string_equal(source.name, i ? "Host" : "host");
		source_free(&source);
	}
}

static void redirects_are_relative_to_their_source(void **state)
{
	static const struct {
		const char *from, *location, *url; /* NULL: refused */
	} cases[] = {
		{ "http://a/b/c", "d", "http://a/b/d" },
		{ "http://a/b/c", "/d", "http://a/d" },
		{ "http://a/b/c", "?q", "http://a/b/c?q" },
		{ "http://a/b", "https://c/d", "https://c/d" },
		{ "https://a/b", "//c/d", "https://c/d" },
		{ "https://a/b", "http://a/b", NULL },
		{ "https://a/b", "HTTP://a/b", NULL },
		{ "https://a/b", "ftp://a/b", NULL },
		{ "http://a/b", "file:///etc/passwd", NULL },
		{ "http://a/b", "http://", NULL },
		{ "http://a/b", "http://c:99999/", NULL },
		/* A name and a password stay with their scheme, host and port. */
		{ "http://u:p@a/b", "/c", "http://u:p@a/c" },
		{ "http://u:p@a/b", "http://a/c", "http://u:p@a/c" },
		{ "http://u:p@a/b", "http://a:80/c", "http://u:p@a:80/c" },
		{ "http://u:p@a/b", "http://a:81/c", "http://a:81/c" },
		{ "http://u:p@a/b", "http://c/b", "http://c/b" },
		{ "http://u:p@a/b", "//c/b", "http://c/b" },
		{ "http://u:p@a/b", "https://a/b", "https://a/b" },
		{ "http://a/b", "http://u:p@c/b", NULL },
		{ "http://u:p@a/b", "http://u:p@c/b", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct source from = source_of(cases[i].from), next;
		struct err err = { 0 };

		if (cases[i].url) {
			must(source_follow(&next, &from, cases[i].location, &err), &err);
			check_url(&next, cases[i].url);
			assert_true(next.is_redirected);
			source_free(&next);
		} else {
			assert_fails(source_follow(&next, &from, cases[i].location, &err), &err,
				ERR_UNPROCESSABLE);
		}
		source_free(&from);
	}
}

static void names_are_those_of_the_last_segment(void **state)
{
	static const struct {
		const char *url, *name;
	} cases[] = {
		{ "http://a/b/c.wav", "c.wav" },
		{ "http://a/b/c.wav?d=/e#f/g", "c.wav" },
		{ "http://a/c%20d", "c d" },
		{ "http://a/b%2fc", "b/c" },
		{ "http://a/b/", "" },
		{ "http://a", "" },
		{ "http://a/%zz", "%zz" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct source source = source_of(cases[i].url);
		struct buf name = BUF_INIT;
		struct err err = { 0 };

		must(source_file_name(&source, &name, &err), &err);
		assert_str(buf_str(&name), cases[i].name);
		buf_free(&name);
		source_free(&source);
	}
}

static void targets_have_no_secrets(void **state)
{
	struct source source = source_of("https://u:p@Host/a/b?signature=x#y");
	struct buf target = BUF_INIT;
	struct err err = { 0 };

	(void)state;
	must(source_target(&source, &target, &err), &err);
	assert_str(buf_str(&target), "https\nHost\n443\n/a/b\n");
	buf_free(&target);
	source_free(&source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(only_http_is_accepted),
		CHECK(redirects_are_relative_to_their_source),
		CHECK(names_are_those_of_the_last_segment),
		CHECK(targets_have_no_secrets),
	};

	return CHECK_RUN(tests);
}
