#include "worker/options.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "worker/fatal.h"

#define LEASE_MAX   86400
#define GRACE_MAX   3600
#define SECONDS_MAX 86400

const char worker_usage[] =
	" [--url URL] [--token-file FILE] [--ca FILE] [--dialect D]... [--kind K]...\n"
	"         [--jobs N] [--name NAME] [--lease SECONDS] [--timeout SECONDS] [--grace SECONDS]\n"
	"         [--once] [--report] [--verbose] [--insecure-http]\n"
	"         {-- COMMAND [ARG]... | --simulate [--seconds S] [--fail-rate P]}";

enum {
	OPTION_URL = 256,
	OPTION_TOKEN_FILE,
	OPTION_CA,
	OPTION_DIALECT,
	OPTION_KIND,
	OPTION_JOBS,
	OPTION_NAME,
	OPTION_LEASE,
	OPTION_TIMEOUT,
	OPTION_GRACE,
	OPTION_ONCE,
	OPTION_REPORT,
	OPTION_VERBOSE,
	OPTION_INSECURE,
	OPTION_SIMULATE,
	OPTION_SECONDS,
	OPTION_FAIL_RATE,
};

static const struct option long_options[] = {
	{ "url", required_argument, NULL, OPTION_URL },
	{ "token-file", required_argument, NULL, OPTION_TOKEN_FILE },
	{ "ca", required_argument, NULL, OPTION_CA },
	{ "dialect", required_argument, NULL, OPTION_DIALECT },
	{ "kind", required_argument, NULL, OPTION_KIND },
	{ "jobs", required_argument, NULL, OPTION_JOBS },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "lease", required_argument, NULL, OPTION_LEASE },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "grace", required_argument, NULL, OPTION_GRACE },
	{ "once", no_argument, NULL, OPTION_ONCE },
	{ "report", no_argument, NULL, OPTION_REPORT },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "insecure-http", no_argument, NULL, OPTION_INSECURE },
	{ "simulate", no_argument, NULL, OPTION_SIMULATE },
	{ "seconds", required_argument, NULL, OPTION_SECONDS },
	{ "fail-rate", required_argument, NULL, OPTION_FAIL_RATE },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* Options with more than one word of the command line. */
struct parse {
	struct worker_options *options;
	const char *url, *token_file;
	bool insecure, simulation_option, command_option;
};

/* ---- values ---- */

static bool read_number(unsigned *number, const char *name, const char *text, unsigned least,
	unsigned most, struct err *err)
{
	uint64_t value;

	if (!str_to_u64(str_cstr(text), &value) || value < least || value > most)
		return err_set(err, ERR_INVALID, name, "--%s must be a number from %u to %u", name,
			least, most);
	*number = (unsigned)value;
	return true;
}

static bool read_real(
	double *number, const char *name, const char *text, double most, struct err *err)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !isfinite(value) || value < 0 || value > most)
		return err_set(
			err, ERR_INVALID, name, "--%s must be a number from 0 to %g", name, most);
	*number = value;
	return true;
}

static bool add_word(
	json_t **list, size_t most, const char *name, const char *text, struct err *err)
{
	json_t *word = json_string(text);

	if (!word || text[0] == '\0')
		return json_decref(word), err_set(err, ERR_INVALID, name,
						  "--%s must be text in UTF-8, not empty", name);
	if (!*list)
		*list = need(json_array());
	need_zero(json_array_append_new(*list, word));
	if (json_array_size(*list) > most)
		return err_set(err, ERR_INVALID, name, "--%s may be given %zu times", name, most);
	return true;
}

static bool set_name(struct worker_options *options, const char *name, struct err *err)
{
	size_t len = strlen(name);

	for (const char *c = name; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			len = 0;
	}
	if (len == 0 || len > WORKER_NAME_MAX || strcmp(name, "*") == 0 ||
		!str_is_utf8(str_cstr(name)))
		return err_set(err, ERR_INVALID, "name",
			"--name must have 1 to %d bytes of UTF-8 without control characters, and "
			"not be '*'",
			WORKER_NAME_MAX);
	memcpy(options->name, name, len + 1);
	return true;
}

static bool set_option(struct parse *parse, int option, const char *value, struct err *err)
{
	struct worker_options *options = parse->options;

	switch (option) {
	case OPTION_URL:
		parse->url = value;
		return true;
	case OPTION_TOKEN_FILE:
		parse->token_file = value;
		return true;
	case OPTION_CA:
		options->ca_file = value;
		return true;
	case OPTION_DIALECT:
		return add_word(&options->dialects, 32, "dialect", value, err);
	case OPTION_KIND:
		return add_word(&options->kinds, 64, "kind", value, err);
	case OPTION_JOBS:
		return read_number(&options->jobs, "jobs", value, 1, WORKER_JOBS_MAX, err);
	case OPTION_NAME:
		return set_name(options, value, err);
	case OPTION_LEASE:
		return read_number(&options->lease_seconds, "lease", value, 1, LEASE_MAX, err);
	case OPTION_TIMEOUT:
		return read_number(
			&options->timeout_seconds, "timeout", value, 1, WORKER_TIMEOUT_MAX, err);
	case OPTION_GRACE:
		parse->command_option = true;
		return read_number(&options->grace_seconds, "grace", value, 0, GRACE_MAX, err);
	case OPTION_SECONDS:
		parse->simulation_option = true;
		return read_real(&options->simulate_seconds, "seconds", value, SECONDS_MAX, err);
	case OPTION_FAIL_RATE:
		parse->simulation_option = true;
		return read_real(&options->fail_rate, "fail-rate", value, 1, err);
	}
	return err_set(err, ERR_MISSING, NULL, "%s", "");
}

static bool set_flag(struct parse *parse, int option)
{
	struct worker_options *options = parse->options;

	switch (option) {
	case OPTION_ONCE:
		return options->once = true;
	case OPTION_REPORT:
		return parse->command_option = options->report = true;
	case OPTION_VERBOSE:
		return parse->command_option = options->verbose = true;
	case OPTION_INSECURE:
		return parse->insecure = true;
	case OPTION_SIMULATE:
		return options->simulate = true;
	case 'h':
		return options->help = true;
	}
	return false;
}

/* ---- the service ---- */

/* Names that libcurl connects to this machine only. */
static bool is_loopback(const char *host)
{
	struct in_addr address;

	/* libcurl has normalised 127.1; a name such as 127.0.0.1.5 would be looked up. */
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

static bool check_url(CURLU *parsed, const char *url, bool insecure, struct err *err)
{
	static const CURLUPart unwanted[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
		CURLUPART_FRAGMENT };
	char *scheme = NULL, *host = NULL, *part;
	bool ok = true;

	if (curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK ||
		curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
		curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
		(strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
		ok = err_set(
			err, ERR_INVALID, "url", "the URL must begin with https:// and a host");
	for (size_t i = 0; ok && i < sizeof(unwanted) / sizeof(unwanted[0]); i++) {
		if (curl_url_get(parsed, unwanted[i], &part, 0) != CURLUE_OK)
			continue;
		curl_free(part);
		ok = err_set(
			err, ERR_INVALID, "url", "the URL must have no user, query or fragment");
	}
	if (ok && strcmp(scheme, "http") == 0 && !insecure && !is_loopback(host))
		ok = err_set(err, ERR_INVALID, "url",
			"http:// would send the token in clear text: use https://, or "
			"--insecure-http");
	curl_free(scheme);
	curl_free(host);
	return ok;
}

static bool set_url(struct parse *parse, struct err *err)
{
	const char *url = parse->url ? parse->url : getenv("POLYTASK_URL");
	CURLU *parsed;
	size_t len;
	bool ok;

	if (!url || !url[0])
		return err_set(err, ERR_MISSING, "url",
			"the address of the service is missing: --url or POLYTASK_URL");
	parsed = need(curl_url());
	ok = check_url(parsed, url, parse->insecure, err);
	curl_url_cleanup(parsed);
	if (!ok)
		return false;
	parse->options->url = need(strdup(url));
	/* The client compares the scheme. */
	for (char *c = parse->options->url; *c && *c != ':'; c++)
		*c = (char)tolower((unsigned char)*c);
	for (len = strlen(url); len > 0 && url[len - 1] == '/'; len--)
		parse->options->url[len - 1] = '\0';
	return true;
}

/* Reads the first line. */
static bool read_token_file(char token[WORKER_TOKEN_MAX + 1], const char *path, struct err *err)
{
	char text[WORKER_TOKEN_MAX + 2] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (len < 0)
		return err_set(err, ERR_INVALID, "token-file", "cannot read %s: %s", path,
			strerror(error));
	text[strcspn(text, "\r\n")] = '\0';
	if (strlen(text) > WORKER_TOKEN_MAX)
		text[0] = '\0';
	memcpy(token, text, strlen(text) + 1);
	explicit_bzero(text, sizeof(text));
	return true;
}

/* A credential has printable characters only; others could add lines to the header. */
static bool set_token(struct parse *parse, struct err *err)
{
	const char *text = getenv("POLYTASK_TOKEN");
	char *token = parse->options->token;

	if (parse->token_file) {
		if (!read_token_file(token, parse->token_file, err))
			return false;
	} else if (!text) {
		return err_set(err, ERR_MISSING, "token-file",
			"the token is missing: --token-file or POLYTASK_TOKEN");
	} else if (strlen(text) <= WORKER_TOKEN_MAX) {
		memcpy(token, text, strlen(text) + 1);
	}
	for (const char *c = token; *c; c++) {
		if (*c <= ' ' || *c >= 0x7f)
			token[0] = '\0';
	}
	if (token[0] == '\0')
		return err_set(err, ERR_INVALID, "token-file",
			"the token is empty, has more than %d bytes, or is not one word of ASCII",
			WORKER_TOKEN_MAX);
	return true;
}

static bool set_defaults(struct parse *parse, struct err *err)
{
	struct worker_options *options = parse->options;
	char host[256] = "";

	if (!options->ca_file)
		options->ca_file = getenv("POLYTASK_CACERT");
	if (options->ca_file && !options->ca_file[0])
		options->ca_file = NULL;
	if (options->ca_file && access(options->ca_file, R_OK) != 0)
		return err_set(err, ERR_INVALID, "ca", "cannot read %s: %s", options->ca_file,
			strerror(errno));
	if (!options->name[0]) {
		gethostname(host, sizeof(host) - 1);
		snprintf(options->name, sizeof(options->name), "%.80s:%ld", host, (long)getpid());
	}
	return set_url(parse, err) && set_token(parse, err);
}

static bool check_command(struct parse *parse, struct err *err)
{
	struct worker_options *options = parse->options;

	if (options->simulate && options->command)
		return err_set(err, ERR_INVALID, NULL, "--simulate runs no command");
	if (options->simulate && parse->command_option)
		return err_set(err, ERR_INVALID, NULL,
			"--simulate has no --grace, --report and --verbose");
	if (!options->simulate && parse->simulation_option)
		return err_set(
			err, ERR_INVALID, NULL, "--seconds and --fail-rate belong to --simulate");
	if (!options->simulate && !options->command)
		return err_set(err, ERR_MISSING, NULL,
			"the command is missing: give it after --, or use --simulate");
	return true;
}

bool worker_options_parse(struct worker_options *options, int argc, char **argv, struct err *err)
{
	struct parse parse = { .options = options };
	int option;

	*options = (struct worker_options){
		.jobs = 1, .lease_seconds = 60, .grace_seconds = 10, .simulate_seconds = 2
	};
	optind = 0;
	while ((option = getopt_long(argc, argv, "+h", long_options, NULL)) != -1) {
		if (!set_flag(&parse, option) && !set_option(&parse, option, optarg, err))
			return false;
	}
	if (options->help)
		return true;
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0)
		return err_set(err, ERR_INVALID, NULL, "the command begins after --");
	options->command = optind < argc ? argv + optind : NULL;
	return check_command(&parse, err) && set_defaults(&parse, err);
}

void worker_options_free(struct worker_options *options)
{
	free(options->url);
	json_decref(options->dialects);
	json_decref(options->kinds);
	explicit_bzero(options->token, sizeof(options->token));
}
