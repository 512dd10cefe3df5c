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
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

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

static size_t count_sources(const struct auth_policy *policy, enum credential_source_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < AUTH_SOURCES_MAX; i++)
		count += policy->sources[i].kind == kind;
	return count;
}

/* The key of nginx's cache has one token of each kind. */
static void sources_of_tokens_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		assert_int_equal(count_sources(dialects[i]->auth, SOURCE_BEARER), 1);
		assert_in_range(count_sources(dialects[i]->auth, SOURCE_HEADER), 0, 1);
		assert_in_range(count_sources(dialects[i]->auth, SOURCE_QUERY), 0, 1);
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
		CHECK(sources_of_tokens_are_unique),
		CHECK(refusals_match_their_status),
	};

	return CHECK_RUN(tests);
}
