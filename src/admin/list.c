#include "admin/list.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/date.h"

void admin_list_begin(struct admin_list *list, struct admin *admin, const struct admin_call *call,
	struct err *err)
{
	*list = (struct admin_list){
		.admin = admin,
		.columns = call->command->columns,
		.json = call->options[ADMIN_JSON] != NULL,
		.noheadings = call->options[ADMIN_NOHEADINGS] != NULL,
		.now = clock_wall_ms(),
		.err = err,
	};
}

static void put_json(struct buf *line, struct str name, const struct admin_cell *cell)
{
	buf_putc(line, line->len == 0 ? '{' : ',');
	buf_put_json_string(line, name);
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

static bool print_header(struct admin_list *list)
{
	struct str rest = str_cstr(list->columns);
	struct buf line = BUF_INIT;
	bool ok;

	if (list->json || list->noheadings)
		return true;
	while (rest.len > 0) {
		buf_put_str(&line, str_split_next(&rest, ' '));
		if (rest.len > 0)
			buf_putc(&line, '\t');
	}
	ok = buf_ok(&line) || err_no_memory(list->err);
	ok = ok && admin_print_line(list->admin, buf_str(&line));
	buf_free(&line);
	return ok;
}

bool admin_list_row(struct admin_list *list, const struct admin_cell *cells, size_t count)
{
	struct str names = str_cstr(list->columns);
	struct buf line = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		if (list->json)
			put_json(&line, str_split_next(&names, ' '), &cells[i]);
		else
			put_text(&line, &cells[i]);
	}
	if (list->json)
		buf_putc(&line, '}');
	list->failed = !buf_ok(&line);
	if (!list->failed && list->in_order) {
		if (list->count == 0)
			print_header(list);
		admin_print_line(list->admin, buf_str(&line));
	} else {
		buf_putc(&line, '\n');
		buf_put_str(&list->lines, buf_str(&line));
		list->failed |= !buf_ok(&line) || !buf_ok(&list->lines);
	}
	list->count++;
	buf_free(&line);
	return !list->failed || err_no_memory(list->err);
}

static int compare_lines(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static bool print_sorted(struct admin_list *list)
{
	struct str *lines = calloc(list->count + 1, sizeof(*lines));
	struct str rest = buf_str(&list->lines);
	bool more = lines != NULL;

	for (size_t i = 0; more && i < list->count; i++)
		lines[i] = str_split_next(&rest, '\n');
	more = more && print_header(list);
	if (lines)
		qsort(lines, list->count, sizeof(*lines), compare_lines);
	for (size_t i = 0; more && i < list->count; i++)
		more = admin_print_line(list->admin, lines[i]);
	if (!lines)
		err_no_memory(list->err);
	free(lines);
	return more;
}

/* Rows in order were printed, and the header before the first one. */
static bool print_rest(struct admin_list *list)
{
	return list->in_order ? list->count > 0 || print_header(list) : print_sorted(list);
}

bool admin_list_end(struct admin_list *list, bool complete)
{
	bool printed = complete && !list->failed && print_rest(list);

	buf_free(&list->lines);
	return printed;
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
	cells[0] = (struct admin_cell){ terms->user, NULL };
	cells[1] = (struct admin_cell){ texts->rights, NULL };
	cells[2] = (struct admin_cell){ admin_list_date(terms->expires, texts->expires), "never" };
	cells[3] = (struct admin_cell){ dialects, "all" };
	cells[4] = (struct admin_cell){ admin_list_date(terms->created, texts->created), "-" };
}
