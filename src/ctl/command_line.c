#include "ctl/command_line.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/help.h"
#include "ctl/suggest.h"

/* Values of getopt_long for options without a letter. */
enum long_option {
	LONG_VERSION = 256,
	LONG_USER,
	LONG_DATE,
	LONG_CONTENT_TYPE,
	LONG_CONTENT_MD5,
	LONG_DATA,
	LONG_ADMIN, /* plus an enum admin_option */
};

static const struct option plain_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "option", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, LONG_VERSION },
	{ "user", required_argument, NULL, LONG_USER },
	{ "date", required_argument, NULL, LONG_DATE },
	{ "content-type", required_argument, NULL, LONG_CONTENT_TYPE },
	{ "content-md5", required_argument, NULL, LONG_CONTENT_MD5 },
	{ "data", required_argument, NULL, LONG_DATA },
};

#define PLAIN_OPTIONS (sizeof(plain_options) / sizeof(plain_options[0]))

/* ---- options ---- */

int command_line_fail(const struct verb *verb, const char *text)
{
	fprintf(stderr, "polytaskctl: %s\n", text);
	if (verb)
		help_print_usage(stderr, verb);
	return EXIT_USAGE;
}

static bool set_sign_option(struct sign *sign, int option, const char *value)
{
	const struct {
		int option;
		const char **to;
	} targets[] = {
		{ LONG_USER, &sign->user },
		{ LONG_DATE, &sign->date },
		{ LONG_CONTENT_TYPE, &sign->content_type },
		{ LONG_CONTENT_MD5, &sign->content_md5 },
		{ LONG_DATA, &sign->data },
	};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		if (targets[i].option == option) {
			*targets[i].to = value;
			return true;
		}
	}
	return false;
}

static void set_admin_option(struct ctl *ctl, int option, const char *value)
{
	/* Reachable until the process ends, as the arguments are. */
	static char *joined[ADMIN_OPTIONS];
	const char *before = ctl->call.options[option];
	char *text;

	if (before && admin_options[option].repeatable &&
		asprintf(&text, "%s\n%s", before, value) >= 0) {
		free(joined[option]);
		joined[option] = text;
		value = text;
	}
	ctl->call.options[option] = value;
}

/* Returns the exit status, or -1 to go on. */
static int handle_option(struct ctl *ctl, int option)
{
	if (option >= LONG_ADMIN) {
		set_admin_option(ctl, option - LONG_ADMIN, optarg ? optarg : "yes");
		return -1;
	}
	switch (option) {
	case 'c':
		ctl->source.path = optarg;
		return -1;
	case 'o':
		return conf_add_override(&ctl->source, optarg)
			       ? -1
			       : command_line_fail(NULL, "too many -o options");
	case 'h':
		ctl->help = true;
		return -1;
	case LONG_VERSION:
		puts("polytaskctl " POLYTASK_VERSION);
		return 0;
	default:
		return set_sign_option(&ctl->sign, option, optarg) ? -1 : EXIT_USAGE;
	}
}

static void fill_options(struct option options[PLAIN_OPTIONS + ADMIN_OPTIONS + 1])
{
	memcpy(options, plain_options, sizeof(plain_options));
	for (int i = 0; i < ADMIN_OPTIONS; i++)
		options[PLAIN_OPTIONS + (size_t)i] = (struct option){
			.name = admin_options[i].name,
			.has_arg = admin_options[i].value ? required_argument : no_argument,
			.val = LONG_ADMIN + i,
		};
}

/* Whether the word behind the first options is `work`, whose options are not known here. */
static bool has_late_work(int argc, char **argv, const struct option *options)
{
	int option;
	bool late;

	opterr = 0;
	do
		option = getopt_long(argc, argv, "+c:o:h", options, NULL);
	while (option != -1 && option != '?' && option != 'h' && option != LONG_VERSION);
	late = option == -1 && optind > 1 && optind < argc && strcmp(argv[optind], "work") == 0;
	opterr = 1;
	optind = 0; /* getopt_long() begins again */
	return late;
}

/* The words may follow the option, and getopt_long() has not sorted them yet. */
static bool find_verb(struct verb *verb, const struct ctl *ctl, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (verb_find(verb, ctl->more, (const char *const *)argv + i, (size_t)(argc - i)))
			return true;
	}
	return false;
}

/* After getopt_long() has refused an option and printed why. */
static void explain_option(const struct ctl *ctl, int argc, char **argv)
{
	const char *typed = argv[optind - 1];
	struct verb verb;
	bool known = find_verb(&verb, ctl, argc, argv);
	char name[SUGGESTION_MAX + 2];

	/* Otherwise the option exists, and its value is what is wrong. */
	if (optopt == 0 && strncmp(typed, "--", 2) == 0) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(typed + 2, "="), typed + 2);
		help_suggest_option(ctl->more, known ? &verb : NULL, name);
	}
	if (known)
		help_print_usage(stderr, &verb);
}

int command_line_parse(struct ctl *ctl, int argc, char **argv)
{
	struct option options[PLAIN_OPTIONS + ADMIN_OPTIONS + 1] = { 0 };
	int option = 0, status = -1;

	fill_options(options);
	if (has_late_work(argc, argv, options))
		return command_line_fail(NULL, "work must be the first word");
	while (status < 0 && (option = getopt_long(argc, argv, "c:o:h", options, NULL)) != -1)
		status = handle_option(ctl, option);
	if (option == '?')
		explain_option(ctl, argc, argv);
	for (; status < 0 && optind < argc; optind++) {
		if (ctl->count == CTL_WORDS_MAX)
			return command_line_fail(NULL, "too many arguments");
		ctl->words[ctl->count++] = argv[optind];
	}
	return status;
}
