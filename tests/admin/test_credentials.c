/* Commands on users, passwords, tokens and keys: their output and their errors. */
#include <fnmatch.h>

#include "admin/admin_fixture.h"
#include "admin/credential_options.h"
#include "admin/request.h"
#include "auth/token.h"
#include "base/clock.h"

/* Runs a line of a command and its options: "token add demo!label=x!expires=5". */
static struct call_result run_with(const char *line, const char *input)
{
	struct admin_call call = { 0 };
	char copy[256], *rest = copy, *words;

	snprintf(copy, sizeof(copy), "%s", line);
	words = strsep(&rest, "!");
	for (char *option; (option = strsep(&rest, "!"));) {
		const char *name = strsep(&option, "=");
		int i = 0;

		while (strcmp(admin_options[i].name, name) != 0)
			i++;
		call.options[i] = option ? option : "yes";
	}
	parse_call(&call, words);
	return run_call(&call, input, false);
}

/* The command succeeds and its output matches the pattern of fnmatch. */
static void prints(const char *line, const char *input, const char *pattern)
{
	struct call_result call_result = run_with(line, input);

	if (call_result.status != 0 || fnmatch(pattern, call_result.out, 0) != 0 ||
		*call_result.err) {
		print_error(
			"%s: %d\n%s%s", line, call_result.status, call_result.out, call_result.err);
		fail();
	}
	free_result(&call_result);
}

/* The command fails with this message and prints nothing else. */
static void fails(const char *line, const char *input, const char *message)
{
	struct call_result call_result = run_with(line, input);
	char want[200];

	snprintf(want, sizeof(want), "polytaskctl: %s\n", message);
	if (!has_failed(call_result.status) || strcmp(call_result.err, want) != 0 ||
		*call_result.out) {
		print_error(
			"%s: %d\n%s%s", line, call_result.status, call_result.out, call_result.err);
		fail();
	}
	free_result(&call_result);
}

#define DATE  "20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z"
#define TOKEN "pt_???????????????????????????????????????????\n"

static void users_are_added_listed_and_ended(void **state)
{
	(void)state;
	prints("user add demo", " ", "*-*-*-*-*\n");
	fails("user add demo", " ", "user 'demo' already exists");
	prints("user list", " ",
		"name\tid\ttenant\trights\tcreated\texpires\tstate\ndemo\t*-*\tdefault\tread,write,work\t" DATE
		"\tnever\tlive\n");
	prints("user expire demo!expires=60", " ", "");
	prints("user list", " ", "*\t" DATE "\t" DATE "\tlive\n");
	prints("user expire demo!expires=never", " ", "");
	prints("user revoke demo", " ", "");
	prints("user list", " ", "*\tnever\trevoked\n");
	prints("user list!json=yes", " ",
		"{\"name\":\"demo\",\"id\":\"*\",\"tenant\":\"default\",\"rights\":"
		"\"read,write,work\",\"created\":\"" DATE "\",\"expires\":null,"
		"\"state\":\"revoked\"}\n");
	fails("user expire demo!expires=60", " ", "user 'demo' is revoked");
	fails("user expire nobody!expires=60", " ", "user 'nobody' not found");
}

static void tokens_are_added_rotated_and_revoked(void **state)
{
	(void)state;
	prints("user add demo", " ", "*");
	prints("token add demo", " ", TOKEN);
	fails("token add demo", " ", "a live token is already labelled 'demo'");
	prints("token list", " ",
		"label\t*\tstate\ndemo\tdemo\tread,write,work\tnever\tall\t" DATE
		"\taccess\tlive\n");
	prints("token rotate demo!overlap=60", " ", TOKEN);
	prints("token list", " ", "*\treplaced\n*");
	prints("token list", " ", "*\tlive\n*");
	prints("token revoke demo", " ", "");
	prints("token list", " ", "label\t*\ndemo\t*\trevoked\ndemo\t*\trevoked\n");
	fails("token revoke demo", " ", "no live token is labelled 'demo'");
	fails("token rotate demo", " ", "no live token is labelled 'demo'");
	prints("user add other", " ", "*");
	prints("token add other!label=a b!dialects=virtshell,idol!rights=read!expires=60", " ",
		TOKEN);
	prints("token list", " ",
		"*a b\tother\tread\t" DATE "\tvirtshell,idol\t" DATE "\taccess\tlive\n*");
	prints("token list!json=yes", " ", "*,\"dialects\":\"virtshell,idol\",*");
	prints("token list!json=yes", " ", "*,\"dialects\":null,*");
}

#define DIALECTS ": --dialects takes virtshell, vionlabs, uplynk, fourhse, idol, native, external"

static void invalid_token_options_are_rejected(void **state)
{
	(void)state;
	prints("user add other", " ", "*");
	fails("token add other!label=oauth", " ", "the label 'oauth' is reserved for login tokens");
	fails("token add other!label=c!dialects=virtshell,unknown", " ",
		"unknown dialect 'unknown'" DIALECTS);
	fails("token add other!label=c!dialects=idol,", " ",
		"--dialects must name each dialect once");
	fails("token add other!label=c!dialects=", " ", "unknown dialect ''" DIALECTS);
	fails("token add other!label=c!rights=none", " ",
		"--rights must be a list of read,write,work,admin, not 'none'");
}

#define GIVEN	  "3f1c9a7be05d4826af10c7d2b3e49581"
#define BAD_TOKEN "a token is 20 to 255 letters, digits and -._~+/=, 8 of them different"

static void token_of_another_system_is_kept(void **state)
{
	struct identity who;
	struct err err = { 0 };

	(void)state;
	prints("user add demo", " ", "*");
	prints("token add demo!label=old!secret=-!dialects=vionlabs", GIVEN "\nx", "");
	must(token_check(store, STR(GIVEN), clock_wall_ms(), &who, &err), &err);
	assert_string_equal(who.dialects, "vionlabs");
	prints("token list", " ", "*\nold\tdemo\t*\tlive\n");
	fails("token add demo!label=again!secret=-", GIVEN "\n", "this token was added before");
	fails("token add demo!label=old!secret=-", GIVEN "0\n",
		"a live token is already labelled 'old'");
	prints("token revoke old", " ", "");
	fails("token add demo!label=old!secret=-", GIVEN "\n", "this token was added before");
	prints("token add demo!label=old!secret=-", "a.b~c+d/e=f-g_h.0123456789\n", "");
}

static void weak_token_is_refused(void **state)
{
	static const char *const weak[] = { "\n", "abcdefghij012345678\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "abcdefg0abcdefg0abcd efg0\n",
		"abcdefghij0123456789\r\n", "abcdefghij0123456789\xC3\xA4\n" };
	char longer[257];

	(void)state;
	prints("user add demo", " ", "*");
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++)
		fails("token add demo!secret=-", weak[i], BAD_TOKEN);
	for (size_t i = 0; i < sizeof(longer); i++)
		longer[i] = (char)('a' + i % 26);
	longer[256] = '\0';
	fails("token add demo!secret=-", longer, BAD_TOKEN);
}

static void keys_are_added_rotated_and_revoked(void **state)
{
	(void)state;
	prints("user add demo", " ", "*");
	prints("key add demo!id=k!secret=-", "s3cret\n", "id: k\nsecret: s3cret\n");
	prints("key add demo!id=typed!secret=-", "t y p e d\nx", "id: typed\nsecret: t y p e d\n");
	prints("key revoke typed", " ", "");
	prints("key list", " ", "*k\tdemo\tread,write,work\tnever\tall\t" DATE "\tlive\t-\n*");
	prints("key list", " ", "*typed\t*\trevoked\t-\n*");
	prints("key rotate k!overlap=60", " ",
		"id: k\nsecret: ????????????????????????????????????????????????????????????????\n");
	prints("key list", " ", "*k\tdemo\t*\tlive\t" DATE "\n*");
	prints("key rotate k!secret=-", "new one\n", "id: k\nsecret: new one\n");
	prints("key list!json=yes", " ", "*\"id\":\"k\",*\"overlap\":null}\n*");
	prints("key expire k!expires=60", " ", "");
	fails("key rotate typed", " ", "key 'typed' is revoked");
	fails("key revoke typed", " ", "key 'typed' is revoked");
	fails("key revoke x", " ", "key 'x' not found");
	fails("key rotate k!overlap=soon", " ",
		"--overlap must be a number of seconds from 0 to 3162240000, not 'soon'");
}

static void secret_size_is_limited(void **state)
{
	char longest[AUTH_SECRET_MAX + 2];

	(void)state;
	prints("user add demo", " ", "*");
	fails("key add demo!id=none!secret=-", "\n",
		"a secret is 1 to 127 bytes without control characters");
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	fails("key add demo!id=none!secret=-", longest,
		"a secret is 1 to 127 bytes without control characters");
}

static void passwords_are_set_rotated_and_removed(void **state)
{
	(void)state;
	prints("user add demo", " ", "*");
	prints("password list", " ", "user\tsince\texpires\tstate\n");
	fails("password rotate demo", " ", "user 'demo' has no password");
	fails("password set demo", "short\n",
		"a password is 8 to 256 bytes without control characters");
	prints("password add demo!expires=60", "long enough\n", "");
	prints("password list", " ", "user\t*\tstate\ndemo\t" DATE "\t" DATE "\tlive\n");
	prints("password expire demo!expires=never", " ", "");
	prints("password list!json=yes", " ",
		"{\"user\":\"demo\",\"since\":\"" DATE "\",\"expires\":null,\"state\":\"live\"}\n");
	prints("password rotate demo", " ", "????????????????????????????????\n");
	prints("password revoke demo", " ", "");
	prints("password list", " ", "user\tsince\texpires\tstate\n");
	fails("password revoke demo", " ", "user 'demo' has no password");
	fails("password expire demo!expires=1", " ", "user 'demo' has no password");
}

static void nul_in_a_line_is_replaced(void **state)
{
	char input[] = "long enough\0 and more\nx", line[100];
	FILE *in = fmemopen(input, sizeof(input), "r");

	(void)state;
	admin_read_line(in, line, sizeof(line));
	assert_string_equal(line, "long enough\x7f and more");
	fclose(in);
}

static void log_contains_no_secrets(void **state)
{
	struct admin_call call = {
		.options = { [ADMIN_ID] = "k", [ADMIN_SECRET] = "-", [ADMIN_EXPIRES] = "60" }
	};
	struct buf line = BUF_INIT;

	(void)state;
	parse_call(&call, "key add a\"b");
	admin_log_call(&call, &line);
	assert_str(buf_str(&line),
		",\"verb\":\"key add\",\"operand\":\"a\\\"b\",\"expires\":\"60\",\"id\":\"k\"");
	buf_reset(&line);
	call = (struct admin_call){ 0 };
	parse_call(&call, "token revoke pt_0123456789012345678901234567890123456789012");
	admin_log_call(&call, &line);
	assert_str(buf_str(&line), ",\"verb\":\"token revoke\",\"operand\":\"(a token)\"");
	buf_free(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(users_are_added_listed_and_ended),
		WITH_STORE(tokens_are_added_rotated_and_revoked),
		WITH_STORE(invalid_token_options_are_rejected),
		WITH_STORE(token_of_another_system_is_kept),
		WITH_STORE(weak_token_is_refused),
		WITH_STORE(keys_are_added_rotated_and_revoked),
		WITH_STORE(secret_size_is_limited),
		WITH_STORE(passwords_are_set_rotated_and_removed),
		CHECK(nul_in_a_line_is_replaced),
		CHECK(log_contains_no_secrets),
	};

	return CHECK_RUN(tests);
}
