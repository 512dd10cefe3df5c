#include "admin/request.h"

#include "admin/command.h"
#include "auth/token.h"

#define WORDS_MAX 4

static void put_words(struct buf *line, const struct admin_call *call)
{
	struct str rest = str_cstr(call->command->words);

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

bool admin_request_write(const struct admin_call *call, struct buf *line)
{
	const char *before = "";

	buf_puts(line, "{\"verb\":[");
	put_words(line, call);
	buf_puts(line, "],\"args\":{");
	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if (!call->options[i])
			continue;
		buf_printf(line, "%s\"%s\":", before, admin_options[i].name);
		buf_put_json_string(line, str_cstr(call->options[i]));
		before = ",";
	}
	buf_puts(line, call->wants_progress ? "},\"progress\":true}\n" : "}}\n");
	return buf_ok(line);
}

static bool set_option(
	struct admin_call *call, const char *name, const char *value, struct err *err)
{
	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if (strcmp(admin_options[i].name, name) == 0 && value) {
			call->options[i] = value;
			return true;
		}
	}
	return err_set(err, ERR_INVALID, name,
		value ? "unknown option --%.60s" : "--%.60s must be a string", name);
}

bool admin_request_read(struct admin_call *call, const json_t *request, struct err *err)
{
	const json_t *verb = json_object_get(request, "verb");
	json_t *args = json_object_get(request, "args");
	const char *words[WORDS_MAX];
	size_t count = json_array_size(verb);
	const char *name;
	json_t *value;

	if (count == 0 || count > WORDS_MAX)
		return err_set(err, ERR_MALFORMED, "verb", "verb must be an array of 1 to %d words",
			WORDS_MAX);
	for (size_t i = 0; i < count; i++) {
		words[i] = json_string_value(json_array_get(verb, i));
		if (!words[i])
			return err_set(
				err, ERR_MALFORMED, "verb", "each word of verb must be a string");
	}
	json_object_foreach (args, name, value) {
		if (!set_option(call, name, json_string_value(value), err))
			return false;
	}
	call->wants_progress = json_is_true(json_object_get(request, "progress"));
	return admin_parse_command(call, words, count, err);
}

/* ---- the log ---- */

/* An operator may give a token where its label belongs. */
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
	put_member(line, "verb", str_cstr(call->command->words));
	if (call->operand)
		put_member(line, "operand", redact_token(call->operand));
	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if (call->options[i] && !admin_options[i].secret)
			put_member(line, admin_options[i].name, redact_token(call->options[i]));
	}
}
