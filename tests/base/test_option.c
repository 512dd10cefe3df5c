#include <stdio.h>

#include "base/option.h"
#include "lib/check.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define TEN	     "aaaaaaaaaa"
#define LINE_198 \
	"path = /" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

struct values {
	char path[256];
	char color[8];
	uint64_t size;
	uint64_t mode;
	uint64_t age;
	uint64_t ages[OPTION_VARIANTS_MAX];
};

static bool is_color(const char *value)
{
	return strcmp(value, "red") == 0 || strcmp(value, "green") == 0;
}

static const struct option_row rows[] = {
	{ "path", OPTION_TEXT_IN(values, path), .default_value = "/tmp", .needs_restart = true,
		.help = "Where." },
	{ "color", OPTION_TEXT_IN(values, color), .default_value = "red", .is_valid = is_color,
		.help = "red or green." },
	{ "size", OPTION_NUMBER_IN(values, size), .default_value = "5", .min = 3, .max = 64,
		.unit = "bytes", .needs_restart = true, .help = "How large." },
	{ "mode", OPTION_OCTAL_IN(values, mode), .default_value = "0640", .max = 0777,
		.help = "Which mode." },
	{ "age", OPTION_DURATION_IN(values, age), .default_value = "0", .max = 2 * 86400,
		.help = "How old." },
	{ "age.*.most", OPTION_DURATION_IN(values, ages), .default_value = "", .max = 2 * 86400,
		.help = "How old here." },
};

static const char *const variants[] = { "cat", "dog", NULL };
static const struct option_table table = { rows, COUNT(rows), variants, NULL };

static struct values defaults(void)
{
	struct values values = { 0 };

	option_set_defaults(&table, &values);
	return values;
}

static void set(struct values *values, const char *name, const char *text)
{
	struct err err;

	must(option_set(&table, values, name, text, &err), &err);
}

static void assert_rejected(const char *name, const char *text, const char *reason)
{
	struct values values = defaults(), before = values;
	struct err err;

	assert_fails(option_set(&table, &values, name, text, &err), &err, ERR_INVALID);
	assert_string_equal(err.field, name);
	assert_string_equal(err.text, reason);
	assert_memory_equal(&values, &before, sizeof(values));
}

/* ---- one option ---- */

static void defaults_are_set(void **state)
{
	struct values values = defaults();

	(void)state;
	assert_string_equal(values.path, "/tmp");
	assert_string_equal(values.color, "red");
	assert_int_equal(values.size, 5);
	assert_int_equal(values.mode, 0640);
}

static void a_number_has_bounds(void **state)
{
	static const char *const invalid[] = { "", " 5", "5 ", "-5", "+5", "5k", "0x5", "5.0", "2",
		"65", "99999999999999999999999" };
	struct values values = defaults();

	(void)state;
	set(&values, "size", "3");
	assert_int_equal(values.size, 3);
	set(&values, "size", "64");
	assert_int_equal(values.size, 64);
	for (size_t i = 0; i < COUNT(invalid); i++)
		assert_rejected("size", invalid[i], "size must be a number from 3 to 64");
}

static void an_octal_number_has_bounds(void **state)
{
	static const char *const invalid[] = { "", "8", "0668", "1000", "-1", " 1",
		"7777777777777" };
	struct values values = defaults();

	(void)state;
	set(&values, "mode", "0");
	assert_int_equal(values.mode, 0);
	set(&values, "mode", "0777");
	assert_int_equal(values.mode, 0777);
	set(&values, "mode", "660");
	assert_int_equal(values.mode, 0660);
	for (size_t i = 0; i < COUNT(invalid); i++)
		assert_rejected(
			"mode", invalid[i], "mode must be an octal number from 0000 to 0777");
}

static void a_number_is_read_by_its_name(void **state)
{
	struct values values = defaults();

	(void)state;
	assert_int_equal(option_number(&table, &values, "size"), 5);
	assert_int_equal(option_number(&table, &values, "mode"), 0640);
	assert_int_equal(option_number(&table, &values, "path"), 0);
	assert_int_equal(option_number(&table, &values, "nothing"), 0);
	assert_int_equal(option_number(&table, &values, NULL), 0);
}

static void a_text_has_a_longest_size(void **state)
{
	char text[sizeof(((struct values *)0)->path) + 1];
	struct values values = defaults();

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(values.path)] = '\0';
	assert_rejected("path", text, "path may have at most 255 bytes");
	text[sizeof(values.path) - 1] = '\0';
	set(&values, "path", text);
	assert_string_equal(values.path, text);
}

/* Values are compared as bytes. */
static void a_shorter_text_leaves_nothing_of_the_longer_one(void **state)
{
	struct values values = defaults();

	(void)state;
	set(&values, "path", TEN TEN);
	set(&values, "path", "/x");
	assert_string_equal(values.path, "/x");
	for (size_t i = 2; i < sizeof(values.path); i++)
		assert_int_equal(values.path[i], 0);
}

static void a_text_may_have_a_rule(void **state)
{
	struct values values = defaults();

	(void)state;
	set(&values, "color", "green");
	assert_string_equal(values.color, "green");
	assert_rejected("color", "", "color is not valid: red or green.");
	assert_rejected("color", "blue", "color is not valid: red or green.");
}

static void an_unknown_name_is_an_error(void **state)
{
	(void)state;
	assert_rejected("Size", "5", "there is no option Size");
	assert_rejected("", "5", "there is no option ");
}

/* ---- files ---- */

static const char *write_file(struct str text)
{
	static char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/test.conf", check_temp_dir());
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(text.ptr, 1, text.len, out), text.len);
	assert_int_equal(fclose(out), 0);
	return path;
}

static void valid_files_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *path;
		uint64_t size;
	} files[] = {
		{ "", "/tmp", 5 },
		{ "# a comment\n\nsize = 7\n", "/tmp", 7 },
		{ "; a comment\nsize = 7 ; another\n", "/tmp", 7 },
		{ "size=7", "/tmp", 7 },
		{ "size = 7\nsize = 8\n", "/tmp", 8 },
		{ "size = 7\npath = /a = b\n", "/a = b", 7 },
		{ "path = /a\n  \n\t\nsize = 7\n", "/a", 7 },
		{ LINE_198 "\n", &LINE_198[strlen("path = ")], 5 },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct values values = defaults();

		must(option_read_file(&table, &values, write_file(str_cstr(files[i].text)), &err),
			&err);
		assert_string_equal(values.path, files[i].path);
		assert_int_equal(values.size, files[i].size);
	}
}

static void errors_of_a_file_name_the_line(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} files[] = {
		{ "size = 7\nsize = x\n", "line 2: size must be a number from 3 to 64" },
		{ "\nnothing = 3\n", "line 2: there is no option nothing" },
		{ "size\n", "line 1: not `name = value`" },
		{ "size = 7\n[store]\npath = /a\n", "sections are not used" },
		{ "path = /a\n  size = 7\n", "line 2: a line may not be indented" },
		{ "path = /a\n\tb\n", "line 2: a line may not be indented" },
		{ LINE_198 "a\n", "line 1: a line may have at most 198 bytes" },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		const char *path = write_file(str_cstr(files[i].text));
		struct values values = defaults();

		assert_fails(option_read_file(&table, &values, path, &err), &err, ERR_INVALID);
		assert_non_null(strstr(err.text, files[i].reason));
		assert_non_null(strstr(err.text, path));
	}
}

static void a_duration_has_a_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} valid[] = { { "0", 0 }, { "0d", 0 }, { "1s", 1 }, { "90m", 5400 }, { "48h", 172800 },
		{ "2d", 172800 } };
	static const char *const invalid[] = { "", "1", "d", "1w", "-1d", "1 d", "1.5d", "3d",
		"172801s", "99999999999999999999d", "213503982334602d", "1D" };
	struct values values = defaults();

	(void)state;
	for (size_t i = 0; i < COUNT(valid); i++) {
		set(&values, "age", valid[i].text);
		assert_int_equal(values.age, valid[i].seconds);
	}
	for (size_t i = 0; i < COUNT(invalid); i++)
		assert_rejected("age", invalid[i],
			"age must be a duration such as 30d (units s, m, h, d) from 0 to 2d");
}

static void a_family_has_an_option_per_variant(void **state)
{
	static const struct option_table no_variants = { rows, COUNT(rows), NULL, NULL };
	struct values values = defaults();
	struct err err;

	(void)state;
	assert_true(values.ages[0] == OPTION_UNSET);
	set(&values, "age.dog.most", "1d");
	assert_int_equal(values.ages[1], 86400);
	assert_true(values.ages[0] == OPTION_UNSET);
	set(&values, "age.dog.most", "");
	assert_true(values.ages[1] == OPTION_UNSET);
	assert_rejected("age.cow.most", "1d", "there is no option age.cow.most");
	assert_rejected("age.*.most", "1d", "there is no option age.*.most");
	assert_rejected("age.cat.most", "1y",
		"age.cat.most must be a duration such as 30d (units s, m, h, d) from 0 to 2d");
	assert_fails(
		option_set(&no_variants, &values, "age.dog.most", "1d", &err), &err, ERR_INVALID);
}

static void a_missing_file_is_an_error(void **state)
{
	struct values values = defaults();
	struct err err;

	(void)state;
	assert_fails(option_read_file(&table, &values, "/nonexistent/test.conf", &err), &err,
		ERR_INVALID);
	assert_string_equal(
		err.text, "/nonexistent/test.conf cannot be read: No such file or directory");
}

static void a_directory_is_no_file(void **state)
{
	struct values values = defaults();
	struct err err;

	(void)state;
	assert_fails(option_read_file(&table, &values, "/", &err), &err, ERR_INVALID);
	assert_string_equal(err.text, "/ cannot be read: Is a directory");
	assert_false(option_read_one(&table, &values, "/", "name"));
}

/* ---- output ---- */

static void a_printed_file_explains_each_option(void **state)
{
	struct values values = defaults();
	struct buf out = BUF_INIT;

	(void)state;
	option_print(&table, &values, &out);
	assert_str(buf_str(&out), "# Where.\n# Restart to change.\npath = /tmp\n"
				  "\n# red or green.\ncolor = red\n"
				  "\n# How large.\n# 3 to 64 bytes. Restart to change.\nsize = 5\n"
				  "\n# Which mode.\n# 0000 to 0777.\nmode = 0640\n"
				  "\n# How old.\n# 0 to 2d.\nage = 0\n"
				  "\n# How old here.\n# 0 to 2d.\n"
				  "age.cat.most = \nage.dog.most = \n");
	buf_free(&out);
}

static void a_printed_file_reads_back(void **state)
{
	struct values values = defaults(), again = defaults();
	struct buf out = BUF_INIT;
	struct err err;

	(void)state;
	set(&values, "path", "/some/where with a space");
	set(&values, "color", "green");
	set(&values, "size", "64");
	set(&values, "mode", "0");
	set(&values, "age", "36h");
	set(&values, "age.dog.most", "90s");
	option_print(&table, &values, &out);
	must(option_read_file(&table, &again, write_file(buf_str(&out)), &err), &err);
	assert_memory_equal(&again, &values, sizeof(again));
	buf_free(&out);
}

/* ---- reload ---- */

static void a_reload_keeps_options_that_need_a_restart(void **state)
{
	struct values before = defaults(), after = defaults();
	struct buf names = BUF_INIT;

	(void)state;
	set(&after, "path", "/elsewhere");
	set(&after, "color", "green");
	set(&after, "size", "6");
	option_keep_startup(&table, &before, &after, &names);
	assert_str(buf_str(&names), "path, size");
	assert_string_equal(after.path, "/tmp");
	assert_string_equal(after.color, "green");
	assert_int_equal(after.size, 5);
	buf_reset(&names);
	option_keep_startup(&table, &before, &after, &names);
	assert_int_equal(names.len, 0);
	buf_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(defaults_are_set),
		CHECK(a_number_has_bounds),
		CHECK(an_octal_number_has_bounds),
		CHECK(a_number_is_read_by_its_name),
		CHECK(a_text_has_a_longest_size),
		CHECK(a_shorter_text_leaves_nothing_of_the_longer_one),
		CHECK(a_text_may_have_a_rule),
		CHECK(an_unknown_name_is_an_error),
		CHECK(valid_files_are_read),
		CHECK(errors_of_a_file_name_the_line),
		CHECK(a_duration_has_a_unit),
		CHECK(a_family_has_an_option_per_variant),
		CHECK(a_missing_file_is_an_error),
		CHECK(a_directory_is_no_file),
		CHECK(a_printed_file_explains_each_option),
		CHECK(a_printed_file_reads_back),
		CHECK(a_reload_keeps_options_that_need_a_restart),
	};

	return CHECK_RUN(tests);
}
