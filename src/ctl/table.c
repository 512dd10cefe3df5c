#include "ctl/table.h"

#include <libsmartcols/libsmartcols.h>

#define NAME_MAX_BYTES 64
#define CELL_MAX_BYTES 4096 /* longer ones are cut */

/* Without a header, the columns have no names. The last one is cut at the edge of the terminal. */
static bool add_columns(struct libscols_table *table, struct str first, bool heading)
{
	size_t column = 0;

	do {
		struct str name = str_split_next(&first, '\t');
		char text[NAME_MAX_BYTES];

		snprintf(text, sizeof(text), "%.*s", STR_ARGS(name));
		if (!scols_table_new_column(table, heading ? text : NULL, 0,
			    first.len > 0 || column == 0 ? 0 : SCOLS_FL_TRUNC))
			return false;
		column++;
	} while (first.len > 0);
	return true;
}

static bool add_line(struct libscols_table *table, struct str line)
{
	struct libscols_line *row = scols_table_new_line(table, NULL);
	size_t columns = scols_table_get_ncols(table);

	for (size_t i = 0; row && i < columns; i++) {
		struct str cell = str_split_next(&line, '\t');
		char text[CELL_MAX_BYTES];

		snprintf(text, sizeof(text), "%.*s", STR_ARGS(cell));
		if (scols_line_set_data(row, i, text) != 0)
			return false;
	}
	return row != NULL;
}

/* libsmartcols prints no header of a table without rows. */
static bool print_header(struct str line, FILE *to)
{
	while (line.len > 0) {
		struct str name = str_split_next(&line, '\t');

		fprintf(to, "%.*s%c", STR_ARGS(name), line.len > 0 ? ' ' : '\n');
	}
	return !ferror(to);
}

bool table_print(struct str lines, bool heading, FILE *to)
{
	struct libscols_table *table;
	struct str rest = lines, first = str_split_next(&rest, '\n');
	bool ok;

	if (heading && rest.len == 0)
		return print_header(first, to);
	table = scols_new_table();
	ok = table && scols_table_set_stream(table, to) == 0 &&
	     scols_table_enable_noheadings(table, !heading) == 0 &&
	     add_columns(table, first, heading);
	rest = heading ? rest : lines;
	while (ok && rest.len > 0)
		ok = add_line(table, str_split_next(&rest, '\n'));
	ok = ok && scols_print_table(table) == 0;
	scols_unref_table(table);
	return ok;
}
