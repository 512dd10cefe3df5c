#include "ctl/completion.h"

#include <stdio.h>

#include "ctl/completion_scripts.h"
#include "ctl/completion_values.h"
#include "ctl/fail.h"
#include "ctl/verb.h"

/* Of every command; -c and -o are short forms of the first two. */
static const struct ctl_option general[] = {
	{ "config", "FILE", NULL },
	{ "option", "NAME=VALUE", NULL },
	{ "help", NULL, NULL },
	{ "version", NULL, NULL },
	{ 0 },
};

/* seen: words with blanks between them, to which a new one is added. */
static bool is_new(struct buf *seen, struct str word)
{
	struct str rest = buf_str(seen);

	while (rest.len > 0) {
		if (str_eq(str_split_next(&rest, ' '), word))
			return false;
	}
	buf_put_str(seen, word);
	buf_puts(seen, " ");
	return true;
}

/* ---- words ---- */

static void put_first_words(const struct ctl_command *more, struct buf *out)
{
	struct buf seen = BUF_INIT;
	struct verb verb;

	for (size_t i = 0; verb_at(&verb, more, i); i++) {
		struct str rest = str_cstr(verb.words), first = str_split_next(&rest, ' ');

		if (is_new(&seen, first))
			buf_printf(out, "%.*s ", STR_ARGS(first));
	}
	buf_free(&seen);
}

static void put_second_words(const struct ctl_command *more, struct str group, struct buf *out)
{
	struct verb verb;

	for (size_t i = 0; verb_at(&verb, more, i); i++) {
		struct str rest = str_cstr(verb.words);

		if (str_eq(str_split_next(&rest, ' '), group) && rest.len > 0)
			buf_printf(out, "%.*s ", STR_ARGS(rest));
	}
}

static void put_kind(enum completion_kind kind, struct str words, struct buf *out)
{
	static const char *const names[] = {
		[COMPLETION_NONE] = "none",
		[COMPLETION_WORDS] = "words",
		[COMPLETION_LIST] = "list",
		[COMPLETION_FILE] = "file",
		[COMPLETION_FOLDER] = "folder",
	};

	buf_printf(out, " KIND=%s REPLY='%.*s'", names[kind], STR_ARGS(words));
}

static void put_reply(enum completion_kind kind, struct str words, struct buf *out)
{
	put_kind(kind, words, out);
	buf_puts(out, " ;;\n");
}

/* The subcommands of a group, or the operand of a command. */
static void put_next_words(const struct ctl_command *more, struct buf *out)
{
	struct buf seen = BUF_INIT, words = BUF_INIT;
	struct verb verb;

	for (size_t i = 0; verb_at(&verb, more, i); i++) {
		struct str rest = str_cstr(verb.words), first = str_split_next(&rest, ' ');
		enum completion_kind kind = COMPLETION_WORDS;

		if (!is_new(&seen, first))
			continue;
		buf_reset(&words);
		if (rest.len > 0)
			put_second_words(more, first, &words);
		else
			kind = completion_of_operand(verb.words, &words);
		buf_printf(out, "\t%.*s)", STR_ARGS(first));
		put_reply(kind, buf_str(&words), out);
	}
	buf_free(&seen);
	buf_free(&words);
}

static void put_words_function(const struct ctl_command *more, struct buf *out)
{
	struct buf words = BUF_INIT;

	put_first_words(more, &words);
	buf_printf(out,
		"_polytaskctl_words()\n{\n"
		"\tKIND=none REPLY=\n"
		"\tif [ $# -gt 1 ] && [ \"$1\" = help ]; then\n"
		"\t\tshift\n"
		"\telif [ $# -eq 0 ] || { [ $# -eq 1 ] && [ \"$1\" = help ]; }; then\n"
		"\t\tKIND=words REPLY='%.*s'\n"
		"\t\treturn\n"
		"\tfi\n"
		"\t[ $# -eq 1 ] || return\n"
		"\tcase $1 in\n",
		STR_ARGS(buf_str(&words)));
	put_next_words(more, out);
	buf_puts(out, "\tesac\n}\n\n");
	buf_free(&words);
}

/* ---- options ---- */

static void put_options_function(const struct ctl_command *more, struct buf *out)
{
	struct ctl_option option;
	struct verb verb;

	buf_puts(out, "_polytaskctl_options()\n{\n\tREPLY=\n\tcase \"$1 $2\" in\n");
	for (size_t i = 0; verb_at(&verb, more, i); i++) {
		bool one_word = !strchr(verb.words, ' ');

		buf_printf(out, one_word ? "\t'%s '*) REPLY='" : "\t'%s') REPLY='", verb.words);
		for (size_t j = 0; verb_option_at(&verb, &option, j); j++)
			buf_printf(out, "--%s ", option.name);
		buf_puts(out, "' ;;\n");
	}
	buf_puts(out, "\tesac\n\tREPLY=\"$REPLY");
	for (const struct ctl_option *row = general; row->name; row++)
		buf_printf(out, " --%s", row->name);
	buf_puts(out, "\"\n}\n\n");
}

static void put_value(const struct ctl_option *option, struct buf *seen, struct buf *out)
{
	struct buf words = BUF_INIT;
	enum completion_kind kind;

	if (option->value && is_new(seen, str_cstr(option->name))) {
		kind = completion_of_option(option->name, &words);
		buf_printf(out, "\t--%s)", option->name);
		put_reply(kind, buf_str(&words), out);
	}
	buf_free(&words);
}

static void put_exceptions(struct buf *out)
{
	enum completion_kind kind;
	const char *words;

	buf_puts(out, "\tcase \"$1 $2\" in\n");
	for (size_t i = 0; (words = completion_exception(i, &kind)); i++) {
		buf_printf(out, "\t'%s')", words);
		put_kind(kind, STR(""), out);
		buf_puts(out, "; return ;;\n");
	}
	buf_puts(out, "\tesac\n");
}

static void put_values_function(const struct ctl_command *more, struct buf *out)
{
	struct buf seen = BUF_INIT;
	struct ctl_option option;
	struct verb verb;

	buf_puts(out, "_polytaskctl_values()\n{\n");
	put_exceptions(out);
	buf_puts(out, "\tcase $1 in\n\t-c)");
	put_reply(COMPLETION_FILE, STR(""), out);
	buf_puts(out, "\t-o)");
	put_reply(COMPLETION_NONE, STR(""), out);
	for (const struct ctl_option *row = general; row->name; row++)
		put_value(row, &seen, out);
	for (size_t i = 0; verb_at(&verb, more, i); i++) {
		for (size_t j = 0; verb_option_at(&verb, &option, j); j++)
			put_value(&option, &seen, out);
	}
	buf_puts(out, "\t*) return 1 ;;\n\tesac\n}\n\n");
	buf_free(&seen);
}

/* ---- the command ---- */

int ctl_completion(struct ctl *ctl)
{
	bool zsh = strcmp(ctl->words[1], "zsh") == 0;
	struct buf out = BUF_INIT;
	bool ok;

	if (!zsh && strcmp(ctl->words[1], "bash") != 0)
		return ctl_fail("completion is made for bash or zsh");
	buf_puts(&out, zsh ? zsh_begin : bash_begin);
	put_words_function(ctl->more, &out);
	put_options_function(ctl->more, &out);
	put_values_function(ctl->more, &out);
	buf_puts(&out, zsh ? zsh_end : bash_end);
	ok = buf_ok(&out);
	if (ok)
		fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return ok ? EXIT_DONE : ctl_fail("memory is exhausted");
}
