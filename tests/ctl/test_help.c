/* The help of commands: each option of each command has a line. */
#include <stdio.h>
#include <stdlib.h>

#include "admin/command.h"
#include "admin/option_help.h"
#include "ctl/help.h"
#include "lib/check.h"

static const struct ctl_option fly_options[] = { { "height", "METRES", "how high" }, { 0 } };
static const struct ctl_command more[] = { { .word = "fly",
						   .usage = " [--height METRES]",
						   .own_options = fly_options,
						   .help = "fly away" },
	{ 0 } };

static char *print(const struct verb *verb)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);

	assert_non_null(memory);
	help_print_verb(memory, verb);
	assert_int_equal(fclose(memory), 0);
	return text;
}

static void each_option_is_explained(void **state)
{
	struct verb verb;
	size_t commands = 0;

	(void)state;
	for (; verb_at(&verb, more, commands); commands++) {
		char *text = print(&verb);
		struct ctl_option option;

		for (size_t i = 0; verb_option_at(&verb, &option, i); i++) {
			char line[80];

			snprintf(line, sizeof(line), "\n  --%s%s", option.name,
				option.value ? " " : "");
			assert_non_null(strstr(text, line));
			assert_non_null(option.help);
			assert_int_not_equal(option.help[strlen(option.help) - 1], '.');
		}
		free(text);
	}
	assert_true(commands > 50);
}

/* An exception must not turn an option with a value into one without. */
static void exceptions_keep_the_kind(void **state)
{
	(void)state;
	for (const struct admin_command *command = admin_commands; command->words; command++) {
		for (enum admin_option i = 0; i < ADMIN_OPTIONS; i++) {
			struct admin_option_help help = admin_option_help(command->words, i);

			assert_non_null(help.text);
			assert_int_equal(help.value != NULL, admin_options[i].value != NULL);
		}
	}
}

static void the_longest_form_is_complete(void **state)
{
	struct verb verb;
	char *text;

	(void)state;
	assert_int_equal(verb_find(&verb, more, (const char *const[]){ "fly" }, 1), 1);
	text = print(&verb);
	assert_string_equal(text,
		"usage: polytaskctl fly [--height METRES]\n\nFly away.\n\nOptions:\n"
		"  --height METRES               how high\n");
	free(text);
}

static void words_name_commands(void **state)
{
	struct verb verb;

	(void)state;
	assert_int_equal(verb_find(&verb, more, (const char *const[]){ "user", "add", "x" }, 3), 2);
	assert_string_equal(verb.words, "user add");
	assert_int_equal(verb_find(&verb, more, (const char *const[]){ "user" }, 1), 0);
	assert_int_equal(verb_find(&verb, more, (const char *const[]){ "hold-logs" }, 1), 0);
	assert_true(verb_is_group(more, "user"));
	assert_false(verb_is_group(more, "use"));
	assert_false(verb_is_group(more, "fly"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(each_option_is_explained),
		CHECK(exceptions_keep_the_kind),
		CHECK(the_longest_form_is_complete),
		CHECK(words_name_commands),
	};

	return CHECK_RUN(tests);
}
