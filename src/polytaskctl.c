/*
 * The operator's command (manual: polytaskctl.8): parses the command line and runs a command of
 * ctl/ctl_command.h, or one of admin/command.h by ctl/ctl_admin.h.
 */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/command.h"
#include "base/log.h"
#include "ctl/ctl_admin.h"
#include "ctl/ctl_command.h"
#include "ctl/event_follow.h"
#include "ctl/task_watch.h"
#include "ctl/usage.h"
#include "dialect/dialect.h"
#include "dialect/policy_conf.h"
#include "sys/confine.h"
#include "worker/worker.h"

#define USAGE_STATUS 2

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

/* ---- usage ---- */

/* Not in ctl_commands: the worker parses its arguments itself. */
static const struct ctl_command work_command[] = {
	{ .word = "work",
		.usage = worker_usage,
		.help = "claim tasks over HTTPS and run a command for each, or simulate the work" },
	{ 0 },
};

/* Prints the message and, if the command is known, its usage line. */
static int usage_error(const struct ctl *ctl, const struct ctl_command *command, const char *text)
{
	struct buf line = BUF_INIT;

	fprintf(stderr, "polytaskctl: %s\n", text);
	if (command)
		fprintf(stderr, "usage: polytaskctl %s%s\n", command->word, command->usage);
	else if (ctl->call.command) {
		admin_put_usage(ctl->call.command, &line);
		fprintf(stderr, "usage: polytaskctl %.*s\n", STR_ARGS(buf_str(&line)));
	}
	buf_free(&line);
	return USAGE_STATUS;
}

/* ---- options ---- */

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
			       : usage_error(ctl, NULL, "too many -o options");
	case 'h':
		usage_print(stdout, work_command);
		return 0;
	case LONG_VERSION:
		puts("polytaskctl " POLYTASK_VERSION);
		return 0;
	default:
		return set_sign_option(&ctl->sign, option, optarg) ? -1 : USAGE_STATUS;
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
	late = option == -1 && optind < argc && strcmp(argv[optind], "work") == 0;
	opterr = 1;
	optind = 0; /* getopt_long() begins again */
	return late;
}

/* Returns the exit status, or -1 to go on. */
static int parse(struct ctl *ctl, int argc, char **argv)
{
	struct option options[PLAIN_OPTIONS + ADMIN_OPTIONS + 1] = { 0 };
	int option, status = -1;

	fill_options(options);
	if (has_late_work(argc, argv, options))
		return usage_error(ctl, NULL, "work must be the first word");
	while (status < 0 && (option = getopt_long(argc, argv, "c:o:h", options, NULL)) != -1)
		status = handle_option(ctl, option);
	for (; status < 0 && optind < argc; optind++) {
		if (ctl->count == CTL_WORDS_MAX)
			return usage_error(ctl, NULL, "too many arguments");
		ctl->words[ctl->count++] = argv[optind];
	}
	return status;
}

/* ---- commands ---- */

static const struct ctl_command *find_command(const struct ctl *ctl)
{
	const struct ctl_command *command = ctl_commands;

	while (command->word && (ctl->count == 0 || strcmp(command->word, ctl->words[0]) != 0))
		command++;
	return command->word ? command : NULL;
}

/*
 * Whether an option of another command was given; command NULL: an administrative command, whose
 * own options admin_parse_command() has checked.
 */
static bool has_misplaced_option(const struct ctl *ctl, const struct ctl_command *command)
{
	const struct sign *sign = &ctl->sign;
	bool for_sign = sign->user || sign->date || sign->content_type || sign->content_md5 ||
			sign->data;

	for (int i = 0; command && i < ADMIN_OPTIONS; i++) {
		if (ctl->call.options[i] && !(command->options & ADMIN_BIT(i)))
			return true;
	}
	return for_sign && !(command && command->sign_options);
}

/* The name of an option that the command needs and that is missing; NULL: none. */
static const char *missing_option(const struct ctl *ctl, const struct ctl_command *command)
{
	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if ((command->required_options & ADMIN_BIT(i)) && !ctl->call.options[i])
			return admin_options[i].name;
	}
	return NULL;
}

static bool has_empty_operand(const struct ctl *ctl)
{
	for (size_t i = 1; i < ctl->count; i++) {
		if (ctl->words[i][0] == '\0')
			return true;
	}
	return false;
}

/* NULL: the command line is complete. */
static const char *find_fault(
	const struct ctl *ctl, const struct ctl_command *command, struct err *err)
{
	const char *missing = missing_option(ctl, command);

	if (ctl->count != command->operands + 1)
		return "wrong number of arguments";
	if (has_empty_operand(ctl))
		return "an argument is empty";
	if (!missing)
		return NULL;
	err_set(err, ERR_INVALID, missing, "'%s' requires --%s", command->word, missing);
	return err_text(err);
}

static int run(struct ctl *ctl)
{
	const struct ctl_command *command = find_command(ctl);
	struct err err = { 0 };
	const char *fault;

	if (ctl->count == 0)
		return usage_error(ctl, NULL, "no command given (see polytaskctl --help)");
	if (!command && !admin_parse_command(&ctl->call, ctl->words, ctl->count, &err))
		return err.code == ERR_UNPROCESSABLE ? ctl_fail(err_text(&err))
						     : usage_error(ctl, NULL, err_text(&err));
	if (has_misplaced_option(ctl, command))
		return usage_error(ctl, command, "an option does not belong to this command");
	fault = command ? find_fault(ctl, command, &err) : NULL;
	if (fault)
		return usage_error(ctl, command, fault);
	if (!admin_check_secret(&ctl->call, &err))
		return usage_error(ctl, command, err_text(&err));
	if (!conf_load(&ctl->source, &ctl->conf, &err) &&
		!(command && command->control_only && conf_load_control(&ctl->source, &ctl->conf)))
		return ctl_fail(err_text(&err));
	if (command)
		return command->run(ctl);
	if (ctl->call.options[ADMIN_FOLLOW])
		return ctl_event_follow(&ctl->conf, &ctl->call);
	return ctl->call.command->repeated ? ctl_task_watch(&ctl->conf, &ctl->call)
					   : ctl_admin_run(&ctl->conf, &ctl->call);
}

/*
 * Without them, the first files that are opened, such as those of the store, would become standard
 * input and output. Reading and writing fail.
 */
static void open_missing_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(1);
	}
}

int main(int argc, char **argv)
{
	static struct log_limits limits;
	static char name[] = "polytaskctl";
	struct ctl ctl = { .source = { .dialects = dialect_names(),
				   .check_policy = policy_check_option } };
	int status;

	open_missing_streams();
	/* It is no command of an operator: it has options of its own, and no configuration. */
	if (argc > 1 && strcmp(argv[1], "work") == 0)
		return worker_main(argc - 1, argv + 1);
	/* For messages of getopt_long(). */
	if (argc > 0)
		argv[0] = name;
	status = parse(&ctl, argc, argv);
	umask(0077);
	confine_memory();
	signal(SIGPIPE, SIG_IGN);
	log_set_process("polytaskctl");
	log_set_level(LOG_WARN);
	log_set_limits(&limits);
	if (status < 0)
		status = run(&ctl);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0)
		status = ctl_fail_output();
	return status;
}
