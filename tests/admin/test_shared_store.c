/* Commands for a store in the home are refused on a shared one, and say what to use instead. */
#include <stdio.h>

#include "admin/admin_fixture.h"
#include "admin/command.h"

static int open_shared_store(void **state)
{
	int status = open_store(state);

	snprintf(conf.store, sizeof(conf.store), "postgresql:///polytask");
	return status;
}

static int close_shared_store(void **state)
{
	conf.store[0] = '\0';
	return close_store(state);
}

#define ON_SHARED(function) \
	cmocka_unit_test_setup_teardown(function, open_shared_store, close_shared_store)

static void commands_for_files_are_refused(void **state)
{
	static const char *const lines[] = { "repair", "checkpoint", "migrate", "reindex" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct call_result result;

		result = run_line(lines[i], "");
		assert_int_equal(result.status, 6);
		assert_string_equal(result.out, "");
		assert_non_null(strstr(result.err, "is for a store in the home: "));
		free_result(&result);
	}
}

static void other_commands_run(void **state)
{
	struct call_result result;

	(void)state;
	result = run_line("user add demo", "");
	assert_int_equal(result.status, 0);
	free_result(&result);
	result = run_line("verify", "");
	assert_int_equal(result.status, 0);
	free_result(&result);
}

/* One sentence each. */
static void refusals_are_sentences(void **state)
{
	unsigned refused = 0;

	(void)state;
	for (const struct admin_command *command = admin_commands; command->words; command++) {
		if (!command->instead)
			continue;
		refused++;
		assert_int_equal(command->instead[strlen(command->instead) - 1], '.');
		assert_null(strstr(command->instead, ". "));
	}
	assert_int_equal(refused, 5);
}

static void store_in_the_home_refuses_nothing(void **state)
{
	struct call_result result;

	(void)state;
	result = run_line("checkpoint", "");
	assert_int_equal(result.status, 0);
	free_result(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SHARED(commands_for_files_are_refused),
		ON_SHARED(other_commands_run),
		ON_SHARED(refusals_are_sentences),
		WITH_STORE(store_in_the_home_refuses_nothing),
	};

	return CHECK_RUN(tests);
}
