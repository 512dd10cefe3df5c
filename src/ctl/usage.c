#include "ctl/usage.h"

#include "ctl/verb.h"

/* First words of commands, in the order of polytaskctl(8). Ends with a group of all others. */
static const struct group {
	const char *title, *words;
} groups[] = {
	{ "The service", "status top reload stop print-config" },
	{ "Users and credentials", "user password token key" },
	{ "Quotas and numbers", "quota number" },
	{ "Workers", "worker work" },
	{ "Webhooks", "webhook" },
	{ "Tasks", "task bulk events show load-sample" },
	{ "The store", "store verify reindex repair checkpoint migrate copy export import" },
	{ "Backups", "backup restore" },
	{ "Signed requests", "sign" },
	{ "This program", "help completion" },
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

static void print_group(FILE *to, const struct group *group, const struct ctl_command *more)
{
	bool begun = false;
	struct verb verb;

	for (size_t i = 0; verb_at(&verb, more, i); i++) {
		if (group_of(verb.words) != group)
			continue;
		if (!begun)
			fprintf(to, "\n%s:\n", group->title);
		begun = true;
		usage_print_verb(to, &verb);
	}
}

void usage_print_verb(FILE *to, const struct verb *verb)
{
	struct buf line = BUF_INIT;

	verb_put_usage(verb, &line);
	fprintf(to, "  %.*s\n        %s\n", STR_ARGS(buf_str(&line)), verb->help);
	buf_free(&line);
}

void usage_print(FILE *to, const struct ctl_command *more)
{
	fputs("usage: polytaskctl [-c FILE] [-o NAME=VALUE]... COMMAND...\n", to);
	for (size_t i = 0; i < GROUPS; i++)
		print_group(to, &groups[i], more);
	fputs("\npolytaskctl help COMMAND explains a command and its options.\n", to);
}
