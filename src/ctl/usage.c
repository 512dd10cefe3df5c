#include "ctl/usage.h"

#include "admin/command.h"

/* First words of commands, in the order of polytaskctl(8). Ends with a group of all others. */
static const struct group {
	const char *title, *words;
} groups[] = {
	{ "The service", "status reload stop print-config" },
	{ "Users and credentials", "user password token key" },
	{ "Quotas and numbers", "quota number" },
	{ "Workers", "worker work" },
	{ "Webhooks", "webhook" },
	{ "Tasks", "task events show load-sample" },
	{ "The store", "verify reindex repair checkpoint migrate export import" },
	{ "Backups", "backup restore" },
	{ "Signed requests", "sign" },
	{ "Other commands", NULL },
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

/* The first group that has the first word of the command. */
static const struct group *group_of(const char *command)
{
	struct str first = { command, strcspn(command, " ") };
	const struct group *group = groups;

	for (; group->words; group++) {
		struct str rest = str_cstr(group->words);

		while (rest.len > 0) {
			if (str_eq(str_split_next(&rest, ' '), first))
				return group;
		}
	}
	return group;
}

/* Prints the title before the first command of the group. */
static void print_command(FILE *to, const struct group *group, bool *begun, const char *word,
	struct str usage, const char *help)
{
	if (group_of(word) != group)
		return;
	if (!*begun)
		fprintf(to, "\n%s:\n", group->title);
	*begun = true;
	fprintf(to, "  %.*s\n        %s\n", STR_ARGS(usage), help);
}

static void print_ctl_commands(
	FILE *to, const struct group *group, bool *begun, const struct ctl_command *command)
{
	for (; command->word; command++) {
		struct buf line = BUF_INIT;

		buf_puts(&line, command->word);
		buf_puts(&line, command->usage);
		print_command(to, group, begun, command->word, buf_str(&line), command->help);
		buf_free(&line);
	}
}

static void print_admin_commands(FILE *to, const struct group *group, bool *begun)
{
	for (const struct admin_command *command = admin_commands; command->words; command++) {
		struct buf line = BUF_INIT;

		if (command->internal)
			continue;
		admin_put_usage(command, &line);
		print_command(to, group, begun, command->words, buf_str(&line), command->help);
		buf_free(&line);
	}
}

void usage_print(FILE *to, const struct ctl_command *more)
{
	fputs("usage: polytaskctl [-c FILE] [-o NAME=VALUE]... COMMAND...\n", to);
	for (size_t i = 0; i < GROUPS; i++) {
		bool begun = false;

		print_ctl_commands(to, &groups[i], &begun, ctl_commands);
		print_ctl_commands(to, &groups[i], &begun, more);
		print_admin_commands(to, &groups[i], &begun);
	}
}
