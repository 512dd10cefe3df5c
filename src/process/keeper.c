/* The keeper: maintains the store and watches the free space; runs periodic jobs in one loop. */
#include <stdio.h>

#include "auth/credential_purge.h"
#include "base/clock.h"
#include "base/log.h"
#include "dialect/bulk_action.h"
#include "dialect/retention_conf.h"
#include "dialect/service_report.h"
#include "process/archive_report.h"
#include "process/child.h"
#include "process/due_tasks.h"
#include "process/jobs.h"
#include "process/server_watch.h"
#include "store/auth_table.h"
#include "store/bulks.h"
#include "store/hosts/hosts.h"
#include "sys/reserve.h"

#define CREDENTIAL_PURGE_MS	   3600000
#define ARCHIVE_REPORT_INTERVAL_MS 1000
/* Slices are short, because requests wait for the processor and the locks of a longer one. */
#define BULKS_MS	100
#define BULKS_SLICE_US	1000LL
#define BULKS_DUTY_IDLE 50
#define BULKS_DUTY_BUSY 10
#define OPEN_TRIES	20

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct keeper {
	const struct child_context *child;
	struct store *store;
	bool low_space; /* less than plenty is free */
	struct credential_purge purge;
	struct archive_report archive;
	struct due_tasks due;
	struct store_bulks bulks;
	struct store_hosts hosts;
	uint64_t served; /* requests, when a bulk went on last */
	struct census_pass census;
	int64_t next_census; /* for the monitor; monotonic ms */
	struct tz tz;
	struct jobs jobs;
};

/* ---- jobs ---- */

static bool purge_credentials(void *data, const struct job *job, bool *more, struct err *err)
{
	struct keeper *keeper = data;

	(void)job;
	return credential_purge_run(keeper->store, &keeper->purge, more, err);
}

/* Logs that wait for the archive are a cause that the operator cannot see in the free space. */
static void report_low_space(const struct keeper *keeper)
{
	const struct store_health *health = &keeper->child->scoreboard->store.health;
	uint64_t waiting = atomic_load(&health->archive_waiting_bytes) / 1000000;
	char cause[80] = "";

	if (waiting > 0)
		snprintf(cause, sizeof(cause), "; %llu MB of logs wait because the archive fails",
			(unsigned long long)waiting);
	log_warn("disk-low", "less than %llu MB are free: writes are refused%s",
		(unsigned long long)keeper->child->conf->reserve_mb, cause);
}

/* Between low and plenty read_only keeps its value, so that it does not flicker. */
static bool check_free_space(void *data, const struct job *job, bool *more, struct err *err)
{
	struct keeper *keeper = data;
	_Atomic bool *read_only = &keeper->child->scoreboard->store.read_only;
	enum reserve_level room;
	struct reserve_disk disk;

	(void)job, (void)more;
	if (!reserve_check(&room, &disk, keeper->child->conf, err))
		return false;
	atomic_store(&keeper->child->scoreboard->store.health.free_bytes, disk.free);
	atomic_store(&keeper->child->scoreboard->store.health.disk_bytes, disk.size);
	if (room == RESERVE_LOW && !atomic_exchange(read_only, true))
		report_low_space(keeper);
	if (room == RESERVE_PLENTY && atomic_exchange(read_only, false))
		log_info("disk-ok", "enough space is free again: writes are accepted");
	if (room == RESERVE_PLENTY)
		reserve_create(keeper->child->conf);
	keeper->low_space = room != RESERVE_PLENTY;
	return true;
}

static bool report_archive(void *data, const struct job *job, bool *more, struct err *err)
{
	struct keeper *keeper = data;

	(void)job, (void)more, (void)err;
	archive_report_update(
		&keeper->archive, &keeper->child->scoreboard->store.health, clock_mono_ms());
	return true;
}

static bool watch_server(void *data, const struct job *job, bool *more, struct err *err)
{
	struct keeper *keeper = data;

	(void)job, (void)more;
	return server_watch_ask(keeper->store, &keeper->child->scoreboard->store.health, err);
}

static bool run_chore(void *data, const struct job *job, bool *more, struct err *err)
{
	struct keeper *keeper = data;

	return store_run_chore(keeper->store, job->number, keeper->low_space, more, err);
}

static bool change_due_tasks(void *data, const struct job *job, bool *more, struct err *err)
{
	struct keeper *keeper = data;

	(void)job;
	/* While writes are refused the store would refuse these, too. */
	return atomic_load(&keeper->child->scoreboard->store.read_only) ||
	       due_tasks_run(&keeper->due, keeper->store, more, err);
}

static void make_update(struct op *op)
{
	service_report(op, REPORT_NONE, 0);
}

static bool carry_out_bulks(void *data, const struct job *job, bool *more, struct err *err)
{
	struct keeper *keeper = data;
	const struct store_bulk_rules rules = {
		.decode = bulk_action_read, .update = make_update, .tz = &keeper->tz
	};

	(void)job;
	return store_run_bulks(
		keeper->store, &keeper->bulks, &rules, clock_mono_us() + BULKS_SLICE_US, more, err);
}

static bool poll_hosts(void *data, const struct job *job, bool *more, struct err *err)
{
	struct keeper *keeper = data;

	(void)job, (void)more;
	return store_hosts_poll(keeper->store, &keeper->hosts, err);
}

/* While requests are answered, bulks take little time from them. */
static unsigned bulk_duty(void *data)
{
	struct keeper *keeper = data;
	uint64_t served = scoreboard_served(keeper->child->scoreboard);
	bool is_busy = served != keeper->served;

	keeper->served = served;
	return is_busy ? BULKS_DUTY_BUSY : BULKS_DUTY_IDLE;
}

/* Only while its results are used. A pass that has begun is ended. */
static bool is_census_due(struct keeper *keeper)
{
	int64_t now = clock_mono_ms();
	bool watched = keeper->child->scoreboard->supervisor.watched_until > now;

	if (keeper->census.begun)
		return true;
	if (!watched && (!*keeper->child->conf->monitor || now < keeper->next_census))
		return false;
	keeper->next_census = now + CENSUS_MS;
	return true;
}

static bool count_tasks(void *data, const struct job *job, bool *more, struct err *err)
{
	struct keeper *keeper = data;

	(void)job;
	/* The keeper of the generation before ends soon. */
	return keeper->child->slot->generation !=
		       keeper->child->scoreboard->supervisor.generation ||
	       !is_census_due(keeper) || census_run(&keeper->census, keeper->store, more, err);
}

static void give_heartbeat(void *data)
{
	struct keeper *keeper = data;

	atomic_fetch_add(&keeper->child->slot->counters.heartbeats, 1);
}

/* Of a store in the home, and of a shared one. */
static const struct job jobs_of_files[] = {
	{ .name = "free space", .interval_ms = CHILD_WAIT_MS, .run = check_free_space },
	{ .name = "archive report",
		.interval_ms = ARCHIVE_REPORT_INTERVAL_MS,
		.run = report_archive },
};
static const struct job jobs_of_server[] = {
	{ .name = "server watch", .interval_ms = SERVER_WATCH_MS, .run = watch_server },
	{ .name = "hosts", .interval_ms = HOSTS_POLL_MS, .run = poll_hosts },
};

static void add_all(struct jobs *jobs, const struct job *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		jobs_add(jobs, &rows[i]);
}

static void add_jobs(struct keeper *keeper)
{
	static const struct job own[] = {
		{ .name = "due tasks",
			.interval_ms = DUE_TASKS_MS,
			.duty_percent = DUE_TASKS_DUTY_PERCENT,
			.run = change_due_tasks },
		{ .name = "bulks",
			.interval_ms = BULKS_MS,
			.duty = bulk_duty,
			.run = carry_out_bulks },
		{ .name = "census",
			.interval_ms = CENSUS_WATCHED_MS,
			.duty_percent = CENSUS_DUTY_PERCENT,
			.run = count_tasks },
		{ .name = "credential removal",
			.interval_ms = CREDENTIAL_PURGE_MS,
			.run = purge_credentials },
	};
	struct store_chore chore;

	keeper->jobs = (struct jobs){
		.data = keeper, .clock_ms = clock_mono_ms, .before_run = give_heartbeat
	};
	if (conf_is_shared(keeper->child->conf))
		add_all(&keeper->jobs, jobs_of_server, COUNT(jobs_of_server));
	else
		add_all(&keeper->jobs, jobs_of_files, COUNT(jobs_of_files));
	add_all(&keeper->jobs, own, COUNT(own));
	for (size_t i = 0; store_chore(keeper->store, i, &chore); i++)
		jobs_add(&keeper->jobs, &(struct job){ .name = chore.name,
						.interval_ms = chore.interval_ms,
						.duty_percent = chore.duty_percent,
						.run = run_chore,
						.number = i });
}

/* ---- the process ---- */

static bool read_timezone(struct keeper *keeper)
{
	const char *name = keeper->child->conf->timezone;

	keeper->due.tz = &keeper->tz;
	if (tz_load(&keeper->tz, name))
		return true;
	log_error("keeper", "cannot read the time zone %s", name);
	return false;
}

/* Whether the server of a shared store does not answer; then the status and probes show it. */
static bool note_absence(struct keeper *keeper, const struct err *err)
{
	bool away = strcmp(err->field, STORE_FAULT_SERVER) == 0;

	if (away)
		server_watch_note(&keeper->child->scoreboard->store.health, false);
	return away;
}

static bool open_store(struct keeper *keeper, struct err *err)
{
	struct store_options options;
	struct retention retention;
	bool opened = false;

	child_store_options(keeper->child, STORE_ATTACH, &options);
	retention_from_conf(&retention, keeper->child->conf);
	options.retention = &retention;
	for (int i = 0; i < OPEN_TRIES && !opened; i++) {
		opened = store_open(&keeper->store, &options, err);
		if (!opened &&
			(err->code == ERR_PANIC || !child_pause(keeper->child, CHILD_WAIT_MS)))
			break;
		/* For as long as the server is away. */
		if (!opened && note_absence(keeper, err))
			i = 0;
	}
	return opened;
}

int keeper_main(const struct child_context *child)
{
	struct keeper keeper = { .child = child };
	struct err err = { 0 };
	bool alive;

	child_catch_sigterm();
	if (!read_timezone(&keeper))
		return 1;
	if (!open_store(&keeper, &err)) {
		if (child_stop_requested())
			return 0;
		log_error("keeper", "cannot open the store: %s", err_text(&err));
		child_report_set(&child->slot->report, &err);
		return err.code == ERR_PANIC ? STORE_EXIT_PANIC : 1;
	}
	keeper.census.census = &child->scoreboard->census;
	add_jobs(&keeper);
	do {
		alive = jobs_run_due(&keeper.jobs);
		child->slot->state = CHILD_READY;
	} while (alive && child_pause(child, jobs_wait_ms(&keeper.jobs, CHILD_WAIT_MS)));
	/* A last checkpoint makes the next start quick; without it nothing is lost. */
	if (alive && !store_checkpoint(keeper.store, false, NULL, &err)) {
		log_warn("keeper", "last checkpoint: %s", err_text(&err));
		alive = err.code != ERR_PANIC;
	}
	if (!alive)
		return STORE_EXIT_PANIC;
	due_tasks_free(&keeper.due);
	store_bulks_free(&keeper.bulks);
	store_hosts_free(&keeper.hosts);
	census_pass_free(&keeper.census);
	store_close(keeper.store);
	return 0;
}
