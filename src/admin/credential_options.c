#include "admin/credential_options.h"

#include <inttypes.h>

#include "admin/dialect_names.h"
#include "base/clock.h"
#include "dialect/dialect.h"
#include "task/right.h"

#define SECONDS_MAX ((uint64_t)100 * 366 * 24 * 3600)

static bool parse_seconds(const struct admin_call *call, enum admin_option option, uint64_t least,
	int64_t *ms, struct err *err)
{
	const char *text = call->options[option], *name = admin_options[option].name;
	uint64_t seconds;

	if (!str_to_u64(str_cstr(text), &seconds) || seconds < least || seconds > SECONDS_MAX)
		return err_set(err, ERR_INVALID, name,
			"--%s must be %sa number of seconds from %" PRIu64 " to %" PRIu64
			", not '%s'",
			name, option == ADMIN_EXPIRES ? "'never' or " : "", least, SECONDS_MAX,
			text);
	*ms = (int64_t)seconds * 1000;
	return true;
}

bool admin_parse_expires(
	const struct admin_call *call, int64_t now, int64_t *expires, struct err *err)
{
	const char *text = call->options[ADMIN_EXPIRES];
	int64_t ms;

	*expires = 0;
	if (!text || strcmp(text, "never") == 0)
		return true;
	if (!parse_seconds(call, ADMIN_EXPIRES, 1, &ms, err))
		return false;
	*expires = now + ms;
	return true;
}

bool admin_parse_overlap(const struct admin_call *call, int64_t *overlap, struct err *err)
{
	*overlap = 0;
	return !call->options[ADMIN_OVERLAP] || parse_seconds(call, ADMIN_OVERLAP, 0, overlap, err);
}

bool admin_parse_rights(const struct admin_call *call, unsigned *rights, struct err *err)
{
	const char *text = call->options[ADMIN_RIGHTS];
	unsigned parsed;

	if (!text)
		return true;
	/* RIGHT_NONE would mean all of the user's rights. */
	if (!rights_parse(&parsed, str_cstr(text)) || parsed == RIGHT_NONE)
		return err_set(err, ERR_INVALID, "rights",
			"--rights must be a list of %s, not '%s'",
			admin_options[ADMIN_RIGHTS].value, text);
	*rights = parsed;
	return true;
}

static bool parse_dialects(
	const struct admin_call *call, char names[AUTH_DIALECTS_MAX], struct err *err)
{
	struct str text = str_cstr(call->options[ADMIN_DIALECTS]), rest = text;

	if (!text.ptr)
		return true;
	do {
		struct str name = str_split_next(&rest, ',');

		if (!protocol_by_name(name))
			return dialect_name_fail("dialects", name, NULL, err);
	} while (rest.len > 0);
	if (text.len >= AUTH_DIALECTS_MAX || text.ptr[text.len - 1] == ',')
		return err_set(
			err, ERR_INVALID, "dialects", "--dialects must name each dialect once");
	memcpy(names, text.ptr, text.len + 1);
	return true;
}

bool admin_parse_terms(
	const struct admin_call *call, struct credential_terms *terms, struct err *err)
{
	struct credential_terms wanted = { .created = clock_wall_ms() };
	struct str user = str_cstr(call->operand);

	if (!user_name_is_valid(user))
		return err_set(err, ERR_NOT_FOUND, "user", "user '%s' not found", call->operand);
	memcpy(wanted.user, user.ptr, user.len);
	if (!admin_parse_rights(call, &wanted.rights, err) ||
		!parse_dialects(call, wanted.dialects, err) ||
		!admin_parse_expires(call, wanted.created, &wanted.expires, err))
		return false;
	*terms = wanted;
	return true;
}

void admin_read_line(FILE *in, char *line, int size)
{
	int len = 0, c;

	/* A NUL would hide the rest of the line: store DEL, which is always rejected. */
	while (len < size - 1 && (c = getc(in)) != EOF && c != '\n')
		line[len++] = c == '\0' ? '\x7F' : (char)c;
	/* Discard a partial line: the service stopped before the client sent the rest. */
	line[ferror(in) ? 0 : len] = '\0';
}
