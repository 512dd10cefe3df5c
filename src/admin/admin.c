#include "admin/admin.h"

#include <inttypes.h>
#include <stdarg.h>

#include "admin/exit_status.h"
#include "base/clock.h"
#include "sys/output.h"

#define PROGRESS_INTERVAL_MS 250

const struct admin_option_row admin_options[ADMIN_OPTIONS] = {
	[ADMIN_TENANT] = { .name = "tenant", .value = "TENANT" },
	[ADMIN_RIGHTS] = { .name = "rights", .value = "read,write,work,admin" },
	[ADMIN_LABEL] = { .name = "label", .value = "LABEL" },
	[ADMIN_EXPIRES] = { .name = "expires", .value = "SECONDS|never" },
	[ADMIN_ID] = { .name = "id", .value = "ID" },
	[ADMIN_SECRET] = { .name = "secret", .value = "-", .secret = true },
	[ADMIN_DIALECT] = { .name = "dialect", .value = "DIALECT" },
	[ADMIN_DIALECTS] = { .name = "dialects", .value = "virtshell,idol,..." },
	[ADMIN_OVERLAP] = { .name = "overlap", .value = "SECONDS" },
	[ADMIN_JSON] = { .name = "json" },
	[ADMIN_NO_WAIT] = { .name = "no-wait" },
	[ADMIN_TASKS] = { .name = "tasks", .value = "N|none|default" },
	[ADMIN_ALL] = { .name = "all" },
	[ADMIN_PARTIAL] = { .name = "partial" },
	[ADMIN_NEW_TENANTS] = { .name = "new-tenants" },
	[ADMIN_FROM] = { .name = "from", .value = "DIALECT" },
	[ADMIN_REPLACE] = { .name = "replace" },
	[ADMIN_SALVAGE] = { .name = "salvage" },
	[ADMIN_BYTES] = { .name = "bytes", .value = "N|none|default" },
	[ADMIN_ADD] = { .name = "add" },
	[ADMIN_RATE] = { .name = "rate", .value = "MB" },
	[ADMIN_HOME] = { .name = "home", .value = "NEW" },
	[ADMIN_LOGS] = { .name = "logs", .value = "ARCHIVE" },
	[ADMIN_UNTIL] = { .name = "until", .value = "TIME" },
	[ADMIN_YES] = { .name = "yes" },
	[ADMIN_STATE] = { .name = "state", .value = "STATE,..." },
	[ADMIN_KIND] = { .name = "kind", .value = "KIND" },
	[ADMIN_FAILURE] = { .name = "failure", .value = "FAILURE,..." },
	[ADMIN_SORT] = { .name = "sort", .value = "[-]created|updated|..." },
	[ADMIN_LIMIT] = { .name = "limit", .value = "N" },
	[ADMIN_HISTORY] = { .name = "history" },
	[ADMIN_TIMEOUT] = { .name = "timeout", .value = "SECONDS" },
	[ADMIN_SEEN] = { .name = "seen", .value = "COUNT", .internal = true },
	[ADMIN_FIELDS] = { .name = "fields", .value = "JSON", .secret = true },
	[ADMIN_PRIORITY] = { .name = "priority", .value = "N" },
	[ADMIN_NOT_BEFORE] = { .name = "not-before", .value = "TIME" },
	[ADMIN_STDIN] = { .name = "stdin" },
	[ADMIN_MAX] = { .name = "max", .value = "N" },
	[ADMIN_RESUME] = { .name = "resume" },
	[ADMIN_TYPE] = { .name = "type", .value = "TYPE,..." },
	[ADMIN_AFTER] = { .name = "after", .value = "PLACE|first|now" },
	[ADMIN_FOLLOW] = { .name = "follow" },
	[ADMIN_URL] = { .name = "url", .value = "URL" },
	[ADMIN_NAME] = { .name = "name", .value = "NAME" },
	[ADMIN_FORMAT] = { .name = "format", .value = "FORMAT" },
	[ADMIN_METHOD] = { .name = "method", .value = "METHOD" },
	[ADMIN_HEADER] = { .name = "header",
		.value = "'NAME: VALUE'",
		.secret = true,
		.repeatable = true },
	[ADMIN_QUERY] = { .name = "query",
		.value = "NAME=VALUE",
		.secret = true,
		.repeatable = true },
	[ADMIN_PARALLEL] = { .name = "parallel", .value = "N" },
	[ADMIN_TO] = { .name = "to", .value = "TIME" },
	[ADMIN_ONCE] = { .name = "once" },
	[ADMIN_FILTER] = { .name = "filter", .value = "NAME=VALUE", .repeatable = true },
	[ADMIN_DRY_RUN] = { .name = "dry-run" },
	[ADMIN_DRY_RUN_TOKEN] = { .name = "dry-run-token", .value = "TOKEN", .internal = true },
	[ADMIN_NOHEADINGS] = { .name = "noheadings" },
	[ADMIN_DELIVERY] = { .name = "delivery", .value = "DELIVERY,..." },
};

bool admin_is_repeated(const struct admin_call *call)
{
	return call->command->repeated || call->options[ADMIN_FOLLOW];
}

bool admin_reads_secret(const struct admin_call *call)
{
	return call->command->reads_secret || call->options[ADMIN_SECRET];
}

bool admin_check_secret(const struct admin_call *call, struct err *err)
{
	const char *secret = call->options[ADMIN_SECRET];

	return !secret || strcmp(secret, "-") == 0 ||
	       err_set(err, ERR_INVALID, "secret",
		       "other users can read a secret in the arguments: use '--secret -', which reads "
		       "it from standard input");
}

bool admin_reads_input(const struct admin_call *call)
{
	return call->command->reads_input || call->options[ADMIN_STDIN] || admin_reads_secret(call);
}

bool admin_check_not_compressed(FILE *in, struct err *err)
{
	int c = getc(in);

	/* The first byte of a gzip file (RFC 1952 section 2.3.1). */
	if (c == 0x1F)
		return err_set(err, ERR_MALFORMED, NULL,
			"the input is compressed: decompress it first (zcat FILE | polytaskctl ...)");
	ungetc(c, in);
	return true;
}

static bool write_line(FILE *to, const char *frame, struct str line)
{
	if (fputs(frame, to) >= 0 && fwrite(line.ptr, 1, line.len, to) == line.len)
		putc('\n', to);
	return !ferror(to);
}

bool admin_print_line(struct admin *admin, struct str line)
{
	return write_line(admin->out, admin->err ? "" : "o ", line);
}

bool admin_print(struct admin *admin, const char *format, ...)
{
	char text[1024];
	va_list args;
	bool ok;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ok = admin_print_line(admin, str_cstr(text));
	/* May contain a secret. */
	explicit_bzero(text, sizeof(text));
	return ok;
}

void admin_print_secret(struct admin *admin, const char *before, char *secret, size_t size)
{
	admin_print(admin, "%s%s", before, secret);
	explicit_bzero(secret, size);
}

/* Text of a file or a request may be in the error: a line feed in it would begin another frame. */
void admin_print_error(struct admin *admin, const char *text)
{
	char line[512];
	size_t len = strnlen(text, sizeof(line));

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		line[i] = c < 0x20 || c == 0x7F ? ' ' : text[i];
	}
	write_line(admin->err ? admin->err : admin->out, admin->err ? "polytaskctl: " : "e ",
		(struct str){ line, len });
}

void admin_progress(struct admin *admin, uint64_t done, uint64_t total, const char *unit)
{
	int64_t now;

	if (admin->progress)
		admin->progress(done, total, unit);
	if (!admin->sends_progress)
		return;
	now = clock_mono_ms();
	if (now < admin->next_progress)
		return;
	admin->next_progress = now + PROGRESS_INTERVAL_MS;
	fprintf(admin->out, "p %" PRIu64 " %" PRIu64 " %s\n", done, total, unit);
	fflush(admin->out);
}

void admin_progress_of_tasks(uint64_t done, uint64_t total, void *admin)
{
	admin_progress(admin, done, total, "tasks");
}

const char *admin_error_text(const struct err *err, bool in_steps)
{
	struct err plain = { .code = err->code };

	if (strcmp(err_text(err), err_text(&plain)) != 0)
		return err_text(err);
	if (err->code == ERR_UNKNOWN_OUTCOME)
		return "The outcome is unknown: check what was changed before the command is"
		       " repeated.";
	if (err->code == ERR_DISK_FULL && in_steps)
		return "The disk is full; what was changed before remains.";
	return err_text(err);
}

/* A command in steps may have changed something, and one that was busy may have begun. */
static int status_of(const struct admin_call *call, enum err_code code)
{
	enum exit_status status = exit_status_of(code);

	return status == EXIT_BUSY || (status == EXIT_REFUSED && call->command->in_steps)
		       ? EXIT_FAILED
		       : status;
}

bool admin_check_engine(
	const struct conf *conf, const char *words, const char *instead, struct err *err)
{
	return !instead || !conf_is_shared(conf) ||
	       err_set(err, ERR_CONFLICT, "store", "'%s' is for a store in the home: %s", words,
		       instead);
}

int admin_run(struct admin *admin, const struct admin_call *call, bool *panic)
{
	struct err err = { 0 };
	bool done, shown;

	admin->sends_progress = call->wants_progress && !admin->err;
	*panic = false;
	if (!admin_check_engine(admin->conf, call->command->words, call->command->instead, &err)) {
		admin_print_error(admin, err_text(&err));
		return (int)exit_status_of(err.code);
	}
	done = call->command->run(admin, call, &err);
	shown = fflush(admin->out) == 0 && !ferror(admin->out);
	*panic = !done && err.code == ERR_PANIC;
	if ((done || err.code == ERR_INTERNAL) && admin->err && output_reader_has_gone(admin->out))
		return EXIT_NO_READER;
	if (!done)
		admin_print_error(admin, admin_error_text(&err, call->command->in_steps));
	if (done && !shown) {
		admin_print_error(admin, "cannot write the output");
		return EXIT_FAILED;
	}
	return done ? EXIT_DONE : status_of(call, err.code);
}
