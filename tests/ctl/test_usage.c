/* The usage text: each command once, in a group that was made for it. */
#include <stdio.h>
#include <stdlib.h>

#include "admin/command.h"
#include "ctl/usage.h"
#include "lib/check.h"

static char *print(const struct ctl_command *more)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);

	assert_non_null(memory);
	usage_print(memory, more);
	assert_int_equal(fclose(memory), 0);
	return text;
}

/* The number of lines that begin with the command. */
static unsigned count(const char *text, const char *command)
{
	char line[80];
	unsigned found = 0;

	snprintf(line, sizeof(line), "\n  %s", command);
	while ((text = strstr(text, line))) {
		text += strlen(line);
		found += *text == ' ' || *text == '\n';
	}
	return found;
}

static const struct ctl_command none[] = { { 0 } };

static void each_command_is_printed_once(void **state)
{
	char *text = print(none);

	(void)state;
	for (const struct ctl_command *command = ctl_commands; command->word; command++)
		assert_int_equal(count(text, command->word), 1);
	for (const struct admin_command *command = admin_commands; command->words; command++) {
		if (!command->internal)
			assert_int_equal(count(text, command->words), 1);
	}
	assert_int_equal(count(text, "hold-logs"), 0);
	free(text);
}

static void each_command_has_a_group(void **state)
{
	/* That of polytaskctl.c. */
	static const struct ctl_command work[] = { { .word = "work", .usage = "", .help = "h" },
		{ 0 } };
	char *text = print(work);

	(void)state;
	assert_non_null(strstr(text, "\n\nTasks:\n  task list ["));
	assert_non_null(strstr(text, "\n  task retry [--tenant TENANT] {ID | --all "));
	assert_null(strstr(text, "Other commands"));
	free(text);
}

static void command_without_a_group_is_printed_last(void **state)
{
	static const struct ctl_command more[] = { { .word = "fly", .usage = " AWAY", .help = "h" },
		{ 0 } };
	char *text = print(more), *end = strstr(text, "\n\nOther commands:\n");

	(void)state;
	assert_non_null(end);
	assert_string_equal(end, "\n\nOther commands:\n  fly AWAY\n        h\n"
				 "\npolytaskctl help COMMAND explains a command and its "
				 "options.\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(each_command_is_printed_once),
		CHECK(each_command_has_a_group),
		CHECK(command_without_a_group_is_printed_last),
	};

	return CHECK_RUN(tests);
}
