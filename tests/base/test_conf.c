#include <stdio.h>
#include <stdlib.h>

#include "base/conf.h"
#include "lib/check.h"

/* Every number with the ends of its range; the table in conf.c must not move unseen. */
static const struct {
	const char *name;
	const char *least, *most, *below, *above;
} numbers[] = {
	{ "socket_mode", "0", "0777", NULL, "1000" },
	{ "backlog", "1", "65535", "0", "65536" },
	{ "workers", "0", "64", NULL, "65" },
	{ "connections", "16", "65536", "15", "65537" },
	{ "expected_tasks", "1000", "1000000000", "999", "1000000001" },
	{ "cache_mb", "4", "1048576", "3", "1048577" },
	{ "body_limit", "1024", "16777216", "1023", "16777217" },
	{ "checkpoint_mb", "1", "4096", "0", "4097" },
	{ "checkpoint_seconds", "1", "3600", "0", "3601" },
	{ "reserve_mb", "1", "65536", "0", "65537" },
	{ "stuck_seconds", "1", "3600", "0", "3601" },
	{ "drain_seconds", "1", "3600", "0", "3601" },
	{ "signature_seconds", "1", "86400", "0", "86401" },
	{ "uplynk_seconds", "1", "86400", "0", "86401" },
	{ "principal_rate", "0", "1000000", NULL, "1000001" },
	{ "principal_burst", "1", "1000000", "0", "1000001" },
	{ "login_burst", "0", "1000", NULL, "1001" },
	{ "idol_creates_a_day", "0", "1000000000", NULL, "1000000001" },
};

static const struct {
	const char *name;
	size_t size;
} texts[] = {
	{ "home", CONF_TEXT_MAX },
	{ "regions", CONF_TEXT_MAX },
	{ "archive", CONF_TEXT_MAX },
	{ "socket", CONF_SOCKET_MAX },
	{ "control", CONF_SOCKET_MAX },
	{ "user", CONF_TEXT_MAX },
	{ "group", CONF_TEXT_MAX },
	{ "peer_user", CONF_TEXT_MAX },
	{ "zone", CONF_TEXT_MAX },
};

#define TEN "aaaaaaaaaa"
#define LINE_198 \
	"home = /" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void assert_rejected(const char *name, const char *value)
{
	struct conf conf, before;
	struct err err;

	conf_defaults(&conf);
	before = conf;
	if (conf_set(&conf, name, value, &err))
		fail_msg("%s = %s was taken", name, value);
	assert_err(&err, ERR_INVALID);
	assert_string_equal(err.field, name);
	assert_non_null(strstr(err.text, name));
	assert_memory_equal(&conf, &before, sizeof(conf));
}

static void test_number_bounds(void **state)
{
	static const char *const invalid[] = { "", " 1", "1 ", "-1", "+1", "1k", "0x10", "1.0",
		"99999999999999999999999" };
	struct conf conf;
	struct err err;
	(void)state;

	conf_defaults(&conf);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		must(conf_set(&conf, numbers[i].name, numbers[i].least, &err), &err);
		must(conf_set(&conf, numbers[i].name, numbers[i].most, &err), &err);
		if (numbers[i].below)
			assert_rejected(numbers[i].name, numbers[i].below);
		assert_rejected(numbers[i].name, numbers[i].above);
		for (size_t k = 0; k < COUNT(invalid); k++)
			assert_rejected(numbers[i].name, invalid[k]);
	}
	assert_rejected("socket_mode", "0668");
	must(conf_set(&conf, "socket_mode", "660", &err), &err);
	assert_int_equal(conf.socket_mode, 0660);
}

static void test_text_bounds(void **state)
{
	struct conf conf;
	struct err err;
	char value[CONF_TEXT_MAX + 1];
	(void)state;

	conf_defaults(&conf);
	for (size_t i = 0; i < COUNT(texts); i++) {
		memset(value, 'a', sizeof(value));
		value[texts[i].size] = '\0';
		assert_rejected(texts[i].name, value);
		value[texts[i].size - 1] = '\0';
		must(conf_set(&conf, texts[i].name, value, &err), &err);
	}
	assert_int_equal(strlen(conf.home), CONF_TEXT_MAX - 1);
	assert_int_equal(strlen(conf.control), CONF_SOCKET_MAX - 1);
	/* A shorter text leaves nothing of the longer one behind. */
	must(conf_set(&conf, "home", "/x", &err), &err);
	assert_string_equal(conf.home, "/x");
	for (size_t i = 2; i < CONF_TEXT_MAX; i++)
		assert_int_equal(conf.home[i], 0);
}

static void test_log_level(void **state)
{
	static const char *const levels[] = { "debug", "info", "warn", "error" };
	struct conf conf;
	struct err err;
	(void)state;

	conf_defaults(&conf);
	for (size_t i = 0; i < COUNT(levels); i++) {
		must(conf_set(&conf, "log_level", levels[i], &err), &err);
		assert_string_equal(conf.log_level, levels[i]);
	}
	assert_rejected("log_level", "");
	assert_rejected("log_level", "Info");
	assert_rejected("log_level", "loud");
}

static void test_public_url(void **state)
{
	static const char *const right[] = { "", "http://localhost:8443", "https://a.example/tasks",
		"https://[::1]:9" };
	static const char *const wrong[] = { "a.example", "ftp://a.example", "https://",
		"https:///a", "https://a.example/", "https://a b", "https://a.example?b",
		"https://a\"b", "https://a#b", "HTTPS://a.example", "https://\xC3\xA4" };
	struct conf conf;
	struct err err;
	(void)state;

	conf_defaults(&conf);
	for (size_t i = 0; i < COUNT(right); i++) {
		must(conf_set(&conf, "public_url", right[i], &err), &err);
		assert_string_equal(conf.public_url, right[i]);
	}
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_rejected("public_url", wrong[i]);
}

static void test_unknown_option(void **state)
{
	(void)state;
	assert_rejected("wokers", "1");
	assert_rejected("", "1");
	assert_rejected("Workers", "1");
}

/* The tables above name every option: one that is added without a row there is found here. */
static void test_all_options_are_tested(void **state)
{
	struct buf out = BUF_INIT;
	struct conf conf;
	size_t options = 0;
	(void)state;

	conf_defaults(&conf);
	conf_print(&conf, &out);
	for (size_t i = 0; i + 1 < out.len; i++)
		options += out.data[i] == '\n' && out.data[i + 1] != '#' && out.data[i + 1] != '\n';
	assert_int_equal(options, COUNT(numbers) + COUNT(texts) + 2 /* log_level, public_url */);
	buf_free(&out);
}

static const char *write_file(struct str text)
{
	static char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/polytask.conf", check_temp_dir());
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(text.ptr, 1, text.len, out), text.len);
	assert_int_equal(fclose(out), 0);
	return path;
}

static void round_trip(const struct conf *conf)
{
	struct buf out = BUF_INIT;
	struct conf again;
	struct err err;

	conf_print(conf, &out);
	assert_true(buf_ok(&out));
	conf_defaults(&again);
	must(conf_read(&again, write_file(buf_str(&out)), &err), &err);
	assert_memory_equal(&again, conf, sizeof(again));
	buf_free(&out);
}

static void test_print_and_read(void **state)
{
	struct conf conf;
	struct err err;
	(void)state;

	conf_defaults(&conf);
	round_trip(&conf);
	for (size_t i = 0; i < COUNT(numbers); i++)
		must(conf_set(&conf, numbers[i].name, numbers[i].most, &err), &err);
	for (size_t i = 0; i < COUNT(texts); i++)
		must(conf_set(&conf, texts[i].name, i % 2 ? "" : "/some/where with a space", &err),
			&err);
	round_trip(&conf);
	for (size_t i = 0; i < COUNT(numbers); i++)
		must(conf_set(&conf, numbers[i].name, numbers[i].least, &err), &err);
	round_trip(&conf);
}

static void test_files(void **state)
{
	static const struct {
		const char *text;
		const char *said; /* part of the error, NULL: taken */
	} rows[] = {
		{ "", NULL },
		{ "# a comment\n\nworkers = 3\n", NULL },
		{ "workers=3", NULL },
		{ "workers = 3\nhome = /a = b\n", NULL },
		{ "workers = 3\nworkers = x\n", "line 2: workers must be a number from 0 to 64" },
		{ "\nnothing = 3\n", "line 2: there is no option nothing" },
		{ "workers\n", "line 1: not `name = value`" },
		{ "workers = 3\n[store]\nhome = /a\n", "sections are not used" },
		{ "home = /a\n  workers = 3\n", "line 2: a line may not be indented" },
		{ "home = /a\n\tb\n", "line 2: a line may not be indented" },
		{ "home = /a\n  \n\t\nworkers = 3\n", NULL },
		{ LINE_198 "\n", NULL },
		{ LINE_198 "a\n", "line 1: a line may have 198 bytes" },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *path = write_file(str_cstr(rows[i].text));
		struct conf conf, before;
		struct err err;
		bool ok;

		conf_defaults(&conf);
		before = conf;
		ok = conf_read(&conf, path, &err);
		assert_int_equal(ok, !rows[i].said);
		if (ok)
			continue;
		assert_err(&err, ERR_INVALID);
		assert_non_null(strstr(err.text, rows[i].said));
		assert_non_null(strstr(err.text, path));
		assert_memory_equal(&conf, &before, sizeof(conf));
	}
}

static void test_missing_file(void **state)
{
	struct conf conf;
	struct err err;
	(void)state;

	conf_defaults(&conf);
	assert_false(conf_read(&conf, "/nonexistent/polytask.conf", &err));
	assert_err(&err, ERR_INVALID);
	assert_non_null(strstr(err.text, "/nonexistent/polytask.conf"));
}

static void test_restart_changes(void **state)
{
	struct conf before, after;
	struct buf names = BUF_INIT;
	struct err err;
	(void)state;

	conf_defaults(&before);
	after = before;
	must(conf_set(&after, "workers", "7", &err), &err);
	must(conf_set(&after, "log_level", "debug", &err), &err);
	conf_restart_changes(&before, &after, &names);
	assert_int_equal(names.len, 0);
	must(conf_set(&after, "home", "/elsewhere", &err), &err);
	must(conf_set(&after, "cache_mb", "64", &err), &err);
	conf_restart_changes(&before, &after, &names);
	assert_str(buf_str(&names), "home, cache_mb");
	buf_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(test_number_bounds),
		CHECK(test_text_bounds),
		CHECK(test_log_level),
		CHECK(test_public_url),
		CHECK(test_unknown_option),
		CHECK(test_all_options_are_tested),
		CHECK(test_print_and_read),
		CHECK(test_files),
		CHECK(test_missing_file),
		CHECK(test_restart_changes),
	};

	return CHECK_RUN(tests);
}
