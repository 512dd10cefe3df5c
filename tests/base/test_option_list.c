/* An option that may be given several times (base/option.h). */
#include <stdio.h>

#include "base/option.h"
#include "lib/check.h"

#define FULL "item may be given 3 times, with 15 bytes in all"

struct values {
	char items[16];
};

static const struct option_row rows[] = { { "item", OPTION_LIST_IN(values, items),
	.default_value = "", .max = 3, .help = "Which of them." } };

static bool check_item(const char *item, struct err *err)
{
	return strchr(item, '!') == NULL ||
	       err_set(err, ERR_INVALID, NULL, "an item has no exclamation mark");
}

static const struct option_table table = { rows, 1, NULL, check_item };

static struct values defaults(void)
{
	struct values values;

	option_set_defaults(&table, &values);
	return values;
}

static void add(struct values *values, const char *item)
{
	struct err err;

	must(option_set(&table, values, "item", item, &err), &err);
}

static void assert_refused(struct values *values, const char *item, const char *text)
{
	struct values before = *values;
	struct err err;

	assert_fails(option_set(&table, values, "item", item, &err), &err, ERR_INVALID);
	assert_string_equal(err.field, "item");
	assert_string_equal(err.text, text);
	assert_memory_equal(values, &before, sizeof(before));
}

static void each_time_adds_an_item(void **state)
{
	struct values values = defaults();

	(void)state;
	assert_string_equal(values.items, "");
	add(&values, "a = b");
	add(&values, "c");
	assert_string_equal(values.items, "a = b\nc\n");
	add(&values, "");
	assert_string_equal(values.items, "");
}

static void items_are_limited(void **state)
{
	struct values values = defaults();

	(void)state;
	add(&values, "a = b");
	add(&values, "c");
	assert_refused(&values, "12345678", FULL);
	assert_refused(&values, "a\nb", FULL);
	add(&values, "123456");
}

static void the_number_of_items_is_limited(void **state)
{
	struct values values = defaults();

	(void)state;
	for (int i = 0; i < 3; i++)
		add(&values, "a");
	assert_refused(&values, "a", FULL);
}

static void items_have_a_rule(void **state)
{
	struct values values = defaults();

	(void)state;
	assert_refused(&values, "a!", "item: an item has no exclamation mark");
}

static void a_printed_list_reads_back(void **state)
{
	struct values values = defaults(), again = defaults();
	struct buf out = BUF_INIT;
	struct err err;
	char path[256];
	FILE *file;

	(void)state;
	option_print(&table, &values, &out);
	assert_str(buf_str(&out), "# Which of them.\nitem = \n");
	buf_reset(&out);
	add(&values, "a = b");
	add(&values, "c");
	option_print(&table, &values, &out);
	assert_str(buf_str(&out), "# Which of them.\nitem = a = b\nitem = c\n");
	snprintf(path, sizeof(path), "%s/file", check_temp_dir());
	file = fopen(path, "wb");
	assert_non_null(file);
	fprintf(file, "item = lost\nitem =\n%.*s", STR_ARGS(buf_str(&out)));
	assert_int_equal(fclose(file), 0);
	must(option_read_file(&table, &again, path, &err), &err);
	assert_memory_equal(&values, &again, sizeof(values));
	buf_free(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(each_time_adds_an_item),
		CHECK(items_are_limited),
		CHECK(the_number_of_items_is_limited),
		CHECK(items_have_a_rule),
		CHECK(a_printed_list_reads_back),
	};

	return CHECK_RUN(tests);
}
