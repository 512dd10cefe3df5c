#include "admin/admin_credential.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/date.h"
#include "dialect/dialect.h"
#include "task/right.h"

#define SECONDS_MAX ((uint64_t)100 * 366 * 24 * 3600)

/* ---- options ---- */

static bool parse_seconds(const struct admin_call *call, enum admin_option option, uint64_t least,
	int64_t *ms, struct err *err)
{
	const char *text = call->options[option], *name = admin_option_name(option);
	uint64_t seconds;

	if (!str_to_u64(str_cstr(text), &seconds) || seconds < least || seconds > SECONDS_MAX)
		return err_set(
			err, ERR_INVALID, name, "%s wants a number of seconds, not %s", name, text);
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
	unsigned asked;

	if (!text)
		return true;
	/* None would ask for all the user's. */
	if (!rights_parse(&asked, str_cstr(text)) || asked == RIGHT_NONE)
		return err_set(err, ERR_INVALID, "rights",
			"rights are read,write,work,admin, not %s", text);
	*rights = asked;
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

		if (!dialect_by_name(name))
			return err_set(err, ERR_INVALID, "dialects", "there is no dialect \"%.*s\"",
				STR_ARGS(name));
	} while (rest.len > 0);
	if (text.len >= AUTH_DIALECTS_MAX || text.ptr[text.len - 1] == ',')
		return err_set(err, ERR_INVALID, "dialects", "name each dialect once");
	memcpy(names, text.ptr, text.len + 1);
	return true;
}

bool admin_parse_terms(
	const struct admin_call *call, struct credential_terms *terms, struct err *err)
{
	struct credential_terms wanted = { .created = clock_wall_ms() };
	struct str user = str_cstr(call->operand);

	if (!auth_is_name(user))
		return err_set(err, ERR_NOT_FOUND, "user", "there is no user %s", call->operand);
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

	/* A NUL would end it: in its place a control character, which nobody takes. */
	while (len < size - 1 && (c = getc(in)) != EOF && c != '\n')
		line[len++] = c == '\0' ? '\x7F' : (char)c;
	/* The service ends in the middle of it. */
	line[ferror(in) ? 0 : len] = '\0';
}

/* ---- lists ---- */

void admin_list_begin(struct admin_list *admin_list, struct admin *admin,
	const struct admin_call *call, struct err *err)
{
	*admin_list = (struct admin_list){
		.admin = admin,
		.json = call->options[ADMIN_JSON] != NULL,
		.now = clock_wall_ms(),
		.err = err,
	};
}

static void put_json(struct buf *line, const struct cell *cell)
{
	buf_putc(line, line->len == 0 ? '{' : ',');
	buf_put_json_string(line, str_cstr(cell->name));
	buf_putc(line, ':');
	if (cell->value)
		buf_put_json_string(line, str_cstr(cell->value));
	else
		buf_puts(line, "null");
}

static void put_text(struct buf *line, const struct cell *cell)
{
	if (line->len > 0)
		buf_putc(line, '\t');
	buf_puts(line, cell->value ? cell->value : cell->placeholder);
}

bool admin_list_row(struct admin_list *admin_list, const struct cell *cells, size_t count)
{
	struct buf line = BUF_INIT;
	bool more;

	for (size_t i = 0; i < count; i++)
		(admin_list->json ? put_json : put_text)(&line, &cells[i]);
	if (admin_list->json)
		buf_putc(&line, '}');
	admin_list->failed = !buf_ok(&line);
	more = admin_list->failed ? err_no_memory(admin_list->err)
				  : admin_print_line(admin_list->admin, buf_str(&line));
	buf_free(&line);
	return more;
}

const char *admin_list_date(int64_t ms, char text[ADMIN_DATE_SIZE])
{
	if (ms == 0)
		return NULL;
	date_format(text, ADMIN_DATE_SIZE, ms, "%Y-%m-%dT%H:%M:%SZ");
	return text;
}

const char *admin_list_validity(enum validity validity)
{
	static const char *const words[] = {
		[VALIDITY_LIVE] = "live",
		[VALIDITY_EXPIRED] = "expired",
		[VALIDITY_REVOKED] = "revoked",
	};

	return words[validity];
}
