/* Names of stored files. The files themselves: tests/e2e/test_import_hostile.py. */
#include <stdlib.h>

#include "import/place.h"
#include "lib/check.h"

static void names_are_cleaned(void **state)
{
	static const struct {
		const char *raw, *name;
	} cases[] = {
		{ "a.wav", "a.wav" },
		{ "A-b_9.tar.gz", "A-b_9.tar.gz" },
		{ "", "file" },
		{ ".", "_" },
		{ "..", "_." },
		{ ".htaccess", "_htaccess" },
		{ "../x", "_._x" },
		{ "-rf", "_rf" },
		{ "--help", "_-help" },
		{ "-", "_" },
		{ "a-", "a-" },
		{ "a/b\\c", "a_b_c" },
		{ "a b\tc\nd", "a_b_c_d" },
		{ "\303\274.wav", "__.wav" },
		{ "\x1b[31m", "__31m" },
		{ "$HOME`id`;&|*?", "_HOME_id______" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[PLACE_NAME_MAX + 1];

		place_clean(str_cstr(cases[i].raw), name);
		assert_string_equal(name, cases[i].name);
	}
	{
		char name[PLACE_NAME_MAX + 1];

		place_clean((struct str){ "a\0b", 3 }, name);
		assert_string_equal(name, "a_b");
	}
}

/* Every length around the limit, with endings of every length. */
static void long_names_keep_their_ending(void **state)
{
	(void)state;
	for (size_t stem = 0; stem < 130; stem++) {
		for (size_t ending = 0; ending < 20; ending++) {
			char raw[160], name[PLACE_NAME_MAX + 1];
			struct str text = { raw, stem + ending };
			size_t kept = text.len < PLACE_NAME_MAX ? text.len : PLACE_NAME_MAX;

			memset(raw, 'x', stem);
			memset(raw + stem, 'e', ending);
			if (ending > 0)
				raw[stem] = '.';
			place_clean(text, name);
			assert_int_equal(strlen(name), text.len > 0 ? kept : strlen("file"));
			if (stem > 0 && ending > 0 && ending <= 16)
				assert_memory_equal(name + kept - ending, raw + stem, ending);
		}
	}
}

static void copies_are_numbered(void **state)
{
	static const struct {
		const char *name;
		unsigned n;
		const char *expected;
	} cases[] = {
		{ "7-a.wav", 1, "7-a.wav" },
		{ "7-a.wav", 2, "7-a-2.wav" },
		{ "7-a.tar.gz", 100, "7-a.tar-100.gz" },
		{ "7-a", 3, "7-a-3" },
		{ "7-a.", 3, "7-a-3." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[PLACE_FILE_SIZE];

		place_numbered(cases[i].name, cases[i].n, name);
		assert_string_equal(name, cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(names_are_cleaned),
		CHECK(long_names_keep_their_ending),
		CHECK(copies_are_numbered),
	};

	return CHECK_RUN(tests);
}
