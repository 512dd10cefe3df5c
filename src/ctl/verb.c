#include "ctl/verb.h"

#include "admin/command.h"
#include "admin/option_help.h"

bool verb_at(struct verb *verb, const struct ctl_command *more, size_t number)
{
	const struct ctl_command *const lists[] = { ctl_commands, more };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (const struct ctl_command *ctl = lists[i]; ctl->word; ctl++) {
			if (number-- > 0)
				continue;
			*verb = (struct verb){ ctl->word, ctl->help, ctl, NULL };
			return true;
		}
	}
	for (const struct admin_command *admin = admin_commands; admin->words; admin++) {
		if (admin->internal || number-- > 0)
			continue;
		*verb = (struct verb){ admin->words, admin->help, NULL, admin };
		return true;
	}
	return false;
}

/* The number of words that name the command; 0 if they do not. */
static size_t match(const char *names, const char *const *words, size_t count)
{
	struct str rest = str_cstr(names);
	size_t used = 0;

	while (rest.len > 0) {
		struct str name = str_split_next(&rest, ' ');

		if (used == count || !str_eq(name, str_cstr(words[used])))
			return 0;
		used++;
	}
	return used;
}

size_t verb_find(
	struct verb *verb, const struct ctl_command *more, const char *const *words, size_t count)
{
	for (size_t i = 0; verb_at(verb, more, i); i++) {
		size_t used = match(verb->words, words, count);

		if (used > 0)
			return used;
	}
	return 0;
}

bool verb_is_group(const struct ctl_command *more, const char *word)
{
	size_t len = strlen(word);
	struct verb verb;

	for (size_t i = 0; verb_at(&verb, more, i); i++) {
		if (strncmp(verb.words, word, len) == 0 && verb.words[len] == ' ')
			return true;
	}
	return false;
}

void verb_put_usage(const struct verb *verb, struct buf *out)
{
	if (verb->admin) {
		admin_put_usage(verb->admin, out);
		return;
	}
	buf_puts(out, verb->words);
	buf_puts(out, verb->ctl->usage);
}

bool verb_option_at(const struct verb *verb, struct ctl_option *option, size_t number)
{
	uint64_t options = verb->admin ? verb->admin->options : verb->ctl->options;
	const struct ctl_option *own = verb->ctl ? verb->ctl->own_options : NULL;

	for (enum admin_option i = 0; i < ADMIN_OPTIONS; i++) {
		struct admin_option_help help;

		if (!(options & ADMIN_BIT(i)) || admin_options[i].internal || number-- > 0)
			continue;
		help = admin_option_help(verb->words, i);
		*option = (struct ctl_option){ admin_options[i].name, help.value, help.text };
		return true;
	}
	for (; own && own->name; own++) {
		if (number-- > 0)
			continue;
		*option = *own;
		return true;
	}
	return false;
}
