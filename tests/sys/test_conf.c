#include <stdio.h>
#include <stdlib.h>

#include "lib/check.h"
#include "sys/conf.h"

/* Every number with the ends of its range; the bounds in sys/conf.c must not change unnoticed. */
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
	{ "scrub_days", "0", "365", NULL, "366" },
	{ "journal_days", "1", "3650", "0", "3651" },
	{ "journal_entries", "0", "1000000000", NULL, "1000000001" },
	{ "reserve_mb", "1", "65536", "0", "65537" },
	{ "stuck_seconds", "1", "3600", "0", "3601" },
	{ "drain_seconds", "1", "3600", "0", "3601" },
	{ "signature_seconds", "1", "86400", "0", "86401" },
	{ "uplynk_seconds", "1", "86400", "0", "86401" },
	{ "uplynk_complete", "0", "1", NULL, "2" },
	{ "webhooks", "0", "1", NULL, "2" },
	{ "principal_rate", "0", "1000000", NULL, "1000001" },
	{ "principal_burst", "1", "1000000", "0", "1000001" },
	{ "principal_requests", "1", "65536", "0", "65537" },
	{ "principal_waits", "0", "65536", "-1", "65537" },
	{ "waits", "0", "65536", "-1", "65537" },
	{ "principal_held_mb", "1", "1048576", "0", "1048577" },
	{ "held_mb", "1", "1048576", "0", "1048577" },
	{ "held_responses", "1", "65536", "0", "65537" },
	{ "reader_seconds", "1", "3600", "0", "3601" },
	{ "login_burst", "0", "1000", NULL, "1001" },
	{ "idol_creates_a_day", "0", "1000000000", NULL, "1000000001" },
	{ "idempotency_keys", "0", "1000000000", NULL, "1000000001" },
	{ "idempotency_mb", "0", "1048576", NULL, "1048577" },
	{ "retention.succeeded", "0", "36500d", NULL, "36501d" },
	{ "retention.failed", "0", "36500d", NULL, "36501d" },
	{ "retention.cancelled", "0", "36500d", NULL, "36501d" },
	{ "retention.*.succeeded", "0", "36500d", NULL, "36501d" },
	{ "retention.*.failed", "0", "36500d", NULL, "36501d" },
	{ "retention.*.cancelled", "0", "36500d", NULL, "36501d" },
	{ "tenant_tasks", "0", "1000000000000", NULL, "1000000000001" },
	{ "tenant_mb", "0", "1000000000", NULL, "1000000001" },
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
	{ "timezone", CONF_TEXT_MAX },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct conf defaults(void)
{
	struct conf conf;

	conf_defaults(&conf);
	return conf;
}

/* The options with one dialect, whose name is a star: the names of rows are those of options. */
static const struct option_table *options_of_a_dialect(void)
{
	static const char *const names[] = { "*", NULL };
	static struct option_table table;

	table = conf_options;
	table.variants = names;
	return &table;
}

static void set(struct conf *conf, const char *name, const char *text)
{
	struct err err;

	must(option_set(options_of_a_dialect(), conf, name, text, &err), &err);
}

static void assert_rejected_after(struct conf *conf, const char *name, const char *text)
{
	struct conf before = *conf;
	struct err err;

	assert_fails(option_set(options_of_a_dialect(), conf, name, text, &err), &err, ERR_INVALID);
	assert_string_equal(err.field, name);
	assert_non_null(strstr(err.text, name));
	assert_memory_equal(conf, &before, sizeof(before));
}

static void assert_rejected(const char *name, const char *text)
{
	struct conf conf = defaults();

	assert_rejected_after(&conf, name, text);
}

/* ---- the rows ---- */

static void numbers_have_bounds(void **state)
{
	struct conf conf = defaults();

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		set(&conf, numbers[i].name, numbers[i].least);
		set(&conf, numbers[i].name, numbers[i].most);
		if (numbers[i].below)
			assert_rejected(numbers[i].name, numbers[i].below);
		assert_rejected(numbers[i].name, numbers[i].above);
	}
}

static void texts_have_a_longest_size(void **state)
{
	struct conf conf = defaults();
	char text[CONF_TEXT_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		memset(text, 'a', sizeof(text));
		text[texts[i].size] = '\0';
		assert_rejected(texts[i].name, text);
		text[texts[i].size - 1] = '\0';
		set(&conf, texts[i].name, text);
	}
	assert_int_equal(strlen(conf.home), CONF_TEXT_MAX - 1);
	assert_int_equal(strlen(conf.control), CONF_SOCKET_MAX - 1);
}

static void log_level_is_one_of_four(void **state)
{
	static const char *const levels[] = { "debug", "info", "warn", "error" };
	struct conf conf = defaults();

	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		set(&conf, "log_level", levels[i]);
		assert_string_equal(conf.log_level, levels[i]);
	}
	assert_rejected("log_level", "");
	assert_rejected("log_level", "Info");
	assert_rejected("log_level", "loud");
}

static void public_url_is_a_scheme_and_a_host(void **state)
{
	static const char *const valid[] = { "", "http://localhost:8443", "https://a.example/tasks",
		"https://[::1]:9" };
	static const char *const invalid[] = { "a.example", "ftp://a.example", "https://",
		"https:///a", "https://a.example/", "https://a b", "https://a.example?b",
		"https://a\"b", "https://a#b", "HTTPS://a.example", "https://\xC3\xA4" };
	struct conf conf = defaults();

	(void)state;
	for (size_t i = 0; i < COUNT(valid); i++) {
		set(&conf, "public_url", valid[i]);
		assert_string_equal(conf.public_url, valid[i]);
	}
	for (size_t i = 0; i < COUNT(invalid); i++)
		assert_rejected("public_url", invalid[i]);
}

static void monitor_is_an_address_or_a_path(void **state)
{
	static const char *const valid[] = { "", "127.0.0.1:9464", "[::1]:1", "0.0.0.0:65535",
		"/run/monitor.sock" };
	static const char *const invalid[] = { "9464", "localhost:9464", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:9464 ", "127.0.0.1:+1",
		"127.1:9464", "::1:9464", "[::1]", "[::1:9464", "[]:1", ":9464", "[127.0.0.1]:1",
		"a.sock", "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:9464" };
	struct conf conf = defaults();

	(void)state;
	for (size_t i = 0; i < COUNT(valid); i++) {
		set(&conf, "monitor", valid[i]);
		assert_string_equal(conf.monitor, valid[i]);
	}
	for (size_t i = 0; i < COUNT(invalid); i++)
		assert_rejected("monitor", invalid[i]);
}

/* dialect/policy_conf.h has the rule of a policy; here without it. */
static void policies_are_limited(void **state)
{
	struct conf conf = defaults();
	char text[CONF_TEXT_MAX];

	(void)state;
	for (int i = 0; i < 256; i++)
		set(&conf, "policy", "all attempts=1");
	assert_int_equal(strlen(conf.policies), 256 * strlen("all attempts=1\n"));
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_rejected_after(&conf, "policy", "all attempts=1");
	set(&conf, "policy", "");
	assert_string_equal(conf.policies, "");
	for (size_t i = 0; i < CONF_POLICIES_SIZE / sizeof(text) - 1; i++)
		set(&conf, "policy", text);
	assert_rejected_after(&conf, "policy", text);
}

static void networks_of_receivers_are_read(void **state)
{
	static const char *const wrong[] = { "10.0.0.0/33", "10.0.0.1/8", "localhost", "*",
		"10.0.0.0/8,127.0.0.0/8", "fd00::/129" };
	struct conf conf;

	(void)state;
	conf_defaults(&conf);
	assert_string_equal(conf.webhook_networks, "");
	set(&conf, "webhook_networks", "10.0.0.0/8");
	set(&conf, "webhook_networks", "fd00::/8");
	assert_string_equal(conf.webhook_networks, "10.0.0.0/8\nfd00::/8\n");
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_rejected_after(&conf, "webhook_networks", wrong[i]);
}

static bool is_tested(const char *name)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		if (strcmp(numbers[i].name, name) == 0)
			return true;
	}
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (strcmp(texts[i].name, name) == 0)
			return true;
	}
	return strcmp(name, "log_level") == 0 || strcmp(name, "store") == 0 ||
	       strcmp(name, "public_url") == 0 || strcmp(name, "monitor") == 0 ||
	       strcmp(name, "policy") == 0 || strcmp(name, "webhook_networks") == 0;
}

static void every_option_is_tested(void **state)
{
	(void)state;
	for (size_t i = 0; i < conf_options.count; i++) {
		if (!is_tested(conf_options.rows[i].name))
			fail_msg("%s is not in the tables of this test", conf_options.rows[i].name);
	}
}

/* ---- loading ---- */

static const char *write_file(const char *text)
{
	static char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/polytask.conf", check_temp_dir());
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	return path;
}

static void options_of_a_dialect_need_its_name(void **state)
{
	static const char *const names[] = { "one", "two", NULL };
	struct conf_source source = { .path = write_file("retention.two.failed = 12h\n"),
		.dialects = names };
	struct buf out = BUF_INIT;
	struct conf conf;
	struct err err;

	(void)state;
	must(conf_load(&source, &conf, &err), &err);
	assert_int_equal(conf.retain_failed.of_dialect[1], 12 * 3600);
	assert_true(conf.retain_failed.of_dialect[0] == OPTION_UNSET);
	conf_print(&conf, &out);
	assert_non_null(memmem(out.data, out.len, "\nretention.two.failed = 12h\n", 28));
	assert_non_null(memmem(out.data, out.len, "\nretention.one.failed = \n", 25));
	buf_free(&out);
	source.dialects = NULL;
	assert_fails(conf_load(&source, &conf, &err), &err, ERR_INVALID);
	assert_non_null(strstr(err.text, "line 1: there is no option retention.two.failed"));
}

static void overrides_win_over_the_file(void **state)
{
	struct conf_source source = { .path = write_file("workers = 3\ncache_mb = 64\n") };
	struct conf conf;
	struct err err;

	(void)state;
	assert_true(conf_add_override(&source, "workers=5"));
	assert_true(conf_add_override(&source, "home=/a=b"));
	must(conf_load(&source, &conf, &err), &err);
	assert_int_equal(conf.workers, 5);
	assert_int_equal(conf.cache_mb, 64);
	assert_string_equal(conf.home, "/a=b");
	assert_int_equal(conf.backlog, defaults().backlog);
}

static void overrides_are_limited(void **state)
{
	struct conf_source source = { 0 };

	(void)state;
	for (size_t i = 0; i < CONF_OVERRIDES_MAX; i++)
		assert_true(conf_add_override(&source, "workers=5"));
	assert_false(conf_add_override(&source, "workers=5"));
}

static void a_source_with_an_error_changes_nothing(void **state)
{
	static const struct {
		const char *file, *override, *reason;
	} rows[] = {
		{ "workers = x\n", NULL, "line 1: workers must be a number from 0 to 64" },
		{ "workers = 3\nnothing = 1\n", NULL, "line 2: there is no option nothing" },
		{ "", "workers", "workers is not name=value" },
		{ "", "nothing=1", "there is no option nothing" },
		{ "", "timezone=Europe/Pairs", "this system has no time zone called Europe/Pairs" },
	};
	struct conf conf = defaults(), before = conf;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_source source = { .path = write_file(rows[i].file) };

		if (rows[i].override)
			assert_true(conf_add_override(&source, rows[i].override));
		assert_fails(conf_load(&source, &conf, &err), &err, ERR_INVALID);
		assert_non_null(strstr(err.text, rows[i].reason));
		assert_memory_equal(&conf, &before, sizeof(conf));
	}
}

static void a_reload_keeps_options_that_need_a_restart(void **state)
{
	struct conf_source source = { .path = write_file(
					      "workers = 3\ncache_mb = 64\nhome = /other\n") };
	struct conf conf = defaults();
	struct buf waiting = BUF_INIT;
	struct err err;

	(void)state;
	expect_log("reload");
	must(conf_reload(&conf, &source, &waiting, &err), &err);
	assert_int_equal(conf.workers, 3);
	assert_int_equal(conf.cache_mb, defaults().cache_mb);
	assert_str(buf_str(&waiting), "home, cache_mb");
	buf_free(&waiting);
}

static void a_reload_without_such_changes_does_not_warn(void **state)
{
	struct conf_source source = { .path = write_file("workers = 3\n") };
	struct conf conf = defaults();
	struct buf waiting = BUF_INIT;
	struct err err;

	(void)state;
	must(conf_reload(&conf, &source, &waiting, &err), &err);
	assert_int_equal(conf.workers, 3);
	assert_int_equal(waiting.len, 0);
	buf_free(&waiting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(numbers_have_bounds),
		CHECK(texts_have_a_longest_size),
		CHECK(log_level_is_one_of_four),
		CHECK(public_url_is_a_scheme_and_a_host),
		CHECK(monitor_is_an_address_or_a_path),
		CHECK(policies_are_limited),
		CHECK(networks_of_receivers_are_read),
		CHECK(every_option_is_tested),
		CHECK(options_of_a_dialect_need_its_name),
		CHECK(overrides_win_over_the_file),
		CHECK(overrides_are_limited),
		CHECK(a_source_with_an_error_changes_nothing),
		CHECK(a_reload_keeps_options_that_need_a_restart),
		CHECK(a_reload_without_such_changes_does_not_warn),
	};

	return CHECK_RUN(tests);
}
