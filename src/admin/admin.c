#include "admin/admin.h"

#include <stdarg.h>

#include "auth/token.h"

#define WORDS_MAX     4
#define BIT(option)   (1U << ADMIN_##option)
#define TERMS_OPTIONS (BIT(RIGHTS) | BIT(DIALECTS) | BIT(EXPIRES))

const struct admin_verb admin_verbs[] = {
	{ "user add", "NAME", BIT(TENANT) | BIT(RIGHTS) | BIT(EXPIRES), .creates_store = true,
		.run = admin_user_add, .help = "make a user; without --rights: read,write,work" },
	{ "user list", NULL, BIT(JSON), .run = admin_user_list,
		.help = "name, id, tenant, rights, making, end, state of every user" },
	{ "user revoke", "NAME", .run = admin_user_revoke,
		.help = "end a user with all tokens and keys, for good" },
	{ "user expire", "NAME", BIT(EXPIRES), BIT(EXPIRES), .run = admin_user_expire,
		.help = "end a user with all tokens and keys from then on, or never" },
	{ "password set", "USER", BIT(EXPIRES), .reads_input = true, .secret = true,
		.run = admin_password_set,
		.help = "give a user a password for /oauth/token, a line of standard input" },
	{ "password add", "USER", BIT(EXPIRES), .reads_input = true, .secret = true,
		.run = admin_password_set, .help = "the same" },
	{ "password list", NULL, BIT(JSON), .run = admin_password_list,
		.help = "user, day, end, state of every password" },
	{ "password revoke", "USER", .run = admin_password_revoke,
		.help = "take a password away, with the tokens that were given for it" },
	{ "password rotate", "USER", BIT(EXPIRES), .run = admin_password_rotate,
		.help = "set a random password in place of another and print it, this once" },
	{ "password expire", "USER", BIT(EXPIRES), BIT(EXPIRES), .run = admin_password_expire,
		.help = "end a password from then on, or never" },
	{ "token add", "USER", BIT(LABEL) | TERMS_OPTIONS, .run = admin_token_add,
		.help = "make a bearer token and print it, this once" },
	{ "token list", NULL, BIT(JSON), .run = admin_token_list,
		.help = "label, user, rights, end, dialects, making, state of every token" },
	{ "token revoke", "LABEL", .run = admin_token_revoke,
		.help = "end the tokens of a label, for good" },
	{ "token rotate", "LABEL", BIT(OVERLAP), .run = admin_token_rotate,
		.help = "make a token in place of another and print it, this once" },
	{ "token expire", "LABEL", BIT(EXPIRES), BIT(EXPIRES), .run = admin_token_expire,
		.help = "end a token from then on, or never" },
	{ "key add", "USER", BIT(ID) | BIT(SECRET) | TERMS_OPTIONS, .run = admin_key_add,
		.help = "make a signing key and print it; a secret of - is read from standard "
			"input" },
	{ "key list", NULL, BIT(JSON), .run = admin_key_list,
		.help = "id, user, rights, end, dialects, making, state of every key, end of its "
			"previous secret" },
	{ "key revoke", "ID", .run = admin_key_revoke, .help = "end a key, for good" },
	{ "key rotate", "ID", BIT(SECRET) | BIT(OVERLAP), .run = admin_key_rotate,
		.help = "give a key another secret and print it" },
	{ "key expire", "ID", BIT(EXPIRES), BIT(EXPIRES), .run = admin_key_expire,
		.help = "end a key from then on, or never" },
	{ "show", "ID", BIT(TENANT), .run = admin_show, .help = "one task, as export writes it" },
	{ "verify", .run = admin_verify, .help = "compare index and tasks; fails if they differ" },
	{ "checkpoint", .run = admin_checkpoint,
		.help = "write a checkpoint, remove finished logs" },
	{ "export", .run = admin_export,
		.help = "every task as a line of JSON on standard output" },
	{ "import", .reads_input = true, .creates_store = true, .run = admin_import,
		.help = "put the tasks that export wrote, from standard input" },
	{ "load-sample", "N", BIT(TENANT) | BIT(DIALECT), .creates_store = true,
		.run = admin_load_sample, .help = "put N made-up tasks" },
	{ 0 },
};

static const struct {
	const char *name, *value; /* value NULL: it has none */
	bool secret;
} options[ADMIN_OPTIONS] = {
	[ADMIN_TENANT] = { .name = "tenant", .value = "TENANT" },
	[ADMIN_RIGHTS] = { .name = "rights", .value = "read,write,work,admin" },
	[ADMIN_LABEL] = { .name = "label", .value = "LABEL" },
	[ADMIN_EXPIRES] = { .name = "expires", .value = "SECONDS|never" },
	[ADMIN_ID] = { .name = "id", .value = "ID" },
	[ADMIN_SECRET] = { .name = "secret", .value = "SECRET", .secret = true },
	[ADMIN_DIALECT] = { .name = "dialect", .value = "DIALECT" },
	[ADMIN_DIALECTS] = { .name = "dialects", .value = "virtshell,idol,..." },
	[ADMIN_OVERLAP] = { .name = "overlap", .value = "SECONDS" },
	[ADMIN_JSON] = { .name = "json" },
};

const char *admin_option_name(enum admin_option option)
{
	return options[option].name;
}

bool admin_option_has_value(enum admin_option option)
{
	return options[option].value != NULL;
}

bool admin_reads_secret(const struct admin_call *call)
{
	const char *secret = call->options[ADMIN_SECRET];

	return call->verb->secret || (secret && strcmp(secret, "-") == 0);
}

bool admin_reads_input(const struct admin_call *call)
{
	return call->verb->reads_input || admin_reads_secret(call);
}

static void put_option(int option, bool needed, struct buf *out)
{
	buf_printf(out, " %s--%s", needed ? "" : "[", options[option].name);
	if (options[option].value)
		buf_printf(out, " %s", options[option].value);
	if (!needed)
		buf_putc(out, ']');
}

void admin_usage(const struct admin_verb *verb, struct buf *out)
{
	buf_puts(out, verb->words);
	if (verb->operand)
		buf_printf(out, " %s", verb->operand);
	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if (verb->options & (1U << i))
			put_option(i, verb->required_options & (1U << i), out);
	}
	if (verb->reads_input)
		buf_puts(out, verb->secret ? " [<FILE]" : " <FILE");
}

/* How many of the given words are the verb's; 0 when it is another verb. */
static size_t match(const struct admin_verb *verb, const char *const *words, size_t count)
{
	const char *at = verb->words;
	size_t used = 0;

	while (used < count) {
		size_t len = strcspn(at, " ");

		if (strlen(words[used]) != len || memcmp(words[used], at, len) != 0)
			return 0;
		used++;
		if (at[len] == '\0')
			return used;
		at += len + 1;
	}
	return 0;
}

/* A line end would end a frame or a row of a list; what is not UTF-8 cannot be sent to the service.
 */
static bool is_text(const char *text)
{
	for (const char *at = text; *at; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7F)
			return false;
	}
	return str_is_utf8(str_cstr(text));
}

static bool check_texts(const struct admin_call *call, struct err *err)
{
	if (call->operand && !is_text(call->operand))
		return err_set(err, ERR_INVALID, call->verb->operand,
			"%s wants %s in UTF-8 without control characters", call->verb->words,
			call->verb->operand);
	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if (call->options[i] && !is_text(call->options[i]))
			return err_set(err, ERR_INVALID, options[i].name,
				"--%s wants UTF-8 without control characters", options[i].name);
	}
	return true;
}

static bool check(const struct admin_call *call, size_t operands, struct err *err)
{
	const struct admin_verb *verb = call->verb;

	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if (call->options[i] && !(verb->options & (1U << i)))
			return err_set(err, ERR_INVALID, options[i].name, "%s takes no --%s",
				verb->words, options[i].name);
		if (!call->options[i] && (verb->required_options & (1U << i)))
			return err_set(err, ERR_INVALID, options[i].name, "%s wants --%s",
				verb->words, options[i].name);
	}
	if (operands < (verb->operand ? 1 : 0))
		return err_set(
			err, ERR_INVALID, verb->operand, "%s wants %s", verb->words, verb->operand);
	if (operands > (verb->operand ? 1 : 0))
		return err_set(err, ERR_INVALID, NULL, "too many words for %s", verb->words);
	return check_texts(call, err);
}

/* Whoever knows the first word is told the second ones. */
static bool set_unknown_verb(const char *const *words, size_t count, struct err *err)
{
	const char *first = count ? words[0] : "";
	size_t len = strlen(first);
	struct buf seconds = BUF_INIT;

	for (const struct admin_verb *verb = admin_verbs; len > 0 && verb->words; verb++) {
		if (strncmp(verb->words, first, len) == 0 && verb->words[len] == ' ')
			buf_printf(
				&seconds, "%s%s", seconds.len ? ", " : "", verb->words + len + 1);
	}
	if (seconds.len > 0)
		err_set(err, ERR_NO_ROUTE, NULL, "the verbs of %s are %.*s", first,
			STR_ARGS(buf_str(&seconds)));
	else
		err_set(err, ERR_NO_ROUTE, NULL, "there is no verb %s", first);
	buf_free(&seconds);
	return false;
}

bool admin_parse_command(
	struct admin_call *call, const char *const *words, size_t count, struct err *err)
{
	for (const struct admin_verb *verb = admin_verbs; verb->words; verb++) {
		size_t used = match(verb, words, count);

		if (used == 0)
			continue;
		call->verb = verb;
		call->operand = used < count ? words[used] : NULL;
		return check(call, count - used, err);
	}
	return set_unknown_verb(words, count, err);
}

/* ---- the request line ---- */

static void put_words(struct buf *line, const struct admin_call *call)
{
	struct str rest = str_cstr(call->verb->words);

	while (rest.len > 0) {
		buf_put_json_string(line, str_split_next(&rest, ' '));
		if (rest.len > 0)
			buf_putc(line, ',');
	}
	if (call->operand) {
		buf_putc(line, ',');
		buf_put_json_string(line, str_cstr(call->operand));
	}
}

bool admin_pack(const struct admin_call *call, struct buf *line)
{
	const char *before = "";

	buf_puts(line, "{\"verb\":[");
	put_words(line, call);
	buf_puts(line, "],\"args\":{");
	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if (!call->options[i])
			continue;
		buf_printf(line, "%s\"%s\":", before, options[i].name);
		buf_put_json_string(line, str_cstr(call->options[i]));
		before = ",";
	}
	buf_puts(line, "}}\n");
	return buf_ok(line);
}

static bool take_option(
	struct admin_call *call, const char *name, const char *value, struct err *err)
{
	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if (strcmp(options[i].name, name) == 0 && value) {
			call->options[i] = value;
			return true;
		}
	}
	return err_set(err, ERR_INVALID, name, "%s is no option, or no text", name);
}

bool admin_unpack(struct admin_call *call, const json_t *request, struct err *err)
{
	const json_t *verb = json_object_get(request, "verb");
	json_t *args = json_object_get(request, "args");
	const char *words[WORDS_MAX];
	size_t count = json_array_size(verb);
	const char *name;
	json_t *value;

	if (count == 0 || count > WORDS_MAX)
		return err_set(err, ERR_MALFORMED, "verb", "verb must be a list of words");
	for (size_t i = 0; i < count; i++) {
		words[i] = json_string_value(json_array_get(verb, i));
		if (!words[i])
			return err_set(err, ERR_MALFORMED, "verb", "a word of the verb is no text");
	}
	json_object_foreach (args, name, value) {
		if (!take_option(call, name, json_string_value(value), err))
			return false;
	}
	return admin_parse_command(call, words, count, err);
}

/* ---- the log ---- */

/* Somebody may have taken a token for its label. */
static struct str redact_token(const char *text)
{
	return token_is_wellformed(str_cstr(text)) ? STR("(a token)") : str_cstr(text);
}

static void put_member(struct buf *line, const char *name, struct str value)
{
	buf_printf(line, ",\"%s\":", name);
	buf_put_json_string(line, value);
}

void admin_log_call(const struct admin_call *call, struct buf *line)
{
	put_member(line, "verb", str_cstr(call->verb->words));
	if (call->operand)
		put_member(line, "operand", redact_token(call->operand));
	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if (call->options[i] && !options[i].secret)
			put_member(line, options[i].name, redact_token(call->options[i]));
	}
}

/* ---- output ---- */

static bool write_line(FILE *to, const char *frame, struct str line)
{
	if (fputs(frame, to) >= 0 && fwrite(line.ptr, 1, line.len, to) == line.len)
		putc('\n', to);
	return !ferror(to);
}

bool admin_print_line(struct admin *admin, struct str line)
{
	return write_line(admin->out, admin->err ? "" : "o ", line);
}

bool admin_print(struct admin *admin, const char *format, ...)
{
	char text[1024];
	va_list args;
	bool more;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	more = admin_print_line(admin, str_cstr(text));
	/* It may have been a secret. */
	explicit_bzero(text, sizeof(text));
	return more;
}

static void print_error(struct admin *admin, const char *text)
{
	write_line(admin->err ? admin->err : admin->out, admin->err ? "polytaskctl: " : "e ",
		str_cstr(text));
}

int admin_run(struct admin *admin, const struct admin_call *call, bool *panic)
{
	struct err err = { 0 };
	bool done = call->verb->run(admin, call, &err);

	if (!done)
		print_error(admin, err_text(&err));
	*panic = !done && err.code == ERR_PANIC;
	return !done || fflush(admin->out) != 0 ? 1 : 0;
}
