/*
 * A worker's program for IDOL's import-tasks (manual: polytask-import.1): reads a task from
 * standard input, fetches its file and stores it (import/import.h).
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "import/import.h"
#include "sys/confine.h"

#define NETWORKS_MAX 32
#define FILE_LEAST   (UINT64_C(1) << 20)
#define SECONDS_MAX  (366 * UINT64_C(86400))

enum long_option {
	LONG_DIRECTORY = 256,
	LONG_ALLOW_NETWORK,
	LONG_CA,
	LONG_MAX_BYTES,
	LONG_MAX_SECONDS,
	LONG_STALL_SECONDS,
	LONG_VERSION,
};

static const struct option options[] = {
	{ "directory", required_argument, NULL, LONG_DIRECTORY },
	{ "allow-network", required_argument, NULL, LONG_ALLOW_NETWORK },
	{ "ca", required_argument, NULL, LONG_CA },
	{ "max-bytes", required_argument, NULL, LONG_MAX_BYTES },
	{ "max-seconds", required_argument, NULL, LONG_MAX_SECONDS },
	{ "stall-seconds", required_argument, NULL, LONG_STALL_SECONDS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, LONG_VERSION },
	{ 0 },
};

static void print_usage(FILE *to)
{
	fputs("usage: polytask-import --directory DIR [--allow-network CIDR]... [--ca FILE]\n"
	      "           [--max-bytes N[K|M|G]] [--max-seconds N] [--stall-seconds N] <TASK\n"
	      "\n"
	      "Fetches the file of an IDOL import-task and stores it below DIR. The task is JSON of\n"
	      "the native API. Run it by: polytaskctl work --dialect idol -- polytask-import ...\n",
		to);
}

/*
 * A command line that is wrong is the operator's fault, not that of the task: the worker gives it
 * back.
 */
static int usage_error(const char *text)
{
	fprintf(stderr, "%s\n", text);
	return EX_TEMPFAIL;
}

/* ---- options ---- */

/* A number of bytes with a unit of 1024, 1024^2 or 1024^3. */
static bool parse_bytes(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMG";
	struct str number = str_cstr(text);
	const char *unit = number.len ? strchr(units, number.ptr[number.len - 1]) : NULL;
	unsigned shift = unit ? (unsigned)(unit - units + 1) * 10 : 0;

	if (unit)
		number.len--;
	if (!str_to_u64(number, bytes) || *bytes == 0 || *bytes > (uint64_t)INT64_MAX >> shift)
		return false;
	*bytes <<= shift;
	return true;
}

static bool parse_seconds(const char *text, uint64_t *seconds)
{
	return str_to_u64(str_cstr(text), seconds) && *seconds > 0 && *seconds <= SECONDS_MAX;
}

/* Returns the exit status, or -1 to go on. */
static int add_network(struct transfer_limits *limits, struct network *networks)
{
	struct err err = { 0 };

	if (limits->allowed_count == NETWORKS_MAX)
		return usage_error("--allow-network is given too often.");
	if (!network_parse(&networks[limits->allowed_count], optarg, &err))
		return usage_error(err_text(&err));
	limits->allowed_count++;
	return -1;
}

/* Returns the exit status, or -1 to go on. */
static int handle_option(struct import_settings *settings, struct network *networks, int option)
{
	struct transfer_limits *limits = &settings->limits;

	switch (option) {
	case LONG_DIRECTORY:
		settings->directory = optarg;
		return -1;
	case LONG_ALLOW_NETWORK:
		return add_network(limits, networks);
	case LONG_CA:
		limits->ca = optarg;
		return -1;
	case LONG_MAX_BYTES:
		limits->max_text = optarg;
		return parse_bytes(optarg, &limits->max_bytes)
			       ? -1
			       : usage_error("--max-bytes is not a number such as 500M.");
	case LONG_MAX_SECONDS:
		return parse_seconds(optarg, &limits->max_seconds)
			       ? -1
			       : usage_error("--max-seconds is not a number of seconds.");
	case LONG_STALL_SECONDS:
		return parse_seconds(optarg, &limits->stall_seconds)
			       ? -1
			       : usage_error("--stall-seconds is not a number of seconds.");
	case 'h':
		print_usage(stdout);
		return 0;
	case LONG_VERSION:
		puts("polytask-import " POLYTASK_VERSION);
		return 0;
	default:
		return EX_TEMPFAIL;
	}
}

/* Returns the exit status, or -1 to go on. */
static int parse(struct import_settings *settings, struct network *networks, int argc, char **argv)
{
	int option, status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "h", options, NULL)) != -1)
		status = handle_option(settings, networks, option);
	if (status < 0 && optind < argc)
		return usage_error("There is an argument that is no option.");
	if (status < 0 && (!settings->directory || !*settings->directory))
		return usage_error("--directory is missing.");
	return status;
}

/* ---- the run ---- */

static bool wait_for_input(int64_t deadline_ms, struct err *err)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left;

	while ((left = deadline_ms - clock_mono_ms()) > 0) {
		int found = poll(&input, 1, left < INT_MAX ? (int)left : INT_MAX);

		if (found > 0)
			return true;
		if (found < 0 && errno != EINTR)
			return err_set(err, ERR_INTERNAL, NULL, "The task cannot be read: %s.",
				strerror(errno));
	}
	return err_set(err, ERR_INTERNAL, NULL, "The task could not be read in time.");
}

static bool read_input(int64_t deadline_ms, struct buf *text, struct err *err)
{
	while (text->len <= IMPORT_TASK_MAX && buf_reserve(text, 65536)) {
		ssize_t got;

		if (!wait_for_input(deadline_ms, err))
			return false;
		got = read(STDIN_FILENO, text->data + text->len, 65536);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_INTERNAL, NULL, "The task cannot be read: %s.",
				strerror(errno));
		if (got == 0)
			return true;
		text->len += (size_t)got;
	}
	return buf_ok(text) ? err_set(err, ERR_UNPROCESSABLE, NULL, "The task is too large.")
			    : err_no_memory(err);
}

/*
 * No file is larger than the limit, even if the checks of the download fail. Small files besides
 * the downloaded one must fit.
 */
static void bound_files(uint64_t max_bytes)
{
	uint64_t bytes = max_bytes > FILE_LEAST ? max_bytes : FILE_LEAST;
	struct rlimit limit = { .rlim_cur = bytes, .rlim_max = bytes };

	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, SIG_IGN);
}

static bool run(struct import_settings *settings, struct buf *result, struct err *err)
{
	struct buf text = BUF_INIT;
	struct import_task task = { 0 };
	bool ok;

	settings->limits.deadline_ms = clock_mono_ms() +
				       (int64_t)settings->limits.max_seconds * 1000;
	ok = read_input(settings->limits.deadline_ms, &text, err) &&
	     import_task_parse(&task, buf_str(&text), err) &&
	     import_run(settings, &task, result, err);
	import_task_free(&task);
	buf_free(&text);
	return ok;
}

static int run_and_print(struct import_settings *settings)
{
	struct buf result = BUF_INIT;
	struct err err = { 0 };
	int status = 0;

	if (!run(settings, &result, &err)) {
		fprintf(stderr, "%s\n", err_text(&err));
		status = import_exit_status(&err);
	} else if (fwrite(result.data, 1, result.len, stdout) != result.len ||
		   fflush(stdout) != 0) {
		status = usage_error("The result cannot be written.");
	}
	buf_free(&result);
	return status;
}

int main(int argc, char **argv)
{
	struct network networks[NETWORKS_MAX];
	struct import_settings settings = { .limits = { .max_bytes = UINT64_C(20) << 30,
						    .max_text = "20G",
						    .max_seconds = 21600,
						    .stall_seconds = 60,
						    .allowed = networks } };
	int status;

	confine_memory();
	signal(SIGPIPE, SIG_IGN);
	umask(0027);
	settings.progress = progress_from(getenv("POLYTASK_PROGRESS_FD"));
	/* Libraries read proxies, folders of certificates and files for keys from it. */
	clearenv();
	status = parse(&settings, networks, argc, argv);
	if (status >= 0)
		return status;
	bound_files(settings.limits.max_bytes);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return usage_error("libcurl cannot be used.");
	status = run_and_print(&settings);
	curl_global_cleanup();
	return status;
}
