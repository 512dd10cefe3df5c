/* json.h with failing allocations: ERR_NO_MEMORY or NULL, never a crash or a partial text. */
#include "http/alloc_fault.h"
#include "http/json.h"
#include "lib/check.h"

/* Parses and writes while the n-th allocation fails; false if none failed. */
static bool fault_round(enum alloc_fault kind, unsigned n, struct str text)
{
	struct arena own = { 0 };
	struct err err = { 0 };
	struct str out = STR_NULL;
	json_t *json = NULL;
	bool failed, read;

	alloc_fault_begin(kind, n);
	read = json_parse_strict(&json, text, &err);
	if (read)
		out = json_text(json, &own);
	failed = alloc_fault_end();
	if (!read)
		assert_err(&err, ERR_NO_MEMORY);
	else if (out.ptr)
		assert_true(str_eq(out, text));
	assert_true(failed || out.ptr);
	json_decref(json);
	arena_free(&own);
	return failed;
}

static void fault_walk(struct str text)
{
	unsigned one = 0, rest = 0;

	while (fault_round(ALLOC_FAULT_ONCE, one, text))
		one++;
	while (fault_round(ALLOC_FAULT_FROM_THERE_ON, rest, text))
		rest++;
	assert_true(one >= 3);
	assert_int_equal(one, rest);
}

/* The same for a text that is not written as it was parsed. */
static void fault_walk_parse_only(struct str text)
{
	struct err err;
	json_t *json;
	bool failed = true;

	for (unsigned n = 0; failed; n++) {
		bool read;

		alloc_fault_begin(n % 2 ? ALLOC_FAULT_ONCE : ALLOC_FAULT_FROM_THERE_ON, n / 2);
		read = json_parse_strict(&json, text, &err);
		failed = alloc_fault_end();
		assert_int_equal(read, !failed);
		if (read)
			json_decref(json);
		else
			assert_err(&err, ERR_NO_MEMORY);
	}
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	fault_walk(STR(
		"{\"description\":\"a text longer than the first buffer of the lexer\",\"n\":[1,"
		"0.30000000000000004,1234567890123456789,true,{\"a\":{\"b\":[[],{}]}}],"
		"\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9}"));
	fault_walk(STR("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]"));
}

/* Every length, so that the lexer's buffer grows at each byte of a string, its end included. */
static void allocations_may_fail_at_each_length_of_a_string(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t len = 1; len < 70; len++) {
		buf_reset(&text);
		buf_puts(&text, "{\"");
		for (size_t i = 0; i < len; i++)
			buf_puts(&text, i % 2 ? "x" : "\xC3\xA4");
		buf_puts(&text, "\":12345678901}");
		fault_walk(buf_str(&text));
	}
	buf_free(&text);
}

/* A number cut after its 'e' or '.' must not reach the lexer's assertions. */
static void allocations_may_fail_in_numbers(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	for (int digits = 1; digits < 36; digits++) {
		buf_reset(&text);
		buf_printf(&text, "[0.%0*de-20]", digits, 5);
		fault_walk_parse_only(buf_str(&text));
	}
	buf_free(&text);
}

static bool fault_quote(unsigned n)
{
	struct arena own = { 0 };
	struct str quoted, plain = STR_NULL;
	bool failed;

	alloc_fault_begin(ALLOC_FAULT_ONCE, n);
	quoted = json_quote(STR("a long enough text with a \" and an \xC3\xA4 and a tail"), &own);
	if (quoted.ptr)
		plain = json_unquote(quoted, &own);
	failed = alloc_fault_end();
	if (plain.ptr)
		assert_str(plain, "a long enough text with a \" and an \xC3\xA4 and a tail");
	else
		assert_true(failed);
	arena_free(&own);
	return failed;
}

static void allocations_may_fail_when_quoting(void **state)
{
	unsigned n = 0;

	(void)state;
	while (fault_quote(n))
		n++;
	assert_true(n >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(each_allocation_may_fail),
		CHECK(allocations_may_fail_at_each_length_of_a_string),
		CHECK(allocations_may_fail_in_numbers),
		CHECK(allocations_may_fail_when_quoting),
	};

	return CHECK_RUN(tests);
}
