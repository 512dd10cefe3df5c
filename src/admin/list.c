#include "admin/list.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/date.h"

void admin_list_begin(struct admin_list *list, struct admin *admin, const struct admin_call *call,
	struct err *err)
{
	*list = (struct admin_list){
		.admin = admin,
		.json = call->options[ADMIN_JSON] != NULL,
		.now = clock_wall_ms(),
		.err = err,
	};
}

static void put_json(struct buf *line, const struct admin_cell *cell)
{
	buf_putc(line, line->len == 0 ? '{' : ',');
	buf_put_json_string(line, str_cstr(cell->name));
	buf_putc(line, ':');
	if (cell->value)
		buf_put_json_string(line, str_cstr(cell->value));
	else
		buf_puts(line, "null");
}

static void put_text(struct buf *line, const struct admin_cell *cell)
{
	if (line->len > 0)
		buf_putc(line, '\t');
	buf_puts(line, cell->value ? cell->value : cell->placeholder);
}

bool admin_list_row(struct admin_list *list, const struct admin_cell *cells, size_t count)
{
	struct buf line = BUF_INIT;
	bool more;

	for (size_t i = 0; i < count; i++)
		(list->json ? put_json : put_text)(&line, &cells[i]);
	if (list->json)
		buf_putc(&line, '}');
	list->failed = !buf_ok(&line);
	more = list->failed ? err_no_memory(list->err)
			    : admin_print_line(list->admin, buf_str(&line));
	buf_free(&line);
	return more;
}

/* ---- cells ---- */

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

void admin_list_terms(struct admin_cell cells[ADMIN_TERMS_CELLS],
	const struct credential_terms *terms, struct admin_terms_texts *texts)
{
	const char *dialects = terms->dialects[0] ? terms->dialects : NULL;

	rights_format(terms->rights, texts->rights, sizeof(texts->rights));
	cells[0] = (struct admin_cell){ "user", terms->user, NULL };
	cells[1] = (struct admin_cell){ "rights", texts->rights, NULL };
	cells[2] = (struct admin_cell){ "expires", admin_list_date(terms->expires, texts->expires),
		"never" };
	cells[3] = (struct admin_cell){ "dialects", dialects, "all" };
	cells[4] = (struct admin_cell){ "created", admin_list_date(terms->created, texts->created),
		"-" };
}
