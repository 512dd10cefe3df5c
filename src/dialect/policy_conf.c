#include "dialect/policy_conf.h"

#include "dialect/dialect.h"
#include "dialect/kind.h"

/* One line of the option. */
struct line {
	uint8_t dialect;
	bool of_kind;
	struct str kind; /* in scratch */
	char scratch[TASK_KIND_MAX];
	struct policy policy;
};

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *digit = c ? strchr(digits, c) : NULL;

	return digit ? (int)((digit - digits) % 16) : -1;
}

/* Decodes %XX. Returns false if the text is malformed, or if no task can have this kind. */
static bool parse_kind(struct line *line, struct str text)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '%') {
			int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
			int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (len == sizeof(line->scratch))
			return false;
		line->scratch[len++] = c;
	}
	line->of_kind = true;
	line->kind = (struct str){ line->scratch, len };
	return len == 0 || (kind_is_valid(line->kind) && str_is_utf8(line->kind));
}

static bool parse_scope(struct line *line, struct str text, struct err *err)
{
	struct str kind = text, name = str_split_next(&kind, '/');
	const struct dialect *dialect = dialect_by_name(name);

	if (!dialect && !str_eq(text, STR("all")))
		return err_set(err, ERR_INVALID, NULL,
			"the scope must be all, a dialect or DIALECT/KIND, not %.*s",
			(int)(text.len < 40 ? text.len : 40), text.ptr);
	line->dialect = dialect ? dialect->code : 0;
	return !kind.ptr || parse_kind(line, kind) ||
	       err_set(err, ERR_INVALID, NULL,
		       "a kind must have at most %d bytes without control characters, with %%20 "
		       "for a blank and %%25 for a percent sign",
		       TASK_KIND_MAX);
}

static bool parse_line(struct line *line, struct str text, struct err *err)
{
	struct str scope = str_split_next(&text, ' ');

	*line = (struct line){ 0 };
	return parse_scope(line, scope, err) && policy_parse_options(&line->policy, text, err);
}

bool policy_check_option(const char *text, struct err *err)
{
	struct line line;

	return parse_line(&line, str_cstr(text), err);
}

void policies_from_conf(struct policies *policies, const struct conf *conf)
{
	struct str rest = str_cstr(conf->policies);

	memset(policies, 0, sizeof(*policies));
	while (rest.len > 0) {
		struct line line;
		struct err err;

		if (parse_line(&line, str_split_next(&rest, '\n'), &err))
			policies_add(policies, line.dialect, line.of_kind ? &line.kind : NULL,
				&line.policy);
	}
}
