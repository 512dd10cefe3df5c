#include "sys/conf.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tz.h"
#include "sys/monitor_socket.h"
#include "sys/network.h"
#include "sys/store_url.h"

static bool is_log_level(const char *value)
{
	enum log_level level;

	return log_level_parse(&level, value);
}

static bool is_monitor(const char *value)
{
	struct monitor_address address;
	struct err err;

	return !*value || monitor_address_parse(&address, value, &err);
}

/* A path is appended to it, so it must not end with a slash or contain a query. */
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

static bool check_network(const char *text, struct err *err)
{
	struct network network;

	return network_parse(&network, text, err);
}

#define TEXT(member)	 OPTION_TEXT_IN(conf, member)
#define NUMBER(member)	 OPTION_NUMBER_IN(conf, member)
#define OCTAL(member)	 OPTION_OCTAL_IN(conf, member)
#define DURATION(member) OPTION_DURATION_IN(conf, member)
#define LIST(member)	 OPTION_LIST_IN(conf, member)

#define RETENTION_MAX_SECONDS (36500ULL * 86400)

static const struct option_row rows[] = {
	{ "home", TEXT(home), .default_value = POLYTASK_STATEDIR, .needs_restart = true,
		.help = "Directory of the database, its logs and the lock file; on a disk." },
	{ "store", TEXT(store), .default_value = "", .is_valid = store_url_is_option,
		.needs_restart = true,
		.help = "URL of a store that several hosts share, without a password; empty: in home.",
		.manual = "See SHARED STORE." },
	{ "regions", TEXT(regions), .default_value = POLYTASK_RUNDIR "/regions",
		.needs_restart = true,
		.help = "Directory of Berkeley DB's shared memory; on a tmpfs, rebuilt at every start.",
		.manual =
			"It needs about 53 MiB and 5/4 of cache_mb; a start with less space is refused. "
			"Each home needs a directory of its own: one that another home is using is "
			"refused." },
	{ "archive", TEXT(archive), .default_value = "",
		.help = "Directory that finished logs are copied to before they are removed; empty: none." },
	{ "socket", TEXT(socket), .default_value = POLYTASK_RUNDIR "/polytask.sock",
		.needs_restart = true,
		.help = "FastCGI socket for requests that change tasks; with .read appended: for others.",
		.manual = "Sockets passed by systemd, or one as descriptor 0, are used instead." },
	{ "socket_mode", OCTAL(socket_mode), .default_value = "0660", .max = 0777,
		.needs_restart = true, .help = "Mode of the FastCGI sockets, in octal." },
	{ "control", TEXT(control), .default_value = POLYTASK_RUNDIR "/control.sock",
		.needs_restart = true, .help = "Socket for polytaskctl; its mode is 0600." },
	{ "monitor", TEXT(monitor), .default_value = "", .is_valid = is_monitor,
		.needs_restart = true,
		.help = "Address for metrics and probes, such as 127.0.0.1:9464, or a socket; empty: none.",
		.manual =
			"An IPv4 address or an IPv6 address in brackets, with a port, or the path of a "
			"socket, whose mode is socket_mode. There are no credentials: anyone who reaches "
			"it can read how many tasks each tenant has. See METRICS in polytaskd(8)." },
	{ "user", TEXT(user), .default_value = "", .needs_restart = true,
		.help = "User to become when started by root; empty: remain root.",
		.manual = "Without it, root does not work in a home that another user owns." },
	{ "group", TEXT(group), .default_value = "", .needs_restart = true,
		.help = "Group of the processes and of the FastCGI sockets; empty: the user's own." },
	{ "peer_user", TEXT(peer_user), .default_value = "www-data",
		.help = "The web server's user. Only this and the service's own user may connect." },
	{ "backlog", NUMBER(backlog), .default_value = "1024", .min = 1, .max = 65535,
		.unit = "connections", .needs_restart = true,
		.help = "Connections that may wait to be accepted." },
	{ "workers", NUMBER(workers), .default_value = "0", .max = 64, .unit = "processes",
		.help = "Worker processes; 0: a writer, and a reader for each processor.",
		.manual =
			"With two FastCGI sockets, one worker is the writer and the others are readers; a "
			"single worker does both. With one socket each worker does both, and 0 means one." },
	{ "connections", NUMBER(connections), .default_value = "1024", .min = 16, .max = 65536,
		.unit = "connections", .help = "Connections with a request of one worker.",
		.manual =
			"While a worker has as many, new connections wait. Those that nginx keeps "
			"open without a request do not count; requests on them are read also "
			"beyond the limit. Of both kinds a worker has 64 fewer than its limit of "
			"open files, and 65536 at most." },
	{ "expected_tasks", NUMBER(expected_tasks), .default_value = "100000", .min = 1000,
		.max = 1000000000, .unit = "tasks", .needs_restart = true,
		.help = "Number of tasks to size the hash file for when it is created.",
		.manual =
			"More tasks fit, but writing them takes longer until the file has grown." },
	{ "cache_mb", NUMBER(cache_mb), .default_value = "128", .min = 4, .max = 1048576,
		.unit = "MiB", .needs_restart = true,
		.help = "Database cache, shared by all processes." },
	{ "body_limit", NUMBER(body_limit), .default_value = "262144", .min = 1024, .max = 16777216,
		.unit = "bytes",
		.help = "Largest request body. Set the web server's own limit to the same.",
		.manual =
			"A dialect may accept larger bodies: VirtShell and the native API up to 16 MiB." },
	{ "checkpoint_mb", NUMBER(checkpoint_mb), .default_value = "32", .min = 1, .max = 4096,
		.unit = "MiB", .help = "Amount of log after which a checkpoint is written." },
	{ "checkpoint_seconds", NUMBER(checkpoint_seconds), .default_value = "30", .min = 1,
		.max = 3600, .unit = "seconds",
		.help = "Time after which a checkpoint is written if there is new log." },
	{ "scrub_days", NUMBER(scrub_days), .default_value = "7", .max = 365, .unit = "days",
		.help = "Time in which the checksums of all stored pages are verified once; 0: never." },
	{ "journal_days", NUMBER(journal_days), .default_value = "30", .min = 1, .max = 3650,
		.unit = "days", .help = "Time after which entries of the journal are removed.",
		.manual =
			"The journal has the history and the attempts of each task, and the events "
			"of GET /v1/events." },
	{ "journal_entries", NUMBER(journal_entries), .default_value = "2000000", .max = 1000000000,
		.unit = "entries",
		.help = "Entries that the journal has at most, of all tasks; 0: no journal is kept.",
		.manual =
			"The oldest are removed first, but those that webhooks still need are kept "
			"up to twice this number. Without a journal there are no events, and webhooks "
			"are told of nothing. An entry takes about 150 bytes; one with log lines "
			"of a worker counts as one entry for each 512 bytes." },
	{ "reserve_mb", NUMBER(reserve_mb), .default_value = "64", .min = 1, .max = 65536,
		.unit = "MiB",
		.help = "Size of the reserve file; writes are refused while less than this is free.",
		.manual = "A recovery on a full disk needs room for all changes since the last "
			  "checkpoint: set this higher than checkpoint_mb." },
	{ "stuck_seconds", NUMBER(stuck_seconds), .default_value = "1", .min = 1, .max = 3600,
		.unit = "seconds",
		.help = "Time after which a stopped process is killed and replaced." },
	{ "drain_seconds", NUMBER(drain_seconds), .default_value = "60", .min = 1, .max = 3600,
		.unit = "seconds",
		.help = "Time that a retired worker has to send the responses that it has begun." },
	{ "signature_seconds", NUMBER(signature_seconds), .default_value = "900", .min = 1,
		.max = 86400, .unit = "seconds",
		.help = "Allowed distance of a signed VirtShell request's Date from the current time." },
	{ "uplynk_seconds", NUMBER(uplynk_seconds), .default_value = "300", .min = 1, .max = 86400,
		.unit = "seconds",
		.help = "Allowed distance of an Uplynk message's _timestamp from the current time." },
	{ "uplynk_complete", NUMBER(uplynk_complete), .default_value = "0", .max = 1,
		.unit = "0 or 1",
		.help = "1: Uplynk's tasks are complete at their creation, without a backend.",
		.manual = "For clients that wait for a task to end, while no backend carries it "
			  "out. Tasks that were created before stay as they are." },
	{ "principal_rate", NUMBER(principal_rate), .default_value = "1000", .max = 1000000,
		.unit = "requests per second",
		.help = "Requests of one user, over all credentials and connections; 0: no limit.",
		.manual =
			"Requests over the limit are answered with 429 and Retry-After. A request "
			"counts as one more for every 128 tasks that its list looks through. If it "
			"takes more than 5 ms of processor time, it counts as one more for every "
			"half a millisecond, if that is more." },
	{ "principal_burst", NUMBER(principal_burst), .default_value = "2000", .min = 1,
		.max = 1000000, .unit = "requests",
		.help = "Requests that one user may send at once before principal_rate applies." },
	{ "principal_requests", NUMBER(principal_requests), .default_value = "256", .min = 1,
		.max = 65536, .unit = "requests",
		.help = "Requests of one user that a worker carries out or answers at the same time.",
		.manual =
			"Further requests are answered with 429. A response counts until its client "
			"has read it." },
	{ "principal_waits", NUMBER(principal_waits), .default_value = "6144", .min = 0,
		.max = 65536, .unit = "requests",
		.help = "Claims and heartbeats of one user that may wait in a worker.",
		.manual =
			"Further claims, and those beyond principal_held_mb, are answered with 429, "
			"further heartbeats without waiting. "
			"Streams of events count as claims. "
			"Keep it below waits, so that one user cannot end the waits of others." },
	{ "waits", NUMBER(waits), .default_value = "8192", .min = 0, .max = 65536,
		.unit = "requests", .help = "Claims and heartbeats that may wait in a worker.",
		.manual =
			"A further one, or memory beyond held_mb, ends the wait of the oldest one, "
			"which is answered as if its time were over. A request that waits takes 2 "
			"to 16 KB of memory. Streams of events count, too; the oldest one ends, and "
			"its client comes back. A stream takes 1 KB." },
	{ "principal_held_mb", NUMBER(principal_held_mb), .default_value = "32", .min = 1,
		.max = 1048576, .unit = "MiB",
		.help = "Memory of a worker for waiting responses, lists and removals of one user.",
		.manual = "Counted are responses that wait for their reader, and lists and "
			  "removals that take several turns. While they use more, requests of the "
			  "user are answered with 429." },
	{ "held_mb", NUMBER(held_mb), .default_value = "128", .min = 1, .max = 1048576,
		.unit = "MiB",
		.help = "Memory of a worker for all waiting responses, lists and removals.",
		.manual =
			"While they use more, requests are answered with 503. From half of it on, "
			"requests of users who hold more than an equal share are answered with 429." },
	{ "held_responses", NUMBER(held_responses), .default_value = "768", .min = 1, .max = 65536,
		.unit = "responses",
		.help = "Responses of one worker that may wait for their reader.",
		.manual = "With more, requests are answered with 503. From half of it on, requests "
			  "of users who hold an equal share or more are answered with 429. Keep it "
			  "below connections." },
	{ "reader_seconds", NUMBER(reader_seconds), .default_value = "10", .min = 1, .max = 3600,
		.unit = "seconds",
		.help = "Time after which a response of which nothing is read is dropped." },
	{ "login_burst", NUMBER(login_burst), .default_value = "5", .max = 1000, .unit = "logins",
		.help = "Failed logins at once per name and address, then one per 10 s; 0: no limit.",
		.manual = "An IPv6 address counts as its /64 network. Over all networks from which "
			  "the name has not logged in before, 20 times as many may fail at once, "
			  "then one per second. So guesses from many addresses do not keep a user "
			  "out of the 8 networks of its latest logins. Logins of one address are "
			  "limited to 50 at once, then 10 per second, whatever this option." },
	{ "idol_creates_a_day", NUMBER(idol_creates_a_day), .default_value = "10000",
		.max = 1000000000, .unit = "tasks per day",
		.help = "IDOL import tasks that a tenant may create in a day (UTC); 0: no limit.",
		.manual = "Tasks created by IDOL's own API and by the native API are counted "
			  "together. Removing a task permanently frees its place." },
	{ "idempotency_keys", NUMBER(idempotency_keys), .default_value = "1000000",
		.max = 1000000000, .unit = "keys",
		.help = "Idempotency-Keys of one tenant that are kept, for 24 to 48 hours; 0: no limit.",
		.manual =
			"Requests with further keys are answered with 429 and Retry-After; requests "
			"without a key are not." },
	{ "idempotency_mb", NUMBER(idempotency_mb), .default_value = "256", .max = 1048576,
		.unit = "MiB",
		.help = "Size of these keys, with the tasks that they repeat; 0: no limit.",
		.manual = "A key takes about 130 bytes and the size of its task. The file grows to "
			  "about 1.6 times the sum." },
	{ "retention.succeeded", DURATION(retain_succeeded.general), .default_value = "0",
		.max = RETENTION_MAX_SECONDS,
		.help = "Time that succeeded tasks are kept after their end; 0: for ever.",
		.manual = "See RETENTION." },
	{ "retention.failed", DURATION(retain_failed.general), .default_value = "0",
		.max = RETENTION_MAX_SECONDS,
		.help = "Time that failed tasks are kept after their end; 0: for ever." },
	{ "retention.cancelled", DURATION(retain_cancelled.general), .default_value = "0",
		.max = RETENTION_MAX_SECONDS,
		.help = "Time that cancelled tasks are kept after their end; 0: for ever." },
	{ "retention.*.succeeded", DURATION(retain_succeeded.of_dialect), .default_value = "",
		.max = RETENTION_MAX_SECONDS,
		.help = "The same for succeeded tasks of one dialect; empty: retention.succeeded." },
	{ "retention.*.failed", DURATION(retain_failed.of_dialect), .default_value = "",
		.max = RETENTION_MAX_SECONDS,
		.help = "The same for failed tasks of one dialect; empty: retention.failed." },
	{ "retention.*.cancelled", DURATION(retain_cancelled.of_dialect), .default_value = "",
		.max = RETENTION_MAX_SECONDS,
		.help = "The same for cancelled tasks of one dialect; empty: retention.cancelled." },
	{ "policy", LIST(policies), .default_value = "", .max = 256,
		.help = "How often tasks are tried and how long they may take; may be repeated.",
		.manual = "See POLICIES." },
	{ "webhooks", NUMBER(webhooks), .default_value = "1", .max = 1, .unit = "0 or 1",
		.help = "0: webhooks are kept, but nothing is delivered.",
		.manual = "Events are delivered later, as far as the journal has them still." },
	{ "webhook_networks", LIST(webhook_networks), .default_value = "", .max = CONF_NETWORKS_MAX,
		.check_item = check_network,
		.help = "A network whose addresses receivers of webhooks may have; may be repeated.",
		.manual =
			"Receivers at public addresses are always allowed, with HTTPS only. Others "
			"must be in one of these networks, for example 10.1.0.0/16 or fd00::/8; to "
			"them webhooks may use http, too. Any tenant can have requests sent to any "
			"port of these networks." },
	{ "tenant_tasks", NUMBER(tenant_tasks), .default_value = "0", .max = 1000000000000,
		.unit = "tasks", .help = "Tasks that a tenant may have; 0: no limit.",
		.manual = "Archived tasks and Uplynk's ingest points are counted too. "
			  "\"polytaskctl quota set\" sets another limit for one tenant. Requests "
			  "over the limit are answered with 403." },
	{ "tenant_mb", NUMBER(tenant_mb), .default_value = "0", .max = 1000000000, .unit = "MiB",
		.help = "Size of all tasks of a tenant; 0: no limit.",
		.manual = "The records of the tasks are counted, without the index and the free "
			  "space between them. Changes of existing tasks may use an eighth more, "
			  "so that their end can be reported. Changes that do not make a task "
			  "larger, archival and removal are not limited." },
	{ "log_level", TEXT(log_level), .default_value = "info", .is_valid = is_log_level,
		.help = "Lowest level that is logged: debug, info, warn or error." },
	{ "timezone", TEXT(timezone), .default_value = "Europe/Paris",
		.help = "Time zone of dialects that write local time; a name in /usr/share/zoneinfo." },
	{ "public_url", TEXT(public_url), .default_value = "", .is_valid = is_public_url,
		.help = "Start of links: http(s)://HOST without a trailing slash; empty: as requested.",
		.manual = "If empty, links have the scheme and the host of the request." },
};

const struct option_table conf_options = { rows, sizeof(rows) / sizeof(rows[0]), NULL, NULL };

static struct option_table table_of(const struct conf *conf)
{
	return (struct option_table){ rows, sizeof(rows) / sizeof(rows[0]), conf->dialects,
		conf->check_policy };
}

void conf_defaults(struct conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	option_set_defaults(&conf_options, conf);
}

void conf_print(const struct conf *conf, struct buf *out)
{
	const struct option_table table = table_of(conf);

	option_print(&table, conf, out);
}

bool conf_add_override(struct conf_source *source, const char *text)
{
	if (source->override_count == CONF_OVERRIDES_MAX)
		return false;
	source->overrides[source->override_count++] = text;
	return true;
}

static bool apply_override(struct conf *conf, const char *text, struct err *err)
{
	const struct option_table table = table_of(conf);
	const char *equals = strchr(text, '=');
	char *name;
	bool ok;

	if (!equals)
		return err_set(err, ERR_INVALID, NULL, "%s is not name=value", text);
	name = strndup(text, (size_t)(equals - text));
	ok = name ? option_set(&table, conf, name, equals + 1, err) : err_no_memory(err);
	free(name);
	return ok;
}

/* Not a rule of the row: a system without the default time zone may be given another. */
static bool check_timezone(const struct conf *conf, struct err *err)
{
	return tz_exists(conf->timezone) ||
	       err_set(err, ERR_INVALID, "timezone",
		       "timezone: this system has no time zone called %s", conf->timezone);
}

bool conf_load(const struct conf_source *source, struct conf *conf, struct err *err)
{
	const char *path = source->path ? source->path : POLYTASK_CONFFILE;
	struct option_table table;
	struct conf read;

	conf_defaults(&read);
	read.dialects = source->dialects;
	read.check_policy = source->check_policy;
	table = table_of(&read);
	if ((source->path || access(path, F_OK) == 0) &&
		!option_read_file(&table, &read, path, err))
		return false;
	for (size_t i = 0; i < source->override_count; i++) {
		if (!apply_override(&read, source->overrides[i], err))
			return false;
	}
	if (!check_timezone(&read, err))
		return false;
	*conf = read;
	return true;
}

bool conf_load_control(const struct conf_source *source, struct conf *conf)
{
	static const char override[] = "control=";
	const char *path = source->path ? source->path : POLYTASK_CONFFILE;
	struct err ignored;

	conf_defaults(conf);
	if (!option_read_one(&conf_options, conf, path, "control"))
		return false;
	for (size_t i = 0; i < source->override_count; i++) {
		if (strncmp(source->overrides[i], override, strlen(override)) == 0)
			apply_override(conf, source->overrides[i], &ignored);
	}
	return true;
}

bool conf_reload(struct conf *conf, void *data, struct buf *waiting, struct err *err)
{
	struct conf read;

	if (!conf_load(data, &read, err))
		return false;
	option_keep_startup(&conf_options, conf, &read, waiting);
	if (waiting->len > 0)
		log_warn("reload", "these options take effect at the next start: %.*s",
			STR_ARGS(buf_str(waiting)));
	*conf = read;
	return true;
}
