/*
 * The operator's command. polytaskctl.8 is its manual; admin/admin.c has the table of verbs on
 * users, credentials and tasks, this file those that concern the service or need none.
 */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/sign.h"
#include "base/clock.h"
#include "base/log.h"
#include "ctl/client.h"
#include "ctl/ctl_admin.h"
#include "ctl/status_table.h"
#include "sys/conf_load.h"
#include "sys/confine.h"
#include "sys/listen.h"

#define STOP_MS		 15000
#define POLL_INTERVAL_MS 50

struct ctl {
	struct conf_source source;
	struct conf conf;
	struct admin_call call;
	struct sign sign;
	const char *words[8];
	size_t count;
};

struct ctl_verb {
	const char *word, *usage; /* rest of the usage line */
	size_t operands;
	int (*run)(struct ctl *ctl);
	const char *help;
};

static int fail(const char *text)
{
	fprintf(stderr, "polytaskctl: %s\n", text);
	return 1;
}

/* ---- the service ---- */

static int call_service(struct ctl *ctl, struct str request, FILE *out)
{
	struct err err = { 0 };
	bool answered;
	int status = 1;

	if (!client_call(ctl->conf.control, request, NULL, out, stderr, &answered, &status, &err))
		return fail(err_text(&err));
	if (!answered)
		fprintf(stderr, "polytaskctl: nobody answers at %s: the service does not run\n",
			ctl->conf.control);
	return status;
}

static int run_status(struct ctl *ctl)
{
	struct str request = STR("{\"verb\":[\"status\"]}\n");
	char *text = NULL;
	size_t size = 0;
	FILE *memory;
	int status;

	if (ctl->call.options[ADMIN_JSON])
		return call_service(ctl, request, stdout);
	memory = open_memstream(&text, &size);
	if (!memory)
		return fail("memory is exhausted");
	status = call_service(ctl, request, memory);
	if (fclose(memory) == 0 && status == 0 &&
		!status_table_print((struct str){ text, size }, clock_wall_ms(), stdout))
		status = fail("the status cannot be read");
	free(text);
	return status;
}

static int run_reload(struct ctl *ctl)
{
	return call_service(ctl, STR("{\"verb\":[\"reload\"]}\n"), stdout);
}

/* Returns when the service has gone. */
static int run_stop(struct ctl *ctl)
{
	int64_t until = clock_mono_ms() + STOP_MS;
	int status = call_service(ctl, STR("{\"verb\":[\"stop\"]}\n"), stdout);
	int fd;

	while (status == 0 && listen_connect(&fd, ctl->conf.control)) {
		close(fd);
		if (clock_mono_ms() > until)
			return fail("the service has not ended yet");
		poll(NULL, 0, POLL_INTERVAL_MS);
	}
	return status;
}

/* ---- without the service ---- */

static int run_sign(struct ctl *ctl)
{
	struct buf out = BUF_INIT;
	struct err err = { 0 };
	int status = 0;

	ctl->sign.method = ctl->words[1];
	ctl->sign.url = ctl->words[2];
	ctl->sign.secret = ctl->call.options[ADMIN_SECRET];
	if (!ctl->sign.secret)
		ctl->sign.secret = getenv("VIRTSHELL_KEY");
	if (!sign_headers(&ctl->sign, clock_wall_ms(), &out, &err))
		status = fail(err_text(&err));
	else if (fwrite(out.data, 1, out.len, stdout) != out.len)
		status = 1;
	buf_free(&out);
	return status;
}

static int run_print_config(struct ctl *ctl)
{
	struct buf out = BUF_INIT;
	int status = 1;

	conf_print(&ctl->conf, &out);
	if (buf_ok(&out) && fwrite(out.data, 1, out.len, stdout) == out.len)
		status = 0;
	buf_free(&out);
	return status;
}

static const struct ctl_verb ctl_verbs[] = {
	{ "status", " [--json]", 0, run_status, "the processes of the service and what they do" },
	{ "reload", "", 0, run_reload, "read the configuration again, with new processes" },
	{ "stop", "", 0, run_stop, "end the service" },
	{ "sign",
		" --user ID [--secret SECRET] [--date DATE] [--content-type TYPE]\n"
		"         [--content-md5 MD5 | --data BODY] METHOD URL",
		2, run_sign, "headers of a signed VirtShell request, for curl -H @FILE" },
	{ "print-config", "", 0, run_print_config, "the configuration in use" },
	{ 0 },
};

/* ---- the command line ---- */

enum long_option {
	LONG_VERSION = 256,
	LONG_USER,
	LONG_DATE,
	LONG_CONTENT_TYPE,
	LONG_CONTENT_MD5,
	LONG_DATA,
	LONG_ADMIN, /* from here on: enum admin_option */
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

static void print_usage(FILE *to)
{
	fputs("usage: polytaskctl [-c FILE] [-o NAME=VALUE]... VERB...\n\n", to);
	for (const struct ctl_verb *verb = ctl_verbs; verb->word; verb++)
		fprintf(to, "  %s%s\n        %s\n", verb->word, verb->usage, verb->help);
	for (const struct admin_verb *verb = admin_verbs; verb->words; verb++) {
		struct buf line = BUF_INIT;

		admin_usage(verb, &line);
		fprintf(to, "  %.*s\n        %s\n", STR_ARGS(buf_str(&line)), verb->help);
		buf_free(&line);
	}
}

static bool handle_sign_option(struct sign *sign, int option)
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
			*targets[i].to = optarg;
			return true;
		}
	}
	return false;
}

/* Everybody can read a command line. What was given there stays there for a moment only. */
static const char *copy_and_wipe(char *text)
{
	static char *copy;

	free(copy);
	copy = strdup(text);
	if (copy)
		explicit_bzero(text, strlen(text));
	return copy ? copy : text;
}

/* -1: go on; else the exit status. */
static int handle_option(struct ctl *ctl, int option)
{
	if (option == LONG_ADMIN + (int)ADMIN_SECRET) {
		ctl->call.options[ADMIN_SECRET] = copy_and_wipe(optarg);
		return -1;
	}
	if (option >= LONG_ADMIN) {
		ctl->call.options[option - LONG_ADMIN] = optarg ? optarg : "yes";
		return -1;
	}
	switch (option) {
	case 'c':
		ctl->source.path = optarg;
		return -1;
	case 'o':
		return conf_load_add_override(&ctl->source, optarg) ? -1 : 2;
	case 'h':
		print_usage(stdout);
		return 0;
	case LONG_VERSION:
		puts("polytaskctl " POLYTASK_VERSION);
		return 0;
	default:
		return handle_sign_option(&ctl->sign, option) ? -1 : 2;
	}
}

static int parse(struct ctl *ctl, int argc, char **argv)
{
	struct option options[PLAIN_OPTIONS + ADMIN_OPTIONS + 1] = { 0 };
	int option, result = -1;

	memcpy(options, plain_options, sizeof(plain_options));
	for (int i = 0; i < ADMIN_OPTIONS; i++)
		options[PLAIN_OPTIONS + (size_t)i] = (struct option){
			.name = admin_option_name((enum admin_option)i),
			.has_arg = admin_option_has_value((enum admin_option)i) ? required_argument
										: no_argument,
			.val = LONG_ADMIN + i,
		};
	while (result < 0 && (option = getopt_long(argc, argv, "c:o:h", options, NULL)) != -1)
		result = handle_option(ctl, option);
	for (; result < 0 && optind < argc; optind++) {
		if (ctl->count == sizeof(ctl->words) / sizeof(ctl->words[0])) {
			fputs("polytaskctl: too many words\n", stderr);
			return 2;
		}
		ctl->words[ctl->count++] = argv[optind];
	}
	return result;
}

static const struct ctl_verb *find_ctl_verb(const struct ctl *ctl)
{
	const struct ctl_verb *verb = ctl_verbs;

	while (verb->word && (ctl->count == 0 || strcmp(verb->word, ctl->words[0]) != 0))
		verb++;
	return verb->word ? verb : NULL;
}

static bool accepts_option(const struct ctl_verb *ctl_verb, int option)
{
	return (ctl_verb->run == run_sign && option == ADMIN_SECRET) ||
	       (ctl_verb->run == run_status && option == ADMIN_JSON);
}

/* Options that only sign knows, or that a verb of ours does not. */
static bool has_misplaced_option(const struct ctl *ctl, const struct ctl_verb *ctl_verb)
{
	const struct sign *sign = &ctl->sign;
	bool for_sign = sign->user || sign->date || sign->content_type || sign->content_md5 ||
			sign->data;

	if (ctl_verb) {
		for (int i = 0; i < ADMIN_OPTIONS; i++) {
			if (ctl->call.options[i] && !accepts_option(ctl_verb, i))
				return true;
		}
	}
	return for_sign && (!ctl_verb || ctl_verb->run != run_sign);
}

static int usage_error(const struct ctl *ctl, const struct ctl_verb *ctl_verb, const char *text)
{
	struct buf line = BUF_INIT;

	fprintf(stderr, "polytaskctl: %s\n", text);
	if (ctl_verb)
		fprintf(stderr, "usage: polytaskctl %s%s\n", ctl_verb->word, ctl_verb->usage);
	else if (ctl->call.verb) {
		admin_usage(ctl->call.verb, &line);
		fprintf(stderr, "usage: polytaskctl %.*s\n", STR_ARGS(buf_str(&line)));
	} else {
		fputs("polytaskctl --help lists the verbs\n", stderr);
	}
	buf_free(&line);
	return 2;
}

static int run(struct ctl *ctl)
{
	const struct ctl_verb *ctl_verb = find_ctl_verb(ctl);
	struct err err = { 0 };

	if (!ctl_verb && !admin_parse_command(&ctl->call, ctl->words, ctl->count, &err))
		return usage_error(ctl, NULL, ctl->count ? err_text(&err) : "what is to be done?");
	if (has_misplaced_option(ctl, ctl_verb))
		return usage_error(ctl, ctl_verb, "an option that does not belong here");
	if (ctl_verb && ctl->count != ctl_verb->operands + 1)
		return usage_error(ctl, ctl_verb, "the wrong number of words");
	if (!conf_load(&ctl->source, &ctl->conf, &err))
		return fail(err_text(&err));
	return ctl_verb ? ctl_verb->run(ctl) : ctl_admin_run(&ctl->conf, &ctl->call);
}

int main(int argc, char **argv)
{
	struct ctl ctl = { 0 };
	int status = parse(&ctl, argc, argv);

	umask(0077);
	confine_memory();
	signal(SIGPIPE, SIG_IGN);
	log_set_process("polytaskctl");
	log_set_level(LOG_WARN);
	if (status < 0)
		status = run(&ctl);
	if (fflush(stdout) != 0 && status == 0)
		status = 1;
	return status;
}
