#include "base/conf.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

enum option_type { OPTION_TEXT, OPTION_NUMBER, OPTION_OCTAL };

struct option_row {
	const char *name;
	enum option_type type;
	size_t offset, size; /* where in struct conf; size of a text */
	const char *default_value;
	uint64_t min, max;
	bool needs_restart;		     /* takes effect only at a restart */
	bool (*is_valid)(const char *value); /* a text's own rule, which the help states */
	const char *help;
};

static bool is_log_level(const char *value)
{
	enum log_level level;

	return log_level_parse(&level, value);
}

/* Links are made by putting a path behind it. */
static bool is_public_url(const char *value)
{
	size_t scheme = strncmp(value, "https://", 8) == 0  ? 8
			: strncmp(value, "http://", 7) == 0 ? 7
							    : 0;
	size_t len = strlen(value);

	if (len == 0)
		return true;
	for (size_t i = 0; i < len; i++) {
		if (value[i] <= ' ' || value[i] > '~' || strchr("\"<>\\?#", value[i]))
			return false;
	}
	return scheme > 0 && len > scheme && value[scheme] != '/' && value[len - 1] != '/';
}

#define TEXT(member)                                                  \
	.type = OPTION_TEXT, .offset = offsetof(struct conf, member), \
	.size = sizeof(((struct conf *)0)->member)
#define NUMBER(member) .type = OPTION_NUMBER, .offset = offsetof(struct conf, member)
#define OCTAL(member)  .type = OPTION_OCTAL, .offset = offsetof(struct conf, member)

static const struct option_row options[] = {
	{ "home", TEXT(home), .default_value = POLYTASK_STATEDIR, .needs_restart = true,
		.help = "Directory of the data files, the logs and the lock; on a disk." },
	{ "regions", TEXT(regions), .default_value = POLYTASK_RUNDIR "/regions",
		.needs_restart = true,
		.help = "Directory of Berkeley DB's shared regions; on a tmpfs. Rebuilt at every start." },
	{ "archive", TEXT(archive), .default_value = "", .needs_restart = false,
		.help = "Finished logs are copied here before they are removed; empty: only removed." },
	{ "socket", TEXT(socket), .default_value = POLYTASK_RUNDIR "/polytask.sock",
		.needs_restart = true,
		.help = "The FastCGI socket, unless one comes from descriptor 0 or from systemd." },
	{ "socket_mode", OCTAL(socket_mode), .default_value = "0660", .max = 0777,
		.needs_restart = true, .help = "Mode of the FastCGI socket, octal." },
	{ "control", TEXT(control), .default_value = POLYTASK_RUNDIR "/control.sock",
		.needs_restart = true, .help = "The socket polytaskctl talks to; mode 0600." },
	{ "user", TEXT(user), .default_value = "", .needs_restart = true,
		.help = "Run as this user when started by root; empty: stay." },
	{ "group", TEXT(group), .default_value = "", .needs_restart = true,
		.help = "Group of the process and of the FastCGI socket; empty: the user's own." },
	{ "peer_user", TEXT(peer_user), .default_value = "www-data", .needs_restart = false,
		.help = "The web server's user; besides our own, nobody else may connect." },
	{ "backlog", NUMBER(backlog), .default_value = "1024", .min = 1, .max = 65535,
		.needs_restart = true, .help = "Connections that may wait to be accepted." },
	{ "workers", NUMBER(workers), .default_value = "0", .max = 64,
		.help = "Worker processes; 0: one for two processors, the web server needs the other." },
	{ "connections", NUMBER(connections), .default_value = "1024", .min = 16, .max = 65536,
		.help = "Kept connections a worker holds at most." },
	{ "expected_tasks", NUMBER(expected_tasks), .default_value = "100000", .min = 1000,
		.max = 1000000000, .needs_restart = true,
		.help = "How many tasks to size the hash file for; used when it is created." },
	{ "cache_mb", NUMBER(cache_mb), .default_value = "128", .min = 4, .max = 1048576,
		.needs_restart = true, .help = "The database cache, shared by all processes." },
	{ "body_limit", NUMBER(body_limit), .default_value = "262144", .min = 1024, .max = 16777216,
		.help = "Largest request body in bytes; the web server's own limit should be the same." },
	{ "checkpoint_mb", NUMBER(checkpoint_mb), .default_value = "32", .min = 1, .max = 4096,
		.help = "Write a checkpoint after this much log." },
	{ "checkpoint_seconds", NUMBER(checkpoint_seconds), .default_value = "30", .min = 1,
		.max = 3600, .help = "Write a checkpoint after this time, if there is new log." },
	{ "reserve_mb", NUMBER(reserve_mb), .default_value = "64", .min = 1, .max = 65536,
		.help = "Size of the reserve file; writes are refused while less than this is free." },
	{ "stuck_seconds", NUMBER(stuck_seconds), .default_value = "1", .min = 1, .max = 3600,
		.help = "A process that was stopped for so long is ended and replaced." },
	{ "drain_seconds", NUMBER(drain_seconds), .default_value = "60", .min = 1, .max = 3600,
		.help = "How long a retired worker waits for the web server to close its connections." },
	{ "signature_seconds", NUMBER(signature_seconds), .default_value = "900", .min = 1,
		.max = 86400,
		.help = "How far the Date of a signed VirtShell request may lie from now, in seconds." },
	{ "uplynk_seconds", NUMBER(uplynk_seconds), .default_value = "300", .min = 1, .max = 86400,
		.help = "How far the _timestamp of a signed Uplynk message may lie from now, in seconds." },
	{ "principal_rate", NUMBER(principal_rate), .default_value = "1000", .max = 1000000,
		.help = "Requests a second that one user may send, whatever the credential; 0: no limit." },
	{ "principal_burst", NUMBER(principal_burst), .default_value = "2000", .min = 1,
		.max = 1000000, .help = "How many of them may come at once." },
	{ "login_burst", NUMBER(login_burst), .default_value = "5", .max = 1000,
		.help = "Failed logins at once of a name from one address, then one in 10 s; 0: no limit." },
	{ "idol_creates_a_day", NUMBER(idol_creates_a_day), .default_value = "10000",
		.max = 1000000000,
		.help = "IDOL import tasks that a tenant may create in a day (UTC); 0: any number." },
	{ "log_level", TEXT(log_level), .default_value = "info", .is_valid = is_log_level,
		.help = "debug, info, warn or error." },
	{ "zone", TEXT(zone), .default_value = "Europe/Paris",
		.help = "Time zone of the dialects that tell local time; a name of /usr/share/zoneinfo." },
	{ "public_url", TEXT(public_url), .default_value = "", .is_valid = is_public_url,
		.help = "What links begin with, https://HOST without a slash behind it; empty: as asked." },
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static void *member(struct conf *conf, const struct option_row *row)
{
	return (char *)conf + row->offset;
}

static const void *member_const(const struct conf *conf, const struct option_row *row)
{
	return (const char *)conf + row->offset;
}

static bool parse_octal(const char *text, uint64_t *value)
{
	uint64_t sum = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '7' || sum > 0777777)
			return false;
		sum = sum * 8 + (uint64_t)(*text - '0');
	}
	*value = sum;
	return true;
}

static bool set_number(
	struct conf *conf, const struct option_row *row, const char *value, struct err *err)
{
	uint64_t number;
	bool read = row->type == OPTION_OCTAL ? parse_octal(value, &number)
					      : str_to_u64(str_cstr(value), &number);

	if (!read || number < row->min || number > row->max)
		return err_set(err, ERR_INVALID, row->name,
			row->type == OPTION_OCTAL ? "%s must be an octal number from %llo to %llo"
						  : "%s must be a number from %llu to %llu",
			row->name, (unsigned long long)row->min, (unsigned long long)row->max);
	memcpy(member(conf, row), &number, sizeof(number));
	return true;
}

static bool set_option(
	struct conf *conf, const struct option_row *row, const char *value, struct err *err)
{
	if (row->type != OPTION_TEXT)
		return set_number(conf, row, value, err);
	if (strlen(value) >= row->size)
		return err_set(err, ERR_INVALID, row->name, "%s may have at most %zu bytes",
			row->name, row->size - 1);
	if (row->is_valid && !row->is_valid(value))
		return err_set(err, ERR_INVALID, row->name, "%s: %s", row->name, row->help);
	memset(member(conf, row), 0, row->size);
	memcpy(member(conf, row), value, strlen(value));
	return true;
}

bool conf_set(struct conf *conf, const char *name, const char *value, struct err *err)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		if (strcmp(options[i].name, name) == 0)
			return set_option(conf, &options[i], value, err);
	}
	return err_set(err, ERR_INVALID, name, "there is no option %s", name);
}

void conf_defaults(struct conf *conf)
{
	struct err err;

	memset(conf, 0, sizeof(*conf));
	for (size_t i = 0; i < OPTIONS; i++) {
		if (!set_option(conf, &options[i], options[i].default_value, &err))
			abort(); /* a row whose default breaks its own bounds */
	}
}

struct reader {
	struct conf *conf;
	struct err *err;
	FILE *file;
	int line;
	bool failed;
};

/*
 * inih takes an indented line for more of the option before it, and cuts a long one: both would be
 * silent surprises in a path, so both are errors here.
 */
static char *read_line(char *text, int size, void *user)
{
	struct reader *reader = user;
	size_t len;

	if (reader->failed || !fgets(text, size, reader->file))
		return NULL;
	reader->line++;
	len = strlen(text);
	if ((text[0] == ' ' || text[0] == '\t') && strspn(text, " \t\r\n") < len) {
		err_set(reader->err, ERR_INVALID, "config", "a line may not be indented");
		reader->failed = true;
	} else if (len + 1 == (size_t)size && text[len - 1] != '\n') {
		err_set(reader->err, ERR_INVALID, "config", "a line may have %d bytes", size - 2);
		reader->failed = true;
	}
	return reader->failed ? NULL : text;
}

static int handle_option(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;

	if (reader->failed)
		return 0;
	if (*section) {
		err_set(reader->err, ERR_INVALID, section, "sections are not used: [%s]", section);
		reader->failed = true;
	} else if (!conf_set(reader->conf, name, value, reader->err)) {
		reader->failed = true;
	}
	return !reader->failed;
}

/* inih's reader and handler get one pointer each: the same. */
static bool read_file(struct reader *reader, const char *path)
{
	struct err *err = reader->err;
	int line = ini_parse_stream(read_line, reader, handle_option, reader);

	if (reader->failed) {
		struct err first = *err;

		return err_set(err, ERR_INVALID, first.field, "%s, line %d: %s", path, reader->line,
			first.text);
	}
	if (line != 0)
		return err_set(
			err, ERR_INVALID, "config", "%s, line %d: not `name = value`", path, line);
	return true;
}

bool conf_read(struct conf *conf, const char *path, struct err *err)
{
	struct conf copy = *conf;
	struct reader reader = { .conf = &copy, .err = err, .file = fopen(path, "re") };
	bool read;

	if (!reader.file)
		return err_set(err, ERR_INVALID, "config", "%s cannot be read", path);
	read = read_file(&reader, path);
	fclose(reader.file);
	if (read)
		*conf = copy;
	return read;
}

static void print_value(const struct conf *conf, const struct option_row *row, struct buf *out)
{
	uint64_t number;

	if (row->type == OPTION_TEXT) {
		buf_puts(out, member_const(conf, row));
		return;
	}
	memcpy(&number, member_const(conf, row), sizeof(number));
	buf_printf(out, row->type == OPTION_OCTAL ? "%04llo" : "%llu", (unsigned long long)number);
}

void conf_print(const struct conf *conf, struct buf *out)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		buf_printf(out, "%s# %s%s\n%s = ", i ? "\n" : "", options[i].help,
			options[i].needs_restart ? " Restart to change." : "", options[i].name);
		print_value(conf, &options[i], out);
		buf_putc(out, '\n');
	}
}

void conf_restart_changes(const struct conf *before, const struct conf *after, struct buf *names)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_row *row = &options[i];
		size_t size = row->type == OPTION_TEXT ? row->size : sizeof(uint64_t);

		if (!row->needs_restart ||
			memcmp(member_const(before, row), member_const(after, row), size) == 0)
			continue;
		buf_printf(names, "%s%s", names->len ? ", " : "", row->name);
	}
}
