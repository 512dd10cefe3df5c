/*
 * The operator's command (manual: polytaskctl.8): parses the command line and runs a command of
 * ctl/ctl_command.h, or one of admin/command.h by ctl/ctl_admin.h.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/bulk_command.h"
#include "admin/command.h"
#include "base/log.h"
#include "ctl/bulk.h"
#include "ctl/command_line.h"
#include "ctl/completion.h"
#include "ctl/ctl_admin.h"
#include "ctl/ctl_command.h"
#include "ctl/event_follow.h"
#include "ctl/help.h"
#include "ctl/service_call.h"
#include "ctl/task_watch.h"
#include "dialect/dialect.h"
#include "dialect/policy_conf.h"
#include "sys/confine.h"
#include "worker/worker.h"

/* The worker parses them itself (worker/options.c); a test compares them. */
static const struct ctl_option work_options[] = {
	{ "url", "URL", "address of the service (default: POLYTASK_URL)" },
	{ "token-file", "FILE", "its first line is the token (default: POLYTASK_TOKEN)" },
	{ "ca", "FILE", "certificates that the service's is checked with" },
	{ "dialect", "D", "claim tasks of this dialect only; may be repeated" },
	{ "kind", "K", "claim tasks of this kind only; may be repeated" },
	{ "jobs", "N", "tasks at the same time, 1 to 64 (default: 1)" },
	{ "name", "NAME", "name of the worker (default: host and process)" },
	{ "lease", "SECONDS", "length of a lease (default: 60)" },
	{ "timeout", "SECONDS", "end a command that takes longer" },
	{ "grace", "SECONDS", "between SIGTERM and SIGKILL (default: 10)" },
	{ "once", NULL, "exit when no task is ready" },
	{ "report", NULL, "standard output of the command is a report" },
	{ "verbose", NULL, "copy the standard error of the commands" },
	{ "insecure-http", NULL, "allow http:// to other machines" },
	{ "simulate", NULL, "run no command: each task takes some seconds" },
	{ "seconds", "S", "time for a simulated task (default: 2)" },
	{ "fail-rate", "P", "part of the simulated tasks that fail, 0 to 1" },
	{ 0 },
};

/* Not in ctl_commands: src/ctl does not use src/worker, and the help needs all commands itself. */
static const struct ctl_command more_commands[] = {
	{ .word = "work",
		.usage = worker_usage,
		.own_options = work_options,
		.help = "claim tasks over HTTPS and run a command for each, or simulate the work" },
	{ .word = "help",
		.usage = " [COMMAND [SUBCOMMAND]]",
		.optional_operands = 2,
		.no_conf = true,
		.run = ctl_help,
		.help = "explain a command and its options" },
	{ .word = "completion",
		.usage = " SHELL",
		.operands = 1,
		.no_conf = true,
		.run = ctl_completion,
		.help = "print a script that completes commands and options in bash or zsh" },
	{ 0 },
};

/* ---- commands ---- */

/* NULL: none, or an administrative command. */
static const struct ctl_command *find_command(const struct ctl *ctl)
{
	struct verb verb = { 0 };

	return verb_find(&verb, ctl->more, ctl->words, ctl->count) > 0 ? verb.ctl : NULL;
}

/*
 * The name of an option that belongs to another command; NULL: none. command NULL: an
 * administrative command, whose other options admin_parse_command() has checked.
 */
static const char *misplaced_option(const struct ctl *ctl, const struct ctl_command *command)
{
	const struct sign *sign = &ctl->sign;

	for (int i = 0; command && i < ADMIN_OPTIONS; i++) {
		if (ctl->call.options[i] && !(command->options & ADMIN_BIT(i)))
			return admin_options[i].name;
	}
	if (command && command->sign_options)
		return NULL;
	return sign->user	    ? "user"
	       : sign->date	    ? "date"
	       : sign->content_type ? "content-type"
	       : sign->content_md5  ? "content-md5"
	       : sign->data	    ? "data"
				    : NULL;
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

	if (ctl->count < command->operands + 1 ||
		ctl->count > command->operands + command->optional_operands + 1) {
		err_set(err, ERR_INVALID, NULL, "too %s arguments for '%s'",
			ctl->count < command->operands + 1 ? "few" : "many", command->word);
		return err_text(err);
	}
	if (has_empty_operand(ctl))
		return "an argument is empty";
	if (!missing)
		return NULL;
	err_set(err, ERR_INVALID, missing, "'%s' requires --%s", command->word, missing);
	return err_text(err);
}

/* Of the command line, if it names a command that exists. */
static bool check_usage(const struct ctl *ctl, const struct verb *verb, int *status)
{
	const char *misplaced = misplaced_option(ctl, verb->ctl);
	struct err err = { 0 };
	const char *fault = NULL;

	if (misplaced) {
		err_set(&err, ERR_INVALID, misplaced, "'%s' has no option --%s", verb->words,
			misplaced);
		fault = err_text(&err);
	} else if (verb->ctl) {
		fault = find_fault(ctl, verb->ctl, &err);
	}
	if (!fault && !admin_check_secret(&ctl->call, &err))
		fault = err_text(&err);
	if (fault)
		*status = command_line_fail(verb, fault);
	if (misplaced)
		help_suggest_option(ctl->more, verb, misplaced);
	return !fault;
}

static int fail_parse(const struct ctl *ctl, const struct err *err)
{
	struct verb verb = { .admin = ctl->call.command };
	int status;

	if (err->code == ERR_UNPROCESSABLE)
		return ctl_fail(err_text(err));
	status = command_line_fail(ctl->call.command ? &verb : NULL, err_text(err));
	if (err->code == ERR_NO_ROUTE)
		help_suggest_command(ctl->more, ctl->words, ctl->count);
	return status;
}

static int run(struct ctl *ctl)
{
	const struct ctl_command *command = find_command(ctl);
	struct verb verb = { .ctl = command };
	struct err err = { 0 };
	int status;

	if (ctl->count == 0)
		return command_line_fail(NULL, "no command given (see polytaskctl --help)");
	if (!command && !admin_parse_command(&ctl->call, ctl->words, ctl->count, &err))
		return fail_parse(ctl, &err);
	verb.admin = ctl->call.command;
	verb.words = command ? command->word : verb.admin->words;
	if (!check_usage(ctl, &verb, &status))
		return status;
	if (command && command->no_conf)
		return command->run(ctl);
	if (!conf_load(&ctl->source, &ctl->conf, &err) &&
		!(command && command->control_only && conf_load_control(&ctl->source, &ctl->conf)))
		return ctl_fail_call(&err);
	if (!admin_check_engine(
		    &ctl->conf, verb.words, command ? command->instead : verb.admin->instead, &err))
		return ctl_fail_call(&err);
	if ((!command || command->asks_store) && service_is_silent(ctl->conf.control))
		return EXIT_NO_ANSWER;
	if (command)
		return command->run(ctl);
	if (ctl->call.options[ADMIN_FOLLOW])
		return ctl_event_follow(&ctl->conf, &ctl->call);
	if (ctl->call.command->run == admin_bulk)
		return ctl_bulk(&ctl->conf, &ctl->call);
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

/* `work --help`, without words of a command that may have such an option itself. */
static bool wants_help(int argc, char **argv)
{
	return argc == 3 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0);
}

int main(int argc, char **argv)
{
	static struct log_limits limits;
	static char name[] = "polytaskctl";
	struct ctl ctl = { .more = more_commands,
		.source = { .dialects = dialect_names(), .check_policy = policy_check_option } };
	int status;

	open_missing_streams();
	/* It is no command of an operator: it has options of its own, and no configuration. */
	if (argc > 1 && strcmp(argv[1], "work") == 0 && !wants_help(argc, argv))
		return worker_main(argc - 1, argv + 1);
	/* For messages of getopt_long(). */
	if (argc > 0)
		argv[0] = name;
	status = command_line_parse(&ctl, argc, argv);
	umask(0077);
	confine_memory();
	signal(SIGPIPE, SIG_IGN);
	log_set_process("polytaskctl");
	log_set_level(LOG_WARN);
	log_set_limits(&limits);
	if (status < 0)
		status = ctl.help ? ctl_help_of_words(&ctl) : run(&ctl);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0)
		status = ctl_fail_output();
	return status;
}
