#pragma once
/*
 * Mechanism of configuration options: parse, print, read from a file, compare. It knows no option:
 * the caller's table has a row for each, and the values are members of the caller's struct
 * ("values"), found by their offset. A text is a char array, a number a uint64_t, a duration a
 * uint64_t of seconds.
 *
 * A row whose name contains `*` is a family of options: one for each of the table's variants, with
 * the variant in place of the star. Its member is an array of OPTION_VARIANTS_MAX numbers, in the
 * order of the variants. An empty text sets one to OPTION_UNSET.
 *
 * A list is an option that may be given several times: each time adds an item, and an empty text
 * removes all of them. Its member is a char array with the items in order, a newline behind each.
 *
 * Files are INI without sections, read by inih: `name = value` at the start of a line; `#` or `;`
 * starts a comment line, ` ;` a comment behind a value. A line has at most 198 bytes.
 */
#include "base/buf.h"
#include "base/err.h"

/* OPTION_DURATION: "90s", "5m", "12h", "30d" or "0". */
enum option_type { OPTION_TEXT, OPTION_LIST, OPTION_NUMBER, OPTION_OCTAL, OPTION_DURATION };

#define OPTION_VARIANTS_MAX 32
#define OPTION_UNSET	    UINT64_MAX

struct option_row {
	const char *name;
	enum option_type type;
	size_t offset; /* of the member */
	size_t size;   /* OPTION_TEXT, OPTION_LIST: of the array, with the NUL */
	const char *default_value;
	uint64_t min, max;		     /* of a number; of a list, max: items */
	const char *unit;		     /* of a number, plural; NULL: none */
	bool needs_restart;		     /* a reload leaves the value unchanged */
	bool (*is_valid)(const char *value); /* of a text: a rule, which help states; NULL: none */
	/* Of a list: the rule of its items, as option_table.check_item, which it replaces. */
	bool (*check_item)(const char *item, struct err *err);
	const char *help;   /* one line */
	const char *manual; /* more sentences for the manual page; NULL: none */
};

struct option_table {
	const struct option_row *rows;
	size_t count;
	const char *const *variants; /* ends with NULL; NULL: none */
	/* The rule of a list's items. Its error has a sentence and no field. NULL: none. */
	bool (*check_item)(const char *item, struct err *err);
};

/* Rows without their type: the member of a struct that holds the value. */
#define OPTION_TEXT_IN(type_, member)                                  \
	.type = OPTION_TEXT, .offset = offsetof(struct type_, member), \
	.size = sizeof(((struct type_ *)0)->member)
#define OPTION_LIST_IN(type_, member)                                  \
	.type = OPTION_LIST, .offset = offsetof(struct type_, member), \
	.size = sizeof(((struct type_ *)0)->member)
#define OPTION_NUMBER_IN(type_, member) \
	.type = OPTION_NUMBER, .offset = offsetof(struct type_, member)
#define OPTION_OCTAL_IN(type_, member) \
	.type = OPTION_OCTAL, .offset = offsetof(struct type_, member)
#define OPTION_DURATION_IN(type_, member) \
	.type = OPTION_DURATION, .offset = offsetof(struct type_, member)

/* Sets every option to its default. Aborts if a default breaks the rules of its own row. */
void option_set_defaults(const struct option_table *table, void *values);
/* Sets one option. The error names it and states its rule; the values are then unchanged. */
bool option_set(const struct option_table *table, void *values, const char *name, const char *text,
	struct err *err);
/* The value of a number; 0 if there is no number of that name. name may be NULL. */
uint64_t option_number(const struct option_table *table, const void *values, const char *name);
/*
 * Sets the options of a file. The error names file, line and option; the options of earlier lines
 * are then set. ERR_FORBIDDEN: this user may not read the file.
 */
bool option_read_file(
	const struct option_table *table, void *values, const char *path, struct err *err);
/* Sets one option of a file that may have errors in other lines. False: the file cannot be read. */
bool option_read_one(
	const struct option_table *table, void *values, const char *path, const char *name);
/* Writes a file of all options, each with its help as a comment. */
void option_print(const struct option_table *table, const void *values, struct buf *out);
/* Writes "1 to 3600 seconds" or "0 to 365d"; nothing for a text or a list. */
void option_print_range(const struct option_row *row, struct buf *out);
/*
 * Copies each option that needs a restart from before to after. Appends the names of the options
 * that differed, separated by ", ".
 */
void option_keep_startup(
	const struct option_table *table, const void *before, void *after, struct buf *names);
