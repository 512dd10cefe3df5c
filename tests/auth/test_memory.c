/* Failing allocations: each change is atomic, and no restriction of a credential is lost. */
#include "auth/auth_fixture.h"
#include "http/alloc_fault.h"

#define OLD   "the old secret"
#define LIMIT "idol,native"

static const struct credential_terms limited = {
	.user = "ann", .rights = RIGHT_READ, .dialects = LIMIT, .expires = NOW + 100, .created = NOW
};

static void assert_limited(const struct credential_terms *terms)
{
	assert_string_equal(terms->user, "ann");
	assert_string_equal(terms->dialects, LIMIT);
	assert_int_equal(terms->rights, RIGHT_READ);
	assert_true(terms->expires != 0);
}

static bool add(struct key *key)
{
	return key_add(store, "k", OLD, &limited, key, &err);
}

static bool rotate(struct key *key)
{
	return key_rotate(store, "k", "the new secret", 10, NOW + 1, key, &err);
}

static bool revoke(struct key *key)
{
	(void)key;
	return key_revoke(store, "k", NOW + 2, &err);
}

/*
 * Makes the change with the n-th allocation failing, for n = 0, 1, ... until it succeeds. After
 * each attempt the key must be changed if it succeeded and unchanged if not. Returns the attempts
 * made.
 */
static unsigned fault_walk(
	bool (*change)(struct key *key), bool (*is_changed)(const struct key *key))
{
	unsigned n = 0;
	bool done = false;

	for (; !done; n++) {
		struct key ignored, key = { 0 };
		bool failed;

		alloc_fault_begin(ALLOC_FAULT_ONCE, n);
		done = change(&ignored);
		failed = alloc_fault_end();
		assert_true(done || failed);
		if (key_get(store, "k", &key, &err))
			assert_limited(&key.terms);
		assert_int_equal(done, is_changed(&key));
	}
	return n;
}

static bool is_added(const struct key *key)
{
	return strcmp(key->secret, OLD) == 0;
}

static bool is_rotated(const struct key *key)
{
	return strcmp(key->previous_secret, OLD) == 0 && key->previous_expires == NOW + 11;
}

static bool is_revoked(const struct key *key)
{
	return key->terms.revoked == NOW + 2;
}

static void key_changes_are_atomic(void **state)
{
	(void)state;
	assert_true(fault_walk(add, is_added) > 5);
	assert_true(fault_walk(rotate, is_rotated) > 5);
	assert_true(fault_walk(revoke, is_revoked) > 5);
}

/* A failed allocation neither accepts a token nor widens its terms. */
static void token_check_is_all_or_nothing(void **state)
{
	char text[AUTH_TOKEN_MAX];
	struct identity who;
	bool failed = true;

	(void)state;
	must(token_add(store, "limited", &limited, text, &err), &err);
	for (unsigned n = 0; failed; n++) {
		bool known;

		alloc_fault_begin(n % 2 ? ALLOC_FAULT_ONCE : ALLOC_FAULT_FROM_THERE_ON, n / 2);
		known = token_check(store, str_cstr(text), NOW, &who, &err);
		failed = alloc_fault_end();
		if (known)
			assert_string_equal(who.dialects, LIMIT);
		else
			assert_int_not_equal(err.code, ERR_UNAUTHENTICATED);
		assert_true(failed || known);
	}
	must(token_revoke(store, "limited", NOW, &err), &err);
	failed = true;
	for (unsigned n = 0; failed; n++) {
		alloc_fault_begin(n % 2 ? ALLOC_FAULT_ONCE : ALLOC_FAULT_FROM_THERE_ON, n / 2);
		assert_false(token_check(store, str_cstr(text), NOW, &who, &err));
		failed = alloc_fault_end();
	}
	assert_string_equal(err.field, PRINCIPAL_REVOKED);
}

static unsigned skipped;

static void count_skipped_record(enum log_level level, struct str line)
{
	static const char event[] = "\"event\":\"principal-unreadable\"";

	assert_int_equal(level, LOG_ERROR);
	assert_non_null(memmem(line.ptr, line.len, event, strlen(event)));
	skipped++;
}

/* A revocation that succeeds leaves no live token, even if memory failed in a search. */
static void revocation_is_complete_or_fails(void **state)
{
	char texts[2][AUTH_TOKEN_MAX];
	struct identity who;
	bool failed = true;

	(void)state;
	log_capture(count_skipped_record);
	for (unsigned n = 0; failed; n++) {
		bool done;

		must(token_add(store, "l", TERMS("ann", 0, 0), texts[0], &err), &err);
		must(token_rotate(store, "l", 100, NOW, texts[1], &err), &err);
		alloc_fault_begin(ALLOC_FAULT_ONCE, n);
		done = token_revoke(store, "l", NOW, &err);
		failed = alloc_fault_end();
		assert_true(done || failed);
		if (!done)
			token_revoke(store, "l", NOW, &err);
		for (int i = 0; i < 2; i++)
			assert_false(token_check(store, str_cstr(texts[i]), NOW, &who, &err));
		assert_int_equal(purge_tokens("l", NOW + 1), 2);
	}
	assert_true(skipped > 0);
	check_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(key_changes_are_atomic),
		CHECK_STORED(token_check_is_all_or_nothing),
		CHECK_STORED(revocation_is_complete_or_fails),
	};

	return CHECK_RUN(tests);
}
