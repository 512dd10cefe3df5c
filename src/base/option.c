#include "base/option.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"

#define NAME_SIZE 64

static bool is_family(const struct option_row *row)
{
	return strchr(row->name, '*') != NULL;
}

static void *member(const struct option_row *row, void *values)
{
	return (char *)values + row->offset;
}

static const void *member_const(const struct option_row *row, const void *values)
{
	return (const char *)values + row->offset;
}

static size_t member_size(const struct option_row *row)
{
	if (row->type == OPTION_TEXT)
		return row->size;
	return sizeof(uint64_t) * (is_family(row) ? OPTION_VARIANTS_MAX : 1);
}

static uint64_t get_number(const struct option_row *row, const void *values, size_t variant)
{
	uint64_t number;

	memcpy(&number, (const char *)member_const(row, values) + variant * sizeof(number),
		sizeof(number));
	return number;
}

static void put_number(const struct option_row *row, void *values, size_t variant, uint64_t number)
{
	memcpy((char *)member(row, values) + variant * sizeof(number), &number, sizeof(number));
}

/* The number of options of a row. */
static size_t count_variants(const struct option_table *table, const struct option_row *row)
{
	size_t count = 0;

	if (!is_family(row))
		return 1;
	while (table->variants && table->variants[count] && count < OPTION_VARIANTS_MAX)
		count++;
	return count;
}

/* Writes the name of one option of a row. */
static void put_name(const struct option_table *table, const struct option_row *row, size_t variant,
	char name[NAME_SIZE])
{
	int before = (int)strcspn(row->name, "*");

	if (is_family(row))
		snprintf(name, NAME_SIZE, "%.*s%s%s", before, row->name, table->variants[variant],
			row->name + before + 1);
	else
		snprintf(name, NAME_SIZE, "%s", row->name);
}

/* ---- one option ---- */

static bool parse_octal(const char *text, uint64_t *value)
{
	uint64_t sum = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '7' || sum > 0777777)
			return false;
		sum = sum * 8 + (uint64_t)(*text - '0');
	}
	*value = sum;
	return true;
}

static bool parse_number(const struct option_row *row, const char *text, uint64_t *number)
{
	if (row->type == OPTION_OCTAL)
		return parse_octal(text, number);
	if (row->type == OPTION_DURATION)
		return duration_parse(number, text);
	return str_to_u64(str_cstr(text), number);
}

static void print_number(const struct option_row *row, uint64_t number, struct buf *out)
{
	if (number == OPTION_UNSET)
		return;
	if (row->type == OPTION_DURATION)
		duration_put(number, out);
	else
		buf_printf(out, row->type == OPTION_OCTAL ? "%04llo" : "%llu",
			(unsigned long long)number);
}

static void print_bounds(const struct option_row *row, struct buf *out)
{
	print_number(row, row->min, out);
	buf_puts(out, " to ");
	print_number(row, row->max, out);
}

static bool fail_number(const struct option_row *row, const char *name, struct err *err)
{
	static const char *const kinds[] = {
		[OPTION_NUMBER] = "a number",
		[OPTION_OCTAL] = "an octal number",
		[OPTION_DURATION] = "a duration such as 30d (units s, m, h, d)",
	};
	struct buf bounds = BUF_INIT;

	print_bounds(row, &bounds);
	err_set(err, ERR_INVALID, name, "%s must be %s from %.*s", name, kinds[row->type],
		STR_ARGS(buf_str(&bounds)));
	buf_free(&bounds);
	return false;
}

/* A place for one option's value, and the name for errors. */
struct target {
	const struct option_row *row;
	size_t variant;
	const char *name;
};

static bool set_number(const struct target *target, void *values, const char *text, struct err *err)
{
	const struct option_row *row = target->row;
	uint64_t number = OPTION_UNSET;
	bool unset = !*text && is_family(row);

	if (!unset && (!parse_number(row, text, &number) || number < row->min || number > row->max))
		return fail_number(row, target->name, err);
	put_number(row, values, target->variant, number);
	return true;
}

static bool set_row(const struct target *target, void *values, const char *text, struct err *err)
{
	const struct option_row *row = target->row;
	size_t len = strlen(text);

	if (row->type != OPTION_TEXT)
		return set_number(target, values, text, err);
	if (len >= row->size)
		return err_set(err, ERR_INVALID, row->name, "%s may have at most %zu bytes",
			row->name, row->size - 1);
	if (row->is_valid && !row->is_valid(text))
		return err_set(
			err, ERR_INVALID, row->name, "%s is not valid: %s", row->name, row->help);
	memset(member(row, values), 0, row->size);
	memcpy(member(row, values), text, len);
	return true;
}

bool option_set(const struct option_table *table, void *values, const char *name, const char *text,
	struct err *err)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		size_t variants = count_variants(table, row);
		char full[NAME_SIZE];

		for (size_t k = 0; k < variants; k++) {
			put_name(table, row, k, full);
			if (strcmp(full, name) == 0)
				return set_row(&(struct target){ row, k, name }, values, text, err);
		}
	}
	return err_set(err, ERR_INVALID, name, "there is no option %s", name);
}

uint64_t option_number(const struct option_table *table, const void *values, const char *name)
{
	for (size_t i = 0; name && i < table->count; i++) {
		const struct option_row *row = &table->rows[i];

		if (row->type != OPTION_TEXT && strcmp(row->name, name) == 0)
			return get_number(row, values, 0);
	}
	return 0;
}

void option_set_defaults(const struct option_table *table, void *values)
{
	struct err err;

	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		size_t count = is_family(row) ? OPTION_VARIANTS_MAX : 1;

		for (size_t k = 0; k < count; k++) {
			if (!set_row(&(struct target){ row, k, row->name }, values,
				    row->default_value, &err))
				abort();
		}
	}
}

/* ---- files ---- */

struct reader {
	const struct option_table *table;
	void *values;
	struct err *err;
	const char *only; /* the one option to set, whatever the rest of the file; NULL: all */
	FILE *file;
	int line;
	bool failed;
};

/*
 * inih takes an indented line for a continuation of the option before it, and cuts a long line.
 * Both would silently change a path, so both are errors here.
 */
static char *read_line(char *text, int size, void *user)
{
	struct reader *reader = user;
	size_t len;

	if (reader->failed || !fgets(text, size, reader->file))
		return NULL;
	reader->line++;
	len = strlen(text);
	if ((text[0] == ' ' || text[0] == '\t') && strspn(text, " \t\r\n") < len) {
		err_set(reader->err, ERR_INVALID, "config", "a line may not be indented");
		reader->failed = true;
	} else if (len + 1 == (size_t)size && text[len - 1] != '\n') {
		err_set(reader->err, ERR_INVALID, "config", "a line may have at most %d bytes",
			size - 2);
		reader->failed = true;
	}
	return reader->failed ? NULL : text;
}

static int handle_option(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;

	if (reader->failed)
		return 0;
	if (reader->only) {
		if (strcmp(name, reader->only) == 0)
			option_set(reader->table, reader->values, name, value, reader->err);
		return 1;
	}
	if (*section) {
		err_set(reader->err, ERR_INVALID, section, "sections are not used: [%s]", section);
		reader->failed = true;
	} else if (!option_set(reader->table, reader->values, name, value, reader->err)) {
		reader->failed = true;
	}
	return !reader->failed;
}

static bool read_stream(struct reader *reader, const char *path)
{
	struct err *err = reader->err;
	int line = ini_parse_stream(read_line, reader, handle_option, reader);

	if (reader->failed) {
		struct err first = *err;

		return err_set(err, ERR_INVALID, first.field, "%s, line %d: %s", path, reader->line,
			first.text);
	}
	if (line != 0)
		return err_set(
			err, ERR_INVALID, "config", "%s, line %d: not `name = value`", path, line);
	return true;
}

bool option_read_file(
	const struct option_table *table, void *values, const char *path, struct err *err)
{
	struct reader reader = {
		.table = table, .values = values, .err = err, .file = fopen(path, "re")
	};
	bool read;

	if (!reader.file)
		return err_set(err, ERR_INVALID, "config", "%s cannot be read", path);
	read = read_stream(&reader, path);
	fclose(reader.file);
	return read;
}

bool option_read_one(
	const struct option_table *table, void *values, const char *path, const char *name)
{
	struct err ignored;
	struct reader reader = { .table = table,
		.values = values,
		.err = &ignored,
		.only = name,
		.file = fopen(path, "re") };

	if (!reader.file)
		return false;
	read_stream(&reader, path);
	fclose(reader.file);
	return true;
}

/* ---- output ---- */

static void print_value(
	const struct option_row *row, const void *values, size_t variant, struct buf *out)
{
	if (row->type == OPTION_TEXT)
		buf_puts(out, member_const(row, values));
	else
		print_number(row, get_number(row, values, variant), out);
}

void option_print_range(const struct option_row *row, struct buf *out)
{
	if (row->type == OPTION_TEXT)
		return;
	print_bounds(row, out);
	if (row->unit) {
		buf_putc(out, ' ');
		buf_puts(out, row->unit);
	}
}

/* "# 1 to 3600 seconds. Restart to change." */
static void print_rules(const struct option_row *row, struct buf *out)
{
	if (row->type == OPTION_TEXT && !row->needs_restart)
		return;
	buf_putc(out, '#');
	if (row->type != OPTION_TEXT) {
		buf_putc(out, ' ');
		option_print_range(row, out);
		buf_putc(out, '.');
	}
	buf_puts(out, row->needs_restart ? " Restart to change.\n" : "\n");
}

void option_print(const struct option_table *table, const void *values, struct buf *out)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		char name[NAME_SIZE];

		buf_printf(out, "%s# %s\n", i ? "\n" : "", row->help);
		print_rules(row, out);
		for (size_t k = 0; k < count_variants(table, row); k++) {
			put_name(table, row, k, name);
			buf_printf(out, "%s = ", name);
			print_value(row, values, k, out);
			buf_putc(out, '\n');
		}
	}
}

/* ---- reload ---- */

void option_keep_startup(
	const struct option_table *table, const void *before, void *after, struct buf *names)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		const void *from = member_const(row, before);
		void *to = member(row, after);

		if (!row->needs_restart || memcmp(from, to, member_size(row)) == 0)
			continue;
		buf_printf(names, "%s%s", names->len ? ", " : "", row->name);
		memcpy(to, from, member_size(row));
	}
}
