/* Uplynk's signed message (test_uplynk_requests.c: requests that carry one). */
#include <openssl/evp.h>
#include <stdlib.h>
#include <zlib.h>

#include "auth/uplynk_signature.h"
#include "lib/check.h"

/* The example of src/dialect/uplynk/README.md. */
#define SECRET STR("0123456789abcdefghij")
#define OWNER  "abcdef0123456789abcdef0123456789"
#define JSON   "{\"_owner\": \"" OWNER "\", \"_timestamp\": 1664900951}"
#define MSG                                           \
	"eNqrVorPL89LLVKyUlBKTEpOSU0zMDQyNjE1M7ewROc" \
	"r6SgoxZdk5qYWlyTmFgB1GJqZmVgaGFiaGtYCAANbFE8="
#define SIG "db21f676b35ce581a964150a663679c911dac618c0e776263587260f401e726f"

static struct err err;

/* Encodes any bytes as a client encodes the JSON of msg. */
static struct str pack(struct str json, char text[8192])
{
	unsigned char packed[4096];
	uLongf len = sizeof(packed);

	assert_int_equal(
		compress2(packed, &len, (const unsigned char *)json.ptr, json.len, 9), Z_OK);
	EVP_EncodeBlock((unsigned char *)text, packed, (int)len);
	return str_cstr(text);
}

static void assert_unreadable(struct str msg, const char *name)
{
	struct uplynk_claim claim = { .timestamp = 42 };

	if (uplynk_claim_read(msg, &claim, &err))
		fail_msg("%s was read", name);
	assert_err(&err, ERR_MALFORMED);
	assert_int_equal(claim.timestamp, 42);
}

static void assert_json_unreadable(struct str json)
{
	char text[8192];

	assert_unreadable(pack(json, text), json.ptr);
}

static void assert_json_read(const char *json, const char *owner, int64_t timestamp)
{
	struct uplynk_claim claim;
	char text[8192];

	must(uplynk_claim_read(pack(str_cstr(json), text), &claim, &err), &err);
	assert_string_equal(claim.owner, owner);
	assert_int_equal(claim.timestamp, timestamp);
}

static void signature_of_the_example_matches(void **state)
{
	struct uplynk_claim claim;
	char sig[UPLYNK_SIG_LEN + 1];

	(void)state;
	must(uplynk_claim_read(STR(MSG), &claim, &err), &err);
	assert_string_equal(claim.owner, OWNER);
	assert_int_equal(claim.timestamp, 1664900951);
	assert_true(uplynk_sign(STR(MSG), SECRET, sig));
	assert_string_equal(sig, SIG);
}

static void other_encodings_of_the_object_are_accepted(void **state)
{
	char longest[UPLYNK_OWNER_MAX + 100], owner[UPLYNK_OWNER_MAX];

	(void)state;
	assert_json_read(JSON, OWNER, 1664900951);
	assert_json_read("{\"_timestamp\":0,\"_owner\":\"a\"}", "a", 0);
	assert_json_read("\n{\"x\":[1.5],\"_owner\":\"a\",\"_timestamp\":1}\n", "a", 1);
	assert_json_read("{\"_owner\":\"\\u00e4\",\"_timestamp\":1099511627776}", "\xc3\xa4",
		(int64_t)1 << 40);
	assert_json_read("{\"_owner\":\"a\",\"_timestamp\":1664900951.0}", "a", 1664900951);
	assert_json_read("{\"_owner\":\"a\",\"_timestamp\":1e9}", "a", 1000000000);
	/* These are never the current time. */
	assert_json_read("{\"_owner\":\"a\",\"_timestamp\":1664900951.5}", "a", 0);
	assert_json_read("{\"_owner\":\"a\",\"_timestamp\":-1}", "a", 0);
	assert_json_read("{\"_owner\":\"a\",\"_timestamp\":1664900951000}", "a", (int64_t)1 << 40);
	memset(owner, 'o', sizeof(owner) - 1);
	owner[sizeof(owner) - 1] = '\0';
	snprintf(longest, sizeof(longest), "{\"_owner\":\"%s\",\"_timestamp\":1}", owner);
	assert_json_read(longest, owner, 1);
}

/* The example as Python 2 encodes it: line breaks after 76 characters and at the end. */
#define BROKEN_MSG                                    \
	"eNqrVorPL89LLVKyUlBKTEpOSU0zMDQyNjE1M7ewROc" \
	"r6SgoxZdk5qYWlyTmFgB1GJqZmVgaGFia\nGtYCAANbFE8=\n"
#define BROKEN_SIG "ea8a84f706b083f569f3db0dab07f35fdf949a4525cdca98100b77d9d3d5558c"

static void line_breaks_are_ignored_but_signed(void **state)
{
	static const char *const broken[] = {
		BROKEN_MSG,
		MSG "\n",
		MSG "\r\n",
		"\n" MSG,
		"e\nNqrVorPL89LLVKyUlBKTEpOSU0zMDQyNjE1M7ewROc\r\n"
		"r6SgoxZdk5qYWlyTmFgB1GJqZmVgaGFiaGtYCAANbFE8\n=",
	};
	struct uplynk_claim claim;
	char sig[UPLYNK_SIG_LEN + 1], most[UPLYNK_MSG_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		claim = (struct uplynk_claim){ 0 };
		must(uplynk_claim_read(str_cstr(broken[i]), &claim, &err), &err);
		assert_string_equal(claim.owner, OWNER);
		assert_int_equal(claim.timestamp, 1664900951);
	}
	assert_true(uplynk_sign(STR(BROKEN_MSG), SECRET, sig));
	assert_string_equal(sig, BROKEN_SIG);
	/* line breaks count towards the size limit */
	memset(most, '\n', sizeof(most));
	memcpy(most, MSG, strlen(MSG));
	must(uplynk_claim_read((struct str){ most, UPLYNK_MSG_MAX }, &claim, &err), &err);
	assert_unreadable((struct str){ most, UPLYNK_MSG_MAX + 1 }, "one line break too many");
	assert_unreadable(STR("\r\n\n"), "only line breaks");
	assert_unreadable(STR(MSG "\t"), "a tab");
	assert_unreadable(STR(MSG "\v\n"), "a vertical tab");
}

static void invalid_objects_are_rejected(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"null",
		"{}",
		"{\"_timestamp\":1}",
		"{\"_owner\":\"\",\"_timestamp\":1}",
		"{\"_owner\":1,\"_timestamp\":1}",
		"{\"_owner\":null,\"_timestamp\":1}",
		"{\"_owner\":[\"a\"],\"_timestamp\":1}",
		"{\"_owner\":\"a\\u0000b\",\"_timestamp\":1}",
		"{\"_owner\":\"a\",\"_timestamp\":9223372036854775808}",
		"{\"_owner\":\"a\",\"_owner\":\"b\",\"_timestamp\":1}",
		"{\"_owner\":\"a\",\"_timestamp\":1} x",
		"{\"_owner\":\"\xff\",\"_timestamp\":1}",
		"{\"_owner\":\"0123456789012345678901234567890123456789012345678901234567890123\","
		"\"_timestamp\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_json_unreadable(str_cstr(bad[i]));
	assert_json_unreadable((struct str){ JSON "\0", sizeof(JSON) });
}

/* Then the refusal of a correctly signed message can name the timestamp. */
static void timestamp_that_is_no_number_is_far_from_the_present(void **state)
{
	static const char *const texts[] = {
		"{\"_owner\":\"a\"}",
		"{\"_owner\":\"a\",\"_timestamp\":\"1664900951\"}",
		"{\"_owner\":\"a\",\"_timestamp\":true}",
		"{\"_owner\":\"a\",\"_timestamp\":null}",
		"{\"_owner\":\"a\",\"_timestamp\":[1664900951]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_json_read(texts[i], "a", 0);
}

/*
 * 2 MiB of blanks compress to 2 KiB, which exceeds the limit as base64. 1 MiB fits into a message,
 * so the limit of the decompressed size must stop it.
 */
static void decompression_bombs_are_rejected(void **state)
{
	size_t size = 2 << 20;
	char *json = malloc(size), text[8192];
	const size_t whole = UPLYNK_JSON_MAX - strlen(JSON);

	(void)state;
	assert_non_null(json);
	memset(json, ' ', size);
	memcpy(json + size - strlen(JSON), JSON, strlen(JSON));
	assert_unreadable(pack((struct str){ json, size }, text), "2 MiB");
	assert_true(strlen(text) > UPLYNK_MSG_MAX);
	assert_unreadable(pack((struct str){ json + size / 2, size / 2 }, text), "1 MiB");
	assert_true(strlen(text) < UPLYNK_MSG_MAX);
	memcpy(json + UPLYNK_JSON_MAX + 1 - strlen(JSON), JSON, strlen(JSON));
	assert_unreadable(
		pack((struct str){ json, UPLYNK_JSON_MAX + 1 }, text), "one byte too many");
	assert_true(strlen(text) < UPLYNK_MSG_MAX);
	memset(json, ' ', whole);
	memcpy(json + whole, JSON, strlen(JSON) + 1);
	assert_json_read(json, OWNER, 1664900951);
	free(json);
}

static void invalid_texts_are_rejected(void **state)
{
	static const char *const bad[] = {
		"",
		"=",
		"====",
		"eNqr",
		"eNq",
		"eNqrVorPL89L*VKy",
		"eNqr VorPL89LLVKy",
		"eNqr\nVorPL89LLVK",
		"eNqrVorPL89LLVKyUlBKTEpOSU0z==",
		"e===",
		"AAAA",
		/* gzip, raw deflate, a zlib stream that needs a dictionary */
		"H4sIAAAAAAACA6uuBQBDv6ajAgAAAA==",
		"q64FAA==",
		"ePkAAAABAwAAAAAB",
	};
	struct str msg = STR(MSG);
	char changed[sizeof(MSG)];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_unreadable(str_cstr(bad[i]), bad[i]);
	for (size_t len = 0; len < msg.len; len++)
		assert_unreadable((struct str){ MSG, len }, "a truncated message");
	assert_unreadable(STR(MSG "AAAA"), "trailing base64");
	for (size_t i = 0; i < 80; i++) {
		memcpy(changed, MSG, sizeof(MSG));
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_unreadable(str_cstr(changed), "a changed byte");
	}
	assert_unreadable((struct str){ MSG "\0\0\0", msg.len + 4 }, "a trailing NUL");
}

static void comparison_covers_every_digit_and_ignores_case(void **state)
{
	char text[] = SIG;

	(void)state;
	assert_true(uplynk_sig_equal(STR(SIG), SIG));
	assert_true(uplynk_sig_equal(
		STR("DB21F676B35ce581a964150a663679c911dac618c0e776263587260f401e726F"), SIG));
	for (size_t i = 0; i < UPLYNK_SIG_LEN; i++) {
		text[i] ^= 1;
		assert_false(uplynk_sig_equal(str_cstr(text), SIG));
		text[i] ^= 1;
		assert_false(uplynk_sig_equal((struct str){ text, i }, SIG));
	}
	assert_false(uplynk_sig_equal(STR(SIG "0"), SIG));
	assert_false(uplynk_sig_equal(STR(SIG SIG), SIG));
	assert_false(uplynk_sig_equal(STR_NULL, SIG));
}

static void other_texts_and_secrets_give_other_signatures(void **state)
{
	char sig[UPLYNK_SIG_LEN + 1];

	(void)state;
	assert_true(uplynk_sign(STR(MSG), STR("0123456789abcdefghik"), sig));
	assert_false(uplynk_sig_equal(STR(SIG), sig));
	assert_true(uplynk_sign(STR(MSG), STR_NULL, sig));
	assert_false(uplynk_sig_equal(STR(SIG), sig));
	assert_true(uplynk_sign(STR(JSON), SECRET, sig));
	assert_false(uplynk_sig_equal(STR(SIG), sig));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(signature_of_the_example_matches),
		CHECK(other_encodings_of_the_object_are_accepted),
		CHECK(line_breaks_are_ignored_but_signed),
		CHECK(invalid_objects_are_rejected),
		CHECK(timestamp_that_is_no_number_is_far_from_the_present),
		CHECK(decompression_bombs_are_rejected),
		CHECK(invalid_texts_are_rejected),
		CHECK(comparison_covers_every_digit_and_ignores_case),
		CHECK(other_texts_and_secrets_give_other_signatures),
	};

	return CHECK_RUN(tests);
}
