/*
 * Writes polytask.conf(5): copies its template from standard input and replaces the line @OPTIONS@
 * by the table of options, in mdoc.
 */
#include <stdio.h>

#include "sys/conf.h"

/* One sentence a line, as mdoc wants it. No help text begins with a dot or has a backslash. */
static void print_sentences(const char *text)
{
	for (; *text; text++) {
		bool is_end = text[0] == '.' && text[1] == ' ';

		putchar(*text);
		if (is_end) {
			putchar('\n');
			text++;
		}
	}
	putchar('\n');
}

/* The star of a family of options stands for the name of a dialect. */
static void print_name(const char *name)
{
	int before = (int)strcspn(name, "*");

	if (name[before])
		printf(".It Cm %.*s\\& Ns Ar DIALECT Ns Cm %s Ns = Ns ", before, name,
			name + before + 1);
	else
		printf(".It Cm %s Ns = Ns ", name);
}

static void print_row(const struct option_row *row)
{
	struct buf range = BUF_INIT;

	print_name(row->name);
	if (row->default_value[0])
		printf("Ar %s\n", row->default_value);
	else
		printf("Pq empty\n");
	print_sentences(row->help);
	if (row->manual)
		print_sentences(row->manual);
	option_print_range(row, &range);
	if (range.len > 0)
		printf("Range: %.*s.\n", STR_ARGS(buf_str(&range)));
	if (row->needs_restart)
		printf("Takes effect at the next start.\n");
	buf_free(&range);
}

int main(void)
{
	char line[512];

	while (fgets(line, sizeof(line), stdin)) {
		if (strcmp(line, "@OPTIONS@\n") != 0) {
			fputs(line, stdout);
			continue;
		}
		for (size_t i = 0; i < conf_options.count; i++)
			print_row(&conf_options.rows[i]);
	}
	return fflush(stdout) == 0 && !ferror(stdin) ? 0 : 1;
}
