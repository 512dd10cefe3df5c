/* The figures of a progress as text. */
#include "ctl/progress_text.h"
#include "lib/check.h"

static void expect(struct progress_figures figures, const char *text)
{
	char got[200];

	progress_format(&figures, got, sizeof(got));
	assert_string_equal(got, text);
}

static void figures_are_shown_as_far_as_known(void **state)
{
	(void)state;
	expect((struct progress_figures){ "migrate", NULL, NULL, 0, 0, 4900 }, "migrate: 4 s");
	expect((struct progress_figures){ "migrate", "index", NULL, 0, 0, 125000 },
		"migrate: index, 2m05s");
	expect((struct progress_figures){ "verify", NULL, "tasks", 5000, 0, 2000 },
		"verify: 5000 tasks, 2500/s");
	expect((struct progress_figures){ "verify", NULL, "tasks", 5000, 20000, 2000 },
		"verify: 5000 of 20000 tasks (25 %), 2500/s, 6 s left");
	expect((struct progress_figures){ "verify", NULL, "tasks", 20000, 20000, 2000 },
		"verify: 20000 of 20000 tasks (100 %), 10000/s");
	expect((struct progress_figures){ "backup", "copying", NULL, 1500000, 3000000000, 3000 },
		"backup: copying, 1.5 MB of 3.0 GB (0 %), 500.0 kB/s, 1h39m left");
}

/* More than was expected, and a clock that has not moved. */
static void odd_figures_do_no_harm(void **state)
{
	(void)state;
	expect((struct progress_figures){ "v", NULL, "tasks", 30, 20, 1000 },
		"v: 30 of 20 tasks (150 %), 30/s");
	expect((struct progress_figures){ "v", NULL, "tasks", 30, 20, 0 }, "v: 0 s");
	expect((struct progress_figures){ "v", NULL, "tasks", UINT64_MAX, UINT64_MAX, 1 },
		"v: 18446744073709551615 of 18446744073709551615 tasks (100 %), "
		"1000000000000000/s");
	expect((struct progress_figures){ "v", NULL, "tasks", 1, UINT64_MAX, 1000000000 },
		"v: 1 of 18446744073709551615 tasks (0 %), 0/s, 11574074074d01h left");
}

static void text_is_cut(void **state)
{
	char got[10] = "";

	(void)state;
	progress_format(&(struct progress_figures){ "verify", NULL, "tasks", 5000, 20000, 2000 },
		got, sizeof(got));
	assert_string_equal(got, "verify: 5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(figures_are_shown_as_far_as_known),
		CHECK(odd_figures_do_no_harm),
		CHECK(text_is_cut),
	};

	return CHECK_RUN(tests);
}
