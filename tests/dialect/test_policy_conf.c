/* The option policy: scopes, and kinds with any byte (dialect/policy_conf.h). */
#include <stdio.h>

#include "dialect/dialect.h"
#include "dialect/policy_conf.h"
#include "lib/check.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SCOPE_RULE   "the scope must be all, a dialect or DIALECT/KIND, not "
#define KIND_RULE                                                                                 \
	"a kind must have at most 64 bytes without control characters, with %20 for a blank and " \
	"%25 for a percent sign"
#define SIXTY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *text, *error;
} wrong[] = {
	{ "", SCOPE_RULE "" },
	{ "attempts=3", SCOPE_RULE "attempts=3" },
	{ "some attempts=3", SCOPE_RULE "some" },
	{ "ALL attempts=3", SCOPE_RULE "ALL" },
	{ "uplynk_point attempts=3", SCOPE_RULE "uplynk_point" },
	{ "external attempts=3", SCOPE_RULE "external" },
	{ "all/kind attempts=3", SCOPE_RULE "all/kind" },
	{ "/kind attempts=3", SCOPE_RULE "/kind" },
	{ "all", "a policy needs a member such as attempts=3" },
	{ "native retries=3", "a policy has no member retries" },
	{ "native/a% attempts=3", KIND_RULE },
	{ "native/a%2 attempts=3", KIND_RULE },
	{ "native/a%2g attempts=3", KIND_RULE },
	{ "native/a%00 attempts=3", KIND_RULE },
	{ "native/a%0a attempts=3", KIND_RULE },
	{ "native/%ff attempts=3", KIND_RULE },
	{ "native/" SIXTY "12345 attempts=3", KIND_RULE },
};

static void wrong_lines_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct err err = { 0 };

		assert_fails(policy_check_option(wrong[i].text, &err), &err, ERR_INVALID);
		assert_string_equal(err.text, wrong[i].error);
	}
}

/* A line, and a task that it is for. */
static const struct {
	const char *text;
	uint8_t dialect;
	const char *kind;
} right[] = {
	{ "all attempts=3", DIALECT_CODE_idol, "x" },
	{ "uplynk attempts=3", DIALECT_CODE_uplynk, "x" },
	{ "native/ attempts=3", DIALECT_CODE_native, "" },
	{ "native/encode attempts=3", DIALECT_CODE_native, "encode" },
	{ "idol/tracks/hd   attempts=3", DIALECT_CODE_idol, "tracks/hd" },
	{ "native/a%20b%25%2F%c3%A4 attempts=3", DIALECT_CODE_native, "a b%/\xC3\xA4" },
	{ "native/all attempts=3", DIALECT_CODE_native, "all" },
	{ "native/" SIXTY "1234 attempts=3", DIALECT_CODE_native, SIXTY "1234" },
};

static void lines_have_a_scope(void **state)
{
	struct conf conf;

	(void)state;
	for (size_t i = 0; i < COUNT(right); i++) {
		static struct policies policies;
		struct err err = { 0 };
		struct str kind = str_cstr(right[i].kind);

		must(policy_check_option(right[i].text, &err), &err);
		conf_defaults(&conf);
		snprintf(conf.policies, sizeof(conf.policies), "%s\n", right[i].text);
		policies_from_conf(&policies, &conf);
		assert_int_equal(policies.count, 1);
		assert_int_equal(
			policies_find(&policies, right[i].dialect, kind).values[POLICY_ATTEMPTS],
			3);
		assert_int_equal(policies_find(&policies, DIALECT_CODE_fourhse, STR("other"))
					 .values[POLICY_ATTEMPTS],
			i == 0 ? 3 : 20);
	}
}

static void a_file_names_the_line_of_an_error(void **state)
{
	struct conf_source source = { .dialects = dialect_names(),
		.check_policy = policy_check_option };
	struct conf conf;
	struct err err = { 0 };
	char path[256];
	FILE *out;

	(void)state;
	snprintf(path, sizeof(path), "%s/polytask.conf", check_temp_dir());
	source.path = path;
	out = fopen(path, "wb");
	assert_non_null(out);
	fputs("policy = all attempts=3\npolicy = native/a retry_first=1\n", out);
	assert_int_equal(fclose(out), 0);
	assert_fails(conf_load(&source, &conf, &err), &err, ERR_INVALID);
	assert_non_null(strstr(err.text,
		"line 2: policy: retry_first must be a duration such as 30s (units s, m, h, d) "
		"from 0 to 30d"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(wrong_lines_are_refused),
		CHECK(lines_have_a_scope),
		CHECK(a_file_names_the_line_of_an_error),
	};

	return CHECK_RUN(tests);
}
