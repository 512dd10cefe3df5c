#include "ctl/help.h"

#include <ctype.h>

#include "ctl/suggest.h"
#include "ctl/usage.h"

#define NAME_WIDTH 28 /* of an option with its value */
#define NAME_MAX   64

/* ---- a command ---- */

static void print_option(FILE *to, const struct ctl_option *option)
{
	char name[NAME_MAX];

	snprintf(name, sizeof(name), "--%s%s%s", option->name, option->value ? " " : "",
		option->value ? option->value : "");
	if (strlen(name) > NAME_WIDTH)
		fprintf(to, "  %s\n  %*s  %s\n", name, NAME_WIDTH, "", option->help);
	else
		fprintf(to, "  %-*s  %s\n", NAME_WIDTH, name, option->help);
}

void help_print_usage(FILE *to, const struct verb *verb)
{
	struct buf line = BUF_INIT;

	verb_put_usage(verb, &line);
	fprintf(to, "usage: polytaskctl %.*s\n", STR_ARGS(buf_str(&line)));
	buf_free(&line);
}

void help_print_verb(FILE *to, const struct verb *verb)
{
	struct ctl_option option;

	help_print_usage(to, verb);
	fprintf(to, "\n%c%s.\n", toupper((unsigned char)verb->help[0]), verb->help + 1);
	if (verb->admin && verb->admin->columns)
		fprintf(to, "Columns: %s.\n", verb->admin->columns);
	for (size_t i = 0; verb_option_at(verb, &option, i); i++) {
		if (i == 0)
			fputs("\nOptions:\n", to);
		print_option(to, &option);
	}
}

static void print_subcommands(FILE *to, const struct ctl_command *more, const char *word)
{
	size_t len = strlen(word);
	struct verb verb;

	fprintf(to, "usage: polytaskctl %s SUBCOMMAND...\n\n", word);
	for (size_t i = 0; verb_at(&verb, more, i); i++) {
		if (strncmp(verb.words, word, len) == 0 && verb.words[len] == ' ')
			usage_print_verb(to, &verb);
	}
}

/* ---- what was meant ---- */

/* Compares the second word with those of the group if the first word is a group, else the first. */
void help_suggest_command(const struct ctl_command *more, const char *const *words, size_t count)
{
	bool known = count > 0 && verb_is_group(more, words[0]);
	size_t typed = known ? 1 : 0;
	struct suggestion suggestion = { 0 };
	struct verb verb;

	for (size_t i = 0; count > typed && verb_at(&verb, more, i); i++) {
		struct str rest = str_cstr(verb.words), word = str_split_next(&rest, ' ');
		char candidate[NAME_MAX];

		if (known && !str_eq(word, str_cstr(words[0])))
			continue;
		word = known ? rest : word;
		snprintf(candidate, sizeof(candidate), "%.*s", STR_ARGS(word));
		suggestion_try(&suggestion, words[typed], candidate);
	}
	if (suggestion.best[0])
		fprintf(stderr, "polytaskctl: did you mean '%s%s%s'?\n", known ? words[0] : "",
			known ? " " : "", suggestion.best);
}

static void try_options(struct suggestion *suggestion, const struct verb *verb, const char *typed)
{
	struct ctl_option option;

	for (size_t i = 0; verb_option_at(verb, &option, i); i++)
		suggestion_try(suggestion, typed, option.name);
}

void help_suggest_option(const struct ctl_command *more, const struct verb *verb, const char *typed)
{
	static const char *const general[] = { "config", "option", "help", "version" };
	struct suggestion suggestion = { 0 };
	struct verb each;

	if (verb)
		try_options(&suggestion, verb, typed);
	for (size_t i = 0; !verb && verb_at(&each, more, i); i++)
		try_options(&suggestion, &each, typed);
	for (size_t i = 0; i < sizeof(general) / sizeof(general[0]); i++)
		suggestion_try(&suggestion, typed, general[i]);
	if (suggestion.best[0])
		fprintf(stderr, "polytaskctl: did you mean '--%s'?\n", suggestion.best);
}

/* ---- the command ---- */

static int print_help(
	const struct ctl_command *more, const char *const *words, size_t count, bool operands)
{
	struct verb verb;
	size_t used = verb_find(&verb, more, words, count);

	if (count == 0)
		usage_print(stdout, more);
	else if (used > 0 && (used == count || operands))
		help_print_verb(stdout, &verb);
	else if (count == 1 && verb_is_group(more, words[0]))
		print_subcommands(stdout, more, words[0]);
	else {
		fprintf(stderr, "polytaskctl: unknown command '%s%s%s'\n", words[0],
			count > 1 ? " " : "", count > 1 ? words[1] : "");
		help_suggest_command(more, words, count);
		return EXIT_USAGE;
	}
	return 0;
}

int ctl_help(struct ctl *ctl)
{
	return print_help(ctl->more, ctl->words + 1, ctl->count - 1, false);
}

int ctl_help_of_words(const struct ctl *ctl)
{
	return print_help(ctl->more, ctl->words, ctl->count, true);
}
