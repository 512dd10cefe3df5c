/* The texts of the options: help, units, and polytask.conf(5). */
#include <stdio.h>
#include <stdlib.h>

#include "lib/check.h"
#include "sys/conf.h"

static void every_number_has_a_unit(void **state)
{
	(void)state;
	for (size_t i = 0; i < conf_options.count; i++) {
		const struct option_row *row = &conf_options.rows[i];

		if (row->type == OPTION_NUMBER && !row->unit)
			fail_msg("%s has no unit", row->name);
	}
}

static void assert_unit(const char *ending, const char *unit)
{
	for (size_t i = 0; i < conf_options.count; i++) {
		const struct option_row *row = &conf_options.rows[i];
		size_t len = strlen(row->name), end = strlen(ending);

		if (len > end && strcmp(row->name + len - end, ending) == 0)
			assert_string_equal(row->unit, unit);
	}
}

static void units_match_names(void **state)
{
	(void)state;
	assert_unit("_seconds", "seconds");
	assert_unit("_mb", "MiB");
}

/* A comment of the sample is one line of 100 columns; conf_manual splits sentences. */
static void help_is_one_short_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < conf_options.count; i++) {
		const char *help = conf_options.rows[i].help;
		size_t len = strlen(help);

		assert_in_range(len, 10, 98);
		assert_int_equal(help[len - 1], '.');
		assert_null(strchr(help, '\n'));
		assert_null(strchr(help, '\\'));
	}
}

/* The line of the manual that begins an option's entry, with its default. */
static void put_entry(const struct option_row *row, struct buf *out)
{
	int before = (int)strcspn(row->name, "*");

	if (row->name[before])
		buf_printf(out, "\n.It Cm %.*s\\& Ns Ar DIALECT Ns Cm %s Ns = Ns ", before,
			row->name, row->name + before + 1);
	else
		buf_printf(out, "\n.It Cm %s Ns = Ns ", row->name);
	if (row->default_value[0])
		buf_printf(out, "Ar %s\n", row->default_value);
	else
		buf_puts(out, "Pq empty\n");
	buf_putc(out, '\0');
}

static void assert_in_manual(const char *manual, const struct option_row *row)
{
	struct buf entry = BUF_INIT, range = BUF_INIT;
	const char *start, *end, *found;

	put_entry(row, &entry);
	start = strstr(manual, entry.data);
	if (!start)
		fail_msg("polytask.conf.5 does not have %s with its default", row->name);
	end = strstr(start + entry.len, "\n.");
	assert_non_null(end);
	option_print_range(row, &range);
	buf_putc(&range, '\0');
	found = strstr(start, range.data);
	if (!found || found > end)
		fail_msg("polytask.conf.5 does not have the range of %s", row->name);
	found = strstr(start, "Takes effect at the next start.");
	assert_int_equal(found && found < end, row->needs_restart);
	buf_free(&entry);
	buf_free(&range);
}

static void the_manual_has_every_option(void **state)
{
	const char *build = getenv("top_builddir");
	char path[512], *manual;
	size_t size = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/src/polytask.conf.5", build ? build : ".");
	manual = check_read_file(path, &size);
	assert_non_null(manual);
	assert_null(strstr(manual, "@OPTIONS@"));
	for (size_t i = 0; i < conf_options.count; i++)
		assert_in_manual(manual, &conf_options.rows[i]);
	free(manual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(every_number_has_a_unit),
		CHECK(units_match_names),
		CHECK(help_is_one_short_sentence),
		CHECK(the_manual_has_every_option),
	};

	return CHECK_RUN(tests);
}
