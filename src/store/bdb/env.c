#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/bdb/bdb.h"
#include "store/bdb/doublewrite.h"
#include "store/bdb/file_hooks.h"
#include "store/bdb/log_end.h"

#define MEGABYTE 1048576U
/*
 * A long scan in one transaction takes a lock per page. A process that is killed outside the store
 * leaves one lock and one locker per database and some mutexes until the next recovery: there is
 * room for ten thousand such deaths.
 */
#define LOCKS_MAX	 100000
#define SPARE_MUTEXES	 100000
#define TRANSACTIONS_MAX 1000
#define PROCESSES_MAX	 256
#define LOG_BUFFER	 (4 * MEGABYTE)
#define LOG_FILE	 (32 * MEGABYTE)
#define LOG_IN_MEMORY	 (16 * MEGABYTE)	 /* must hold a whole transaction */
#define LOCK_WAIT	 ((db_timeout_t)1000000) /* microseconds */

#define SUBSYSTEMS (DB_INIT_TXN | DB_INIT_LOCK | DB_INIT_LOG | DB_INIT_MPOOL)

/* ---- the environment ---- */

/* Recovery creates the regions with these sizes; processes that attach must use the same. */
static int set_sizes(DB_ENV *env, const struct engine_options *options, bool ephemeral)
{
	uint64_t cache = bdb_cache_mb(options) * MEGABYTE;
	int rc = env->set_cachesize(
		env, (uint32_t)(cache >> 30), (uint32_t)(cache & ((1U << 30) - 1)), 1);

	if (rc == 0)
		rc = env->set_lk_max_locks(env, LOCKS_MAX);
	if (rc == 0)
		rc = env->set_lk_max_objects(env, LOCKS_MAX);
	if (rc == 0)
		rc = env->set_lk_max_lockers(env, LOCKS_MAX);
	if (rc == 0)
		rc = env->set_tx_max(env, TRANSACTIONS_MAX);
	if (rc == 0)
		rc = env->mutex_set_increment(env, SPARE_MUTEXES);
	if (rc == 0)
		rc = env->set_thread_count(env, PROCESSES_MAX);
	if (rc == 0)
		rc = env->set_lg_bsize(env, ephemeral ? LOG_IN_MEMORY : LOG_BUFFER);
	if (rc == 0 && !ephemeral)
		rc = env->set_lg_max(env, LOG_FILE);
	return rc;
}

static int set_locking(DB_ENV *env)
{
	int rc = env->set_lk_detect(env, DB_LOCK_YOUNGEST);

	if (rc == 0)
		rc = env->set_timeout(env, LOCK_WAIT, DB_SET_LOCK_TIMEOUT);
	if (rc == 0)
		rc = env->set_flags(env, DB_TIME_NOTGRANTED, 1);
	return rc;
}

/* After the folders are there, and before libdb opens a file. */
static int open_data_files(struct bdb *bdb, const struct engine_options *options)
{
	bool create = options->mode == ENGINE_RECOVER;
	unsigned restored = 0;
	int rc = data_files_open(
		&bdb->files, options->home, options->regions, create, options->damages, &restored);

	if (rc == 0 && !file_hooks_add(bdb->files))
		rc = EMFILE;
	if (rc == 0 && options->give_up_pages)
		data_files_give_up(bdb->files);
	if (restored > 0)
		log_warn("pages-restored",
			"%u pages that were torn or lost were written again from the file %s",
			restored, DOUBLEWRITE_NAME);
	return rc;
}

static int open_in_mode(DB_ENV *env, const struct engine_options *options)
{
	switch (options->mode) {
	case ENGINE_RECOVER:
		return bdb_recover(env, options->regions, SUBSYSTEMS | DB_CREATE | DB_RECOVER);
	case ENGINE_RESTORE:
		return bdb_recover(
			env, options->home, SUBSYSTEMS | DB_CREATE | DB_PRIVATE | DB_RECOVER_FATAL);
	case ENGINE_EPHEMERAL:
		return env->open(env, NULL, SUBSYSTEMS | DB_CREATE | DB_PRIVATE, 0600);
	case ENGINE_ATTACH:
		break;
	}
	return env->open(env, options->regions, SUBSYSTEMS, 0600);
}

static int open_environment(struct bdb *bdb, const struct engine_options *options)
{
	DB_ENV *env = bdb->env;
	time_t until = (time_t)options->restore_until;
	int rc = set_sizes(env, options, bdb->ephemeral);

	if (rc == 0)
		rc = set_locking(env);
	if (rc == 0 && bdb->ephemeral)
		rc = env->log_set_config(env, DB_LOG_IN_MEMORY, 1);
	if (rc == 0 && !bdb->ephemeral)
		rc = env->set_lg_filemode(env, 0600);
	if (rc == 0 && !bdb->ephemeral)
		rc = bdb_set_folders(bdb, options);
	if (rc == 0 && options->mode == ENGINE_RECOVER)
		rc = bdb_check_home(bdb, options->home, options->give_up_pages);
	if (rc == 0 && options->mode == ENGINE_RECOVER)
		rc = bdb_check_regions(bdb, options);
	/* A restore that is interrupted begins again, so it needs no doublewrite file. */
	if (rc == 0 && !bdb->ephemeral && options->mode != ENGINE_RESTORE)
		rc = open_data_files(bdb, options);
	if (rc == 0 && options->mode == ENGINE_RESTORE)
		rc = bdb_check_logs(bdb, options->home);
	if (rc == 0 && until != 0)
		rc = env->set_tx_timestamp(env, &until);
	if (rc == 0)
		rc = open_in_mode(env, options);
	if (rc == 0 && bdb->files)
		data_files_recovered(bdb->files);
	if (rc == 0 && options->mode == ENGINE_RECOVER)
		rc = bdb_reserve_regions(bdb, options);
	/* Logs of an older build have absolute paths; with a new log they are soon removed. */
	if (rc == 0 && options->migrate)
		rc = bdb_start_next_log(env);
	return rc;
}

static int create_environment(struct bdb *bdb)
{
	int rc = db_env_create(&bdb->env, 0);

	if (rc != 0) {
		bdb->env = NULL;
		return rc;
	}
	bdb_report_errors(bdb->env);
	return 0;
}

/* ---- the engine ---- */

static struct bdb *new_bdb(const struct engine_options *options)
{
	struct bdb *bdb = calloc(1, sizeof(*bdb));

	if (!bdb)
		return NULL;
	bdb->engine.ops = &bdb_engine_ops;
	bdb->home = -1;
	bdb->synced = -1;
	bdb->expected_tasks = options->expected_tasks;
	bdb->ephemeral = options->mode == ENGINE_EPHEMERAL;
	bdb->sync_commits = options->sync_commits;
	bdb->migrate = options->migrate;
	bdb->new_secret = options->secret;
	bdb->archive = options->archive;
	bdb->health = options->health;
	bdb->hold = options->hold;
	bdb->checkpoint_kb = options->checkpoint_mb * 1024;
	bdb->checkpoint_ms = (int64_t)options->checkpoint_seconds * 1000;
	bdb->last_checkpoint = clock_mono_ms();
	return bdb;
}

static int open_home(struct bdb *bdb, const struct engine_options *options)
{
	int logs;

	if (bdb->ephemeral)
		return 0;
	bdb->home = open(options->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bdb->home < 0)
		return errno;
	logs = openat(bdb->home, BDB_LOG_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (logs < 0)
		return errno;
	bdb->synced = log_synced_open(logs, options->mode == ENGINE_RECOVER);
	if (bdb->synced < 0 && options->mode == ENGINE_RECOVER)
		log_warn("log-position",
			"log/synced cannot be opened, so damage of the logs may not be noticed: %s",
			strerror(errno));
	close(logs);
	return 0;
}

static void describe_failure(struct bdb *bdb)
{
	struct page_failure failure = file_hooks_failure();

	if (failure.name)
		snprintf(bdb->engine.message, sizeof(bdb->engine.message),
			"page %u of %s cannot be read", failure.page, failure.name);
	if (failure.name && (data_files_may_give_up(failure.name, failure.page) ||
				    data_files_can_be_emptied(data_files_table(failure.name))))
		bdb->engine.fault = ENGINE_FAULT_PAGE;
}

/*
 * An environment that cannot be joined is of no use to any process: its regions may have been
 * removed. A process that has no descriptors left is itself the cause. A recovery that met a
 * damaged page would meet it again.
 */
static enum engine_status open_status(struct bdb *bdb, enum engine_mode mode, int rc)
{
	bdb_describe(bdb, "", rc);
	switch (rc) {
	case 0:
		return ENGINE_OK;
	case DB_RUNRECOVERY:
		return file_hooks_failure().name ? ENGINE_FAILED : ENGINE_LOST;
	case ENOSPC:
		return ENGINE_FULL;
	case ENOMEM:
		return ENGINE_NO_MEMORY;
	case EMFILE:
	case ENFILE:
		return ENGINE_FAILED;
	default:
		return mode == ENGINE_ATTACH ? ENGINE_LOST : ENGINE_FAILED;
	}
}

static int open_all(struct bdb *bdb, const struct engine_options *options)
{
	int rc = create_environment(bdb);

	file_hooks_clear_failure();
	if (rc == 0)
		rc = open_environment(bdb, options);
	if (rc == 0)
		rc = open_home(bdb, options);
	if (rc == 0)
		rc = bdb_open_tables(bdb, options->mode != ENGINE_ATTACH);
	if (rc == 0 && options->mode == ENGINE_RECOVER)
		rc = bdb_sync_folders(options);
	if (rc != 0)
		describe_failure(bdb);
	return rc;
}

static void close_all(struct bdb *bdb)
{
	bdb_close_tables(bdb);
	if (bdb->env)
		bdb->env->close(bdb->env, 0);
	bdb->env = NULL;
	if (bdb->files) {
		file_hooks_remove(bdb->files);
		data_files_close(bdb->files);
	}
	bdb->files = NULL;
	if (bdb->home >= 0)
		close(bdb->home);
	bdb->home = -1;
	if (bdb->synced >= 0)
		close(bdb->synced);
	bdb->synced = -1;
}

/* Files that a start makes again, and one that a repair empties. */
#define TABLES_SET_ASIDE 4

/* Whether the damaged file was set aside, so that the start may be tried again. */
static bool set_aside(struct bdb *bdb, const struct engine_options *options)
{
	struct page_failure failure = file_hooks_failure();
	unsigned table;

	if (options->mode != ENGINE_RECOVER || !failure.name ||
		!data_files_set_aside(bdb->files, failure.name))
		return false;
	table = data_files_table(failure.name);
	if (data_files_can_be_emptied(table))
		bdb->engine.emptied = (struct engine_emptied){ true, table, failure.page };
	return true;
}

static void close_failed(struct bdb *bdb)
{
	close_all(bdb);
	*bdb->engine.message = '\0';
	bdb->engine.fault = ENGINE_FAULT_OTHER;
}

/* Behind the checkpoint, the second recovery needs none of the pages. */
static int recover_again(struct bdb *bdb, const struct engine_options *options)
{
	struct engine_options again = *options;
	int rc = bdb->env->txn_checkpoint(bdb->env, 0, 0, DB_FORCE);

	if (rc != 0)
		return rc;
	log_warn("pages-given-up", "damaged pages that the recovery needed and did not change: %u",
		data_files_given_up(bdb->files));
	again.give_up_pages = false;
	close_all(bdb);
	return open_all(bdb, &again);
}

static enum engine_status bdb_open(struct engine **engine, const struct engine_options *options)
{
	struct bdb *bdb = new_bdb(options);
	int rc;

	*engine = bdb ? &bdb->engine : NULL;
	if (!bdb)
		return ENGINE_NO_MEMORY;
	rc = open_all(bdb, options);
	for (int i = 0; i < TABLES_SET_ASIDE && rc != 0 && set_aside(bdb, options); i++) {
		close_failed(bdb);
		rc = open_all(bdb, options);
	}
	if (rc == 0 && bdb->files && data_files_given_up(bdb->files) > 0)
		rc = recover_again(bdb, options);
	return open_status(bdb, options->mode, rc);
}

static void bdb_close(struct engine *engine)
{
	struct bdb *bdb = bdb_of(engine);

	close_all(bdb);
	free(bdb);
}

const struct engine_ops bdb_engine_ops = {
	.is_old = bdb_is_old,
	.open = bdb_open,
	.close = bdb_close,
	.begin = bdb_begin,
	.commit = bdb_commit,
	.abort = bdb_abort,
	.flush = bdb_flush,
	.get = bdb_get,
	.put = bdb_put,
	.del = bdb_del,
	.room = bdb_room,
	.scan = bdb_scan,
	.count = bdb_count,
	.count_parts = bdb_count_parts,
	.nth = bdb_nth,
	.each = bdb_each,
	.each_key = bdb_each_key,
	.clear = bdb_clear,
	.checkpoint = bdb_checkpoint,
	.is_region = bdb_is_region,
	.scrub = bdb_scrub,
	.repair = bdb_repair,
	.chores = bdb_chores,
	.position = bdb_position,
	.copy_data = bdb_copy_data,
};
