#include "ctl/ctl_command.h"

#include <bsd/readpassphrase.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/command.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "ctl/backup.h"
#include "ctl/copy_command.h"
#include "ctl/reindex.h"
#include "ctl/service_call.h"
#include "ctl/status_table.h"
#include "ctl/store_command.h"
#include "ctl/top.h"
#include "sys/listen.h"

/* The service itself answers after 31 s at most. */
#define RELOAD_SECONDS 45

#define STOP_TIMEOUT_MS	 15000
#define POLL_INTERVAL_MS 50

/* ---- the service ---- */

static int call_service(struct ctl *ctl, struct str request, int seconds, FILE *out)
{
	return service_call(ctl->conf.control, request, seconds, out);
}

static int run_status(struct ctl *ctl)
{
	struct str request = STATUS_REQUEST;
	char *text = NULL;
	size_t size = 0;
	FILE *memory;
	int status;

	if (ctl->call.options[ADMIN_JSON])
		return call_service(ctl, request, STATUS_SECONDS, stdout);
	memory = open_memstream(&text, &size);
	if (!memory)
		return ctl_fail("memory is exhausted");
	status = call_service(ctl, request, STATUS_SECONDS, memory);
	if (fclose(memory) == 0 && size > 0 &&
		!status_table_print(
			(struct str){ text, size }, clock_wall_ms(), isatty(STDOUT_FILENO), stdout))
		status = ctl_fail("cannot read the status that the service sent");
	free(text);
	return status;
}

/* Fails within 3 s if the supervisor does not answer, because it is stopped for example. */
static int check_answers(struct ctl *ctl)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	int status;

	if (!memory)
		return ctl_fail("memory is exhausted");
	status = call_service(ctl, STATUS_REQUEST, STATUS_SECONDS, memory);
	fclose(memory);
	free(text);
	return status == EXIT_NOT_YET ? EXIT_DONE : status;
}

/* Returns when the new generation answers all requests. */
static int run_reload(struct ctl *ctl)
{
	int status = check_answers(ctl);

	if (status == 0)
		status = call_service(
			ctl, STR("{\"verb\":[\"reload\"]}\n"), RELOAD_SECONDS, stdout);
	return status;
}

/* Returns after the service has exited. */
static int run_stop(struct ctl *ctl)
{
	int64_t until = clock_mono_ms() + STOP_TIMEOUT_MS;
	int status = call_service(ctl, STR("{\"verb\":[\"stop\"]}\n"), STATUS_SECONDS, stdout);
	int fd;

	while (status == 0 && listen_connect(&fd, ctl->conf.control)) {
		close(fd);
		if (clock_mono_ms() > until)
			return ctl_fail("the service is still stopping");
		poll(NULL, 0, POLL_INTERVAL_MS);
	}
	return status;
}

static int run_reindex(struct ctl *ctl)
{
	return ctl_reindex(&ctl->conf, !ctl->call.options[ADMIN_NO_WAIT]);
}

/* ---- without the service ---- */

/* Reads a line of standard input, without echo at a terminal. NULL at the end of the input. */
static const char *read_secret(char line[AUTH_SECRET_MAX])
{
	bool terminal = isatty(STDIN_FILENO);

	return readpassphrase(terminal ? "Secret: " : "", line, AUTH_SECRET_MAX,
		terminal ? RPP_REQUIRE_TTY : RPP_STDIN);
}

static int fail_usage(const char *text)
{
	ctl_fail(text);
	return EXIT_USAGE;
}

static int run_sign(struct ctl *ctl)
{
	char line[AUTH_SECRET_MAX] = "";
	struct buf out = BUF_INIT;
	struct err err = { 0 };
	int status = 0;

	if (ctl->sign.data && ctl->sign.content_md5)
		return fail_usage("--content-md5 is the digest of --data: give one of them");
	if (!ctl->sign.user)
		return fail_usage("'sign' requires --user");
	ctl->sign.method = ctl->words[1];
	ctl->sign.url = ctl->words[2];
	ctl->sign.secret = ctl->call.options[ADMIN_SECRET] ? read_secret(line)
							   : getenv("VIRTSHELL_KEY");
	if (!sign_headers(&ctl->sign, clock_wall_ms(), &out, &err))
		status = ctl_fail(err_text(&err));
	else
		fwrite(out.data, 1, out.len, stdout);
	explicit_bzero(line, sizeof(line));
	buf_free(&out);
	return status;
}

static int run_print_config(struct ctl *ctl)
{
	struct buf out = BUF_INIT;
	bool ok;

	conf_print(&ctl->conf, &out);
	ok = buf_ok(&out);
	fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return ok ? 0 : ctl_fail("not enough memory");
}

static const struct ctl_option sign_options[] = {
	{ "user", "ID", "id of the key" },
	{ "date", "DATE", "the Date field to sign (default: now)" },
	{ "content-type", "TYPE", "the Content-Type field to sign" },
	{ "content-md5", "MD5", "the digest of the body" },
	{ "data", "BODY", "the body, of which the digest is signed" },
	{ 0 },
};

const struct ctl_command ctl_commands[] = {
	{ "status", " [--json]", .options = ADMIN_BIT(ADMIN_JSON), .control_only = true,
		.run = run_status, .help = "show the processes of the service" },
	{ "top", " [--once]", .options = ADMIN_BIT(ADMIN_ONCE), .control_only = true,
		.run = ctl_top,
		.help = "show the processes and rates of the service once a second, until q is "
			"typed" },
	{ "reload", "", .control_only = true, .run = run_reload,
		.help = "reload the configuration, and wait until all requests are answered with "
			"it" },
	{ "stop", "", .control_only = true, .run = run_stop,
		.help = "stop the service and wait for its end" },
	{ "backup", " [--add] [--rate MB] DIR", 1,
		.options = ADMIN_BIT(ADMIN_ADD) | ADMIN_BIT(ADMIN_RATE), .asks_store = true,
		.instead = ADMIN_INSTEAD_OF_BACKUP, .run = ctl_backup,
		.help = "copy the store to a new folder, or add the changes since then" },
	{ "restore", " --home NEW [--logs ARCHIVE] [--until TIME] DIR", 1,
		.options = ADMIN_BIT(ADMIN_HOME) | ADMIN_BIT(ADMIN_LOGS) | ADMIN_BIT(ADMIN_UNTIL),
		.required_options = ADMIN_BIT(ADMIN_HOME),
		.instead = "restore the database of the server, or import an export.",
		.run = ctl_restore, .help = "make a new home of a backup" },
	{ "reindex", " [--no-wait]", .options = ADMIN_BIT(ADMIN_NO_WAIT), .asks_store = true,
		.instead = ADMIN_INSTEAD_OF_REINDEX, .run = run_reindex,
		.help = "replace the index by a new one, and wait until it is complete" },
	{ "store", " {init | upgrade | check}", 1, .run = ctl_store,
		.help = "make the tables of a shared store, bring them to this version, or check "
			"them and the settings of the server" },
	{ "copy", " --from STORE --to STORE",
		.options = ADMIN_BIT(ADMIN_FROM) | ADMIN_BIT(ADMIN_TO),
		.required_options = ADMIN_BIT(ADMIN_FROM) | ADMIN_BIT(ADMIN_TO), .run = ctl_copy,
		.help = "copy a whole store from a home to a PostgreSQL server or back, while no "
			"service uses either" },
	{ "sign",
		" --user ID [--secret -] [--date DATE] [--content-type TYPE]\n"
		"         [--content-md5 MD5 | --data BODY] METHOD URL",
		2, .options = ADMIN_BIT(ADMIN_SECRET), .own_options = sign_options,
		.sign_options = true, .run = run_sign,
		.help = "print the header fields of a signed VirtShell request, for curl -H @FILE" },
	{ "print-config", "", .run = run_print_config, .help = "print the configuration in use" },
	{ 0 },
};
