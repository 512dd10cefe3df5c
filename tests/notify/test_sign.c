/* Signatures, compared with those of the libraries of Standard Webhooks. */
#include "lib/check.h"
#include "notify/sign.h"

/* The vector of the reference implementations: MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw in base64. */
static const char secret[] = "\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c"
			     "\xf6\x48\xa3\x62\xda\x2d\xa4\xb0";

#define ID	  STR("msg_p5jXN8AQM9LWM0D4loKWxJek")
#define SECONDS	  INT64_C(1614265330)
#define BODY	  STR("{\"test\": 2432232314}")
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static struct str secret_of_vector(void)
{
	return (struct str){ secret, sizeof(secret) - 1 };
}

static void signature_is_that_of_the_libraries(void **state)
{
	struct webhook webhook = { .secret = secret_of_vector() };
	struct buf out = BUF_INIT;

	(void)state;
	sign_put(&webhook, ID, SECONDS, BODY, &out);
	assert_str(buf_str(&out), SIGNATURE);
	buf_free(&out);
}

static void each_valid_secret_signs(void **state)
{
	struct webhook webhook = { .secret = STR("another secret of enough bytes"),
		.old_secret = secret_of_vector(),
		.old_secret_ends = optional_time(SECONDS * 1000 + 1) };
	struct buf out = BUF_INIT;

	(void)state;
	sign_put(&webhook, ID, SECONDS, BODY, &out);
	assert_int_equal(out.len, 2 * strlen(SIGNATURE) + 1);
	assert_str(str_skip(buf_str(&out), strlen(SIGNATURE)), " " SIGNATURE);
	buf_free(&out);
}

static void old_secret_ends(void **state)
{
	struct webhook webhook = { .secret = secret_of_vector(),
		.old_secret = STR("another secret of enough bytes"),
		.old_secret_ends = optional_time(SECONDS * 1000) };
	struct buf out = BUF_INIT;

	(void)state;
	sign_put(&webhook, ID, SECONDS, BODY, &out);
	assert_str(buf_str(&out), SIGNATURE);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest signatures[] = {
		CHECK(signature_is_that_of_the_libraries),
		CHECK(each_valid_secret_signs),
		CHECK(old_secret_ends),
	};

	return CHECK_RUN(signatures);
}
