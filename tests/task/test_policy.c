/* Policies: their texts, and which of several counts (task/policy.h). */
#include <stdio.h>

#include "lib/check.h"
#include "task/policy.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- the configuration's form ---- */

static const struct {
	const char *text, *error;
} options[] = {
	{ "", "a policy needs a member such as attempts=3" },
	{ " ", "a policy needs a member such as attempts=3" },
	{ "attempts", "attempts must be an integer from 0 to 2147483647" },
	{ "attempts=", "attempts must be an integer from 0 to 2147483647" },
	{ "attempts=-1", "attempts must be an integer from 0 to 2147483647" },
	{ "attempts=2147483648", "attempts must be an integer from 0 to 2147483647" },
	{ "attempts=18446744073709551615", "attempts must be an integer from 0 to 2147483647" },
	{ "attempts=1 attempts=2", "attempts is given twice" },
	{ "attempt=1", "a policy has no member attempt" },
	{ "=1", "a policy has no member " },
	{ "attempts =1", "attempts must be an integer from 0 to 2147483647" },
	{ "retry_jitter=101", "retry_jitter must be an integer from 0 to 100" },
	{ "retry_jitter=5s", "retry_jitter must be an integer from 0 to 100" },
	{ "retry_first=5",
		"retry_first must be a duration such as 30s (units s, m, h, d) from 0 to 30d" },
	{ "retry_first=31d",
		"retry_first must be a duration such as 30s (units s, m, h, d) from 0 to 30d" },
	{ "retry_most=0.5s",
		"retry_most must be a duration such as 30s (units s, m, h, d) from 0 to 30d" },
	{ "start_timeout=366d", "start_timeout must be a duration such as 30s (units s, m, h, d) "
				"from 1s to 365d, or 0 for none" },
	{ "heartbeat_timeout=86401s", "heartbeat_timeout must be a duration such as 30s "
				      "(units s, m, h, d) from 1s to 1d, or 0 for none" },
	{ "total_timeout=99999999999999999999999999d",
		"total_timeout must be a duration such as 30s (units s, m, h, d) from 1s to 365d, "
		"or 0 for none" },
};

static void wrong_options_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		struct policy policy = policy_default;
		struct err err = { 0 };

		assert_fails(policy_parse_options(&policy, str_cstr(options[i].text), &err), &err,
			ERR_INVALID);
		assert_string_equal(err.text, options[i].error);
		assert_string_equal(err.field, "");
		assert_memory_equal(&policy, &policy_default, sizeof(policy));
	}
}

static void options_set_their_members(void **state)
{
	struct policy policy;
	struct err err = { 0 };

	(void)state;
	must(policy_parse_options(
		     &policy, STR("  attempts=0  retry_first=0 total_timeout=365d "), &err),
		&err);
	assert_int_equal(policy.set,
		1 << POLICY_ATTEMPTS | 1 << POLICY_RETRY_FIRST | 1 << POLICY_TOTAL_TIMEOUT);
	assert_int_equal(policy.values[POLICY_TOTAL_TIMEOUT], INT64_C(365) * 86400000);
	must(policy_parse_options(&policy,
		     STR("attempts=2147483647 retry_first=1s retry_most=30d retry_jitter=100 "
			 "start_timeout=1s heartbeat_timeout=1d attempt_timeout=0 "
			 "total_timeout=2h"),
		     &err),
		&err);
	assert_int_equal(policy.set, policy_default.set);
	assert_int_equal(policy.values[POLICY_ATTEMPTS], INT32_MAX);
	assert_int_equal(policy.values[POLICY_RETRY_FIRST], 1000);
	assert_int_equal(policy.values[POLICY_RETRY_MOST], DELAY_MS_MAX);
	assert_int_equal(policy.values[POLICY_HEARTBEAT_TIMEOUT], LEASE_MS_MAX);
}

/* ---- JSON ---- */

static const char *const same[] = {
	"{\"retry_first_seconds\":0}",
	"{\"retry_first_seconds\":0.5,\"retry_most_seconds\":2592000,\"retry_jitter_percent\":100}",
	"{\"start_timeout_seconds\":1.001,\"heartbeat_timeout_seconds\":86400,"
	"\"attempt_timeout_seconds\":0,\"total_timeout_seconds\":31536000}",
};

static const struct {
	const char *text, *canonical; /* NULL: refused */
} texts[] = {
	{ "{}", "" },
	{ "{\"total_timeout_seconds\":5.0,\"retry_first_seconds\":1.500}",
		"{\"retry_first_seconds\":1.5,\"total_timeout_seconds\":5}" },
	{ "{\"retry_jitter_percent\":20.0}", "{\"retry_jitter_percent\":20}" },
	{ "{\"retry_first_seconds\":1.0009}", "{\"retry_first_seconds\":1}" },
	{ "", NULL },
	{ "null", NULL },
	{ "[]", NULL },
	{ "{", NULL },
	{ "{}x", NULL },
	{ "{\"attempts\":3}", NULL },
	{ "{\"retry_first_seconds\"}", NULL },
	{ "{\"retry_first_seconds\":}", NULL },
	{ "{\"retry_first_seconds\":1,}", NULL },
	{ "{\"retry_first_seconds\":1", NULL },
	{ "{\"retry_first_seconds\":1.}", NULL },
	{ "{\"retry_first_seconds\":.5}", NULL },
	{ "{\"retry_first_seconds\":-1}", NULL },
	{ "{\"retry_first_seconds\":1e1}", NULL },
	{ "{\"retry_first_seconds\":\"1\"}", NULL },
	{ "{\"retry_first_seconds\":1,\"retry_first_seconds\":2}", NULL },
	{ "{\"retry_first_seconds\":9999999999999999999999}", NULL },
	{ "{\"retry_first_seconds\":2592001}", NULL },
	{ "{\"retry_jitter_percent\":20.5}", NULL },
	{ "{\"retry_jitter_percent\":101}", NULL },
	{ "{\"start_timeout_seconds\":0.5}", NULL },
	{ "{\"heartbeat_timeout_seconds\":86401}", NULL },
};

static void check_text(const char *text, const char *canonical)
{
	struct policy policy = policy_default;
	struct buf out = BUF_INIT;

	if (!canonical) {
		assert_false(policy_parse_json(&policy, str_cstr(text)));
		assert_memory_equal(&policy, &policy_default, sizeof(policy));
		return;
	}
	assert_true(policy_parse_json(&policy, str_cstr(text)));
	policy_put_json(&policy, &out);
	assert_str(buf_str(&out), canonical);
	buf_free(&out);
}

static void json_is_read_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(same); i++)
		check_text(same[i], same[i]);
	for (size_t i = 0; i < COUNT(texts); i++)
		check_text(texts[i].text, texts[i].canonical);
}

/* Every beginning of a text, and every one with a byte changed. */
static void damaged_json_is_refused_or_within_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		size_t len = strlen(same[i]);

		for (size_t at = 0; at < len; at++) {
			char copy[200];
			struct policy policy = { 0 };

			assert_false(policy_parse_json(&policy, (struct str){ same[i], at }));
			memcpy(copy, same[i], len);
			copy[at] ^= 1;
			if (!policy_parse_json(&policy, (struct str){ copy, len }))
				continue;
			for (int k = 0; k < POLICY_MEMBERS; k++)
				assert_true(!(policy.set & 1U << k) ||
					    policy_allows((enum policy_member)k, policy.values[k]));
		}
	}
}

/* ---- which one counts ---- */

static void add(struct policies *policies, uint8_t dialect, const char *kind, const char *text)
{
	struct str name = str_cstr(kind);
	struct policy policy;
	struct err err = { 0 };

	must(policy_parse_options(&policy, str_cstr(text), &err), &err);
	assert_true(policies_add(policies, dialect, kind ? &name : NULL, &policy));
}

static void the_most_specific_policy_counts_for_each_member(void **state)
{
	static struct policies policies;
	static const struct {
		uint8_t dialect;
		const char *kind;
		int64_t attempts, first, start;
	} rows[] = {
		{ 1, "a", 4, 3000, 60000 },
		{ 1, "b", 3, 3000, 60000 },
		{ 1, "", 3, 3000, 1000 },
		{ 2, "a", 2, 2000, 60000 },
		{ 3, "a", 2, 1000, 60000 },
	};

	(void)state;
	assert_memory_equal(&(struct policy[]){ policies_find(&policies, 1, STR("a")) },
		&policy_default, sizeof(policy_default));
	add(&policies, 1, "a", "attempts=4");
	add(&policies, 0, NULL, "attempts=2 start_timeout=1m");
	add(&policies, 1, NULL, "attempts=9 retry_first=3s");
	add(&policies, 1, NULL, "attempts=3");
	add(&policies, 2, NULL, "retry_first=2s");
	add(&policies, 1, "", "start_timeout=1s");
	assert_int_equal(policies.count, 5);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct policy policy = policies_find(
			&policies, rows[i].dialect, str_cstr(rows[i].kind));

		assert_int_equal(policy.set, policy_default.set);
		assert_int_equal(policy.values[POLICY_ATTEMPTS], rows[i].attempts);
		assert_int_equal(policy.values[POLICY_RETRY_FIRST], rows[i].first);
		assert_int_equal(policy.values[POLICY_START_TIMEOUT], rows[i].start);
		assert_int_equal(policy.values[POLICY_RETRY_MOST], 600000);
	}
}

static void policies_are_limited(void **state)
{
	static struct policies policies;
	char kind[8];
	struct str name;

	(void)state;
	for (int i = 0; i < POLICIES_MAX; i++) {
		snprintf(kind, sizeof(kind), "%d", i);
		add(&policies, 1, kind, "attempts=1");
	}
	name = STR("more");
	assert_false(policies_add(&policies, 1, &name, &policy_default));
	add(&policies, 1, kind, "attempts=2");
	assert_int_equal(policies_find(&policies, 1, str_cstr(kind)).values[POLICY_ATTEMPTS], 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(wrong_options_are_refused),
		CHECK(options_set_their_members),
		CHECK(json_is_read_and_written),
		CHECK(damaged_json_is_refused_or_within_bounds),
		CHECK(the_most_specific_policy_counts_for_each_member),
		CHECK(policies_are_limited),
	};

	return CHECK_RUN(tests);
}
