/* Texts of the service and of commands on a terminal. */
#include "lib/check.h"
#include "worker/terminal.h"

static void expect_text(struct str text, const char *expected)
{
	struct buf out = BUF_INIT;

	terminal_put(&out, text);
	buf_putc(&out, '\0');
	assert_string_equal(out.data, expected);
	buf_free(&out);
}

static void letters_are_kept(void **state)
{
	(void)state;
	expect_text(STR("a ~\"\\ \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"),
		"a ~\"\\ \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
	/* The neighbours of what is replaced. */
	expect_text(STR("\xc2\xa0 \xe2\x80\x8d \xe2\x80\xaf \xe2\x81\xa5 \xe2\x81\xaa"),
		"\xc2\xa0 \xe2\x80\x8d \xe2\x80\xaf \xe2\x81\xa5 \xe2\x81\xaa");
}

static void control_characters_are_replaced(void **state)
{
	(void)state;
	expect_text(STR("a\x1b[2J\n\r\x7f\0z"), "a?[2J????z");
	expect_text(STR("\xc2\x80 \xc2\x9b"
			"2J \xc2\x9f"),
		"? ?2J ?");
}

static void directions_are_replaced(void **state)
{
	(void)state;
	expect_text(STR("\xe2\x80\xaa \xe2\x80\xae \xe2\x81\xa6 \xe2\x81\xa9"), "? ? ? ?");
	expect_text(STR("\xd8\x9c \xe2\x80\x8e \xe2\x80\x8f \xe2\x80\xa8"), "? ? ? ?");
}

static void invalid_bytes_are_replaced(void **state)
{
	(void)state;
	expect_text(STR("\x9b"
			"2J \xe2\x80 \xc0\x80"),
		"?2J ?? ??");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(letters_are_kept),
		CHECK(control_characters_are_replaced),
		CHECK(directions_are_replaced),
		CHECK(invalid_bytes_are_replaced),
	};

	return CHECK_RUN(tests);
}
