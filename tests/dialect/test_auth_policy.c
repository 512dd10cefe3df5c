/*
 * Invariants of the dialects' policies for credentials, and of the names that nginx's generator
 * uses.
 */
#include <ctype.h>

#include "dialect/dialect.h"
#include "lib/check.h"

/* nginx/generate.c writes prefixes into regular expressions, and names into variables. */
static void nginx_needs_no_escapes(void **state)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		const struct credential_source *sources = dialects[i]->auth->sources;

		assert_int_equal(strspn(dialects[i]->name, safe), strlen(dialects[i]->name));
		for (const char *const *prefix = dialects[i]->prefixes; *prefix; prefix++) {
			for (const char *c = *prefix; *c; c++)
				assert_true(*c == '/' || strchr(safe, *c));
		}
		for (size_t j = 0; j < AUTH_SOURCES_MAX && sources[j].kind; j++) {
			for (const char *c = sources[j].name ? sources[j].name : ""; *c; c++)
				assert_non_null(strchr(safe, tolower((unsigned char)*c)));
		}
	}
}

/* nginx/generate.c ends at the first of them. */
static void cached_sources_precede_all_others(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		const struct credential_source *sources = dialects[i]->auth->sources;
		bool ended = false;

		for (size_t j = 0; j < AUTH_SOURCES_MAX; j++) {
			bool is_cached = sources[j].kind == SOURCE_BEARER ||
					 sources[j].kind == SOURCE_HEADER ||
					 sources[j].kind == SOURCE_QUERY;

			assert_false(is_cached && ended);
			ended |= sources[j].kind == SOURCE_FORM ||
				 sources[j].kind == SOURCE_BASIC ||
				 sources[j].kind == SOURCE_UPLYNK_HEADER;
		}
	}
}

/* RFC 9110 §15.5.2: a 401 has a challenge. */
static void refusals_match_their_status(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		const struct auth_policy *policy = dialects[i]->auth;
		const struct auth_refusal *row = policy->refusals;

		assert_true(policy->refusal_status == 401 || policy->refusal_status == 403);
		for (;; row++) {
			assert_int_equal(row->challenge != NULL, policy->refusal_status == 401);
			if (!row->reason)
				break;
		}
		assert_ptr_equal(auth_find_refusal(policy, "another reason"), row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(nginx_needs_no_escapes),
		CHECK(cached_sources_precede_all_others),
		CHECK(refusals_match_their_status),
	};

	return CHECK_RUN(tests);
}
