#include "base/option.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"

#define NAME_SIZE 64

static bool is_family(const struct option_row *row)
{
	return strchr(row->name, '*') != NULL;
}

static bool is_text(const struct option_row *row)
{
	return row->type == OPTION_TEXT || row->type == OPTION_LIST;
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
	if (is_text(row))
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
	const struct option_table *table;
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

static size_t count_items(const char *list)
{
	size_t count = 0;

	while ((list = strchr(list, '\n')) != NULL) {
		count++;
		list++;
	}
	return count;
}

static bool add_item(const struct target *target, void *values, const char *item, struct err *err)
{
	const struct option_row *row = target->row;
	char *list = member(row, values);
	bool (*check)(const char *item,
		struct err *err) = row->check_item ? row->check_item : target->table->check_item;
	size_t len = strlen(item), used;

	/* Also the default, before which the member may have any bytes. */
	if (len == 0) {
		memset(list, 0, row->size);
		return true;
	}
	used = strlen(list);
	if (check && !check(item, err)) {
		struct err cause = *err;

		return err_set(err, cause.code, row->name, "%s: %s", row->name, err_text(&cause));
	}
	if (count_items(list) == row->max || strchr(item, '\n') || len + 2 > row->size - used)
		return err_set(err, ERR_INVALID, row->name,
			"%s may be given %llu times, with %zu bytes in all", row->name,
			(unsigned long long)row->max, row->size - 1);
	memcpy(list + used, item, len);
	list[used + len] = '\n';
	return true;
}

static bool set_row(const struct target *target, void *values, const char *text, struct err *err)
{
	const struct option_row *row = target->row;
	size_t len = strlen(text);

	if (row->type == OPTION_LIST)
		return add_item(target, values, text, err);
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
				return set_row(
					&(struct target){ table, row, k, name }, values, text, err);
		}
	}
	return err_set(err, ERR_INVALID, name, "there is no option %s", name);
}

uint64_t option_number(const struct option_table *table, const void *values, const char *name)
{
	for (size_t i = 0; name && i < table->count; i++) {
		const struct option_row *row = &table->rows[i];

		if (!is_text(row) && strcmp(row->name, name) == 0)
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
			if (!set_row(&(struct target){ table, row, k, row->name }, values,
				    row->default_value, &err))
				abort();
		}
	}
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
	if (is_text(row))
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
	if (is_text(row) && !row->needs_restart)
		return;
	buf_putc(out, '#');
	if (!is_text(row)) {
		buf_putc(out, ' ');
		option_print_range(row, out);
		buf_putc(out, '.');
	}
	buf_puts(out, row->needs_restart ? " Restart to change.\n" : "\n");
}

/* One line for each item, or one that has none. */
static void print_list(const struct option_row *row, const void *values, struct buf *out)
{
	struct str rest = str_cstr(member_const(row, values));

	do {
		buf_printf(out, "%s = ", row->name);
		buf_put_str(out, str_split_next(&rest, '\n'));
		buf_putc(out, '\n');
	} while (rest.len > 0);
}

void option_print(const struct option_table *table, const void *values, struct buf *out)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		char name[NAME_SIZE];

		buf_printf(out, "%s# %s\n", i ? "\n" : "", row->help);
		print_rules(row, out);
		if (row->type == OPTION_LIST) {
			print_list(row, values, out);
			continue;
		}
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
