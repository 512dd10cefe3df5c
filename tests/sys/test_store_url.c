/* The URL of a shared store: secrets are refused, and which sockets lead to its servers. */
#include "lib/check.h"
#include "sys/conf.h"
#include "sys/store_url.h"

static void sockets_follow_from_the_servers(void **state)
{
	static const struct {
		const char *text;
		bool local, hosts;
	} rows[] = {
		{ "postgresql://", true, false },
		{ "postgresql:///polytask", true, false },
		{ "postgres:///polytask", true, false },
		{ "postgresql://polytask@/polytask", true, false },
		{ "postgresql://db.example", false, true },
		{ "postgresql://db.example/polytask", false, true },
		{ "postgresql://polytask@db.example:5433/polytask?sslmode=verify-full", false,
			true },
		{ "postgresql://db1.example:5432,db2.example:5432/polytask", false, true },
		{ "postgresql://[2001:db8::1]:5432/polytask", false, true },
		{ "postgresql://[2001:db8::1],[2001:db8::2]/polytask", false, true },
		{ "postgresql://192.0.2.1/polytask", false, true },
		{ "postgresql://%2Fvar%2Frun%2Fpostgresql/polytask", true, false },
		{ "postgresql://%2fvar%2frun/polytask", true, false },
		{ "postgresql://%40abstract/polytask", true, false },
		{ "postgresql:///polytask?host=/var/run/postgresql", true, false },
		{ "postgresql:///polytask?host=%2Ftmp&sslmode=disable", true, false },
		{ "postgresql:///polytask?sslmode=disable&host=db.example", false, true },
		{ "postgresql:///polytask?host=db.example,/tmp", true, true },
		{ "postgresql:///polytask?hostaddr=192.0.2.1", false, true },
		{ "postgresql://,db.example/polytask", true, true },
		{ "postgresql://db.example,/polytask", true, true },
		{ "postgresql://?host=db.example", false, true },
		/* The file of services says where they are. */
		{ "postgresql://?service=polytask", true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_url url = { 0 };

		if (!store_url_parse(&url, rows[i].text))
			fail_msg("%s is refused", rows[i].text);
		if (url.local != rows[i].local || url.hosts != rows[i].hosts)
			fail_msg("%s: local %d, hosts %d", rows[i].text, url.local, url.hosts);
	}
}

static void secrets_and_other_texts_are_refused(void **state)
{
	static const char *const texts[] = {
		"polytask",
		"/var/lib/polytask",
		"host=db.example dbname=polytask",
		"https://db.example/polytask",
		"postgresql:/db.example",
		"POSTGRESQL://db.example",
		"postgresql://user:secret@db.example/polytask",
		"postgresql://user:@db.example/polytask",
		"postgresql://:secret@db.example/polytask",
		"postgresql://db.example/polytask?password=secret",
		"postgresql://db.example/polytask?sslmode=require&password=secret",
		"postgresql://db.example/polytask?sslpassword=secret",
		"postgresql://db.example/polytask?pass%77ord=secret",
		"postgresql://db.example/polytask?sslmode",
		/* libpq takes all before the sign for the user. */
		"postgresql://db.example?application_name=a:secret@b",
		"postgresql://db.example/poly task",
		"postgresql://db.example/poly\"task",
		"postgresql://db.example/poly'task",
		"postgresql://db.example/poly\\task",
		"postgresql://db.example/poly\ntask",
		"postgresql://db.example/\xC3\xA4",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct store_url url = { 0 };

		if (store_url_parse(&url, texts[i]))
			fail_msg("%s is accepted", texts[i]);
		assert_false(url.local || url.hosts);
		assert_false(store_url_is_option(texts[i]));
	}
	assert_true(store_url_is_option(""));
	assert_true(store_url_is_option("postgresql:///polytask"));
}

static void option_has_the_rule(void **state)
{
	static const char *const wrong[] = { "/var/lib/polytask",
		"postgresql://polytask:secret@db1.example/polytask" };
	struct conf conf;
	struct err err;

	(void)state;
	conf_defaults(&conf);
	assert_false(conf_is_shared(&conf));
	must(option_set(&conf_options, &conf, "store", "postgresql:///polytask", &err), &err);
	assert_true(conf_is_shared(&conf));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_fails(option_set(&conf_options, &conf, "store", wrong[i], &err), &err,
			ERR_INVALID);
		assert_string_equal(err.field, "store");
		/* A log may have the message. */
		assert_null(strstr(err.text, "secret"));
		assert_string_equal(conf.store, "postgresql:///polytask");
	}
	must(option_set(&conf_options, &conf, "store", "", &err), &err);
	assert_false(conf_is_shared(&conf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(sockets_follow_from_the_servers),
		CHECK(secrets_and_other_texts_are_refused),
		CHECK(option_has_the_rule),
	};

	return CHECK_RUN(tests);
}
