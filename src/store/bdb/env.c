#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/internal.h"

#define MEGABYTE 1048576U
/*
 * A long scan in one transaction takes a lock a page. And a process that is killed outside the
 * store leaves a lock and a locker a database, and some mutexes, until the next recovery: there is
 * room for ten thousand such deaths.
 */
#define LOCKS_MAX	 100000
#define SPARE_MUTEXES	 100000
#define TRANSACTIONS_MAX 1000
#define PROCESSES_MAX	 256
#define LOG_BUFFER	 (4 * MEGABYTE)
#define LOG_FILE	 (32 * MEGABYTE)
#define LOG_IN_MEMORY	 (16 * MEGABYTE)	 /* holds the whole of a transaction */
#define LOCK_WAIT	 ((db_timeout_t)1000000) /* microseconds */

#define SUBSYSTEMS (DB_INIT_TXN | DB_INIT_LOCK | DB_INIT_LOG | DB_INIT_MPOOL)

/* On a full disk libdb has a line for every page: more than this in a second are left out. */
#define ERRORS_A_SECOND 5

static void say_error(const DB_ENV *env, const char *prefix, const char *text)
{
	static int64_t second;
	static unsigned said;
	int64_t now = clock_mono_ms() / 1000;

	(void)env, (void)prefix;
	if (now != second) {
		second = now;
		said = 0;
	}
	if (++said <= ERRORS_A_SECOND)
		log_error("bdb", "%s%s", text, said == ERRORS_A_SECOND ? " (and more)" : "");
}

static void say_info(const DB_ENV *env, const char *text)
{
	(void)env;
	log_info("bdb", "%s", text);
}

static void say_event(DB_ENV *env, uint32_t event, void *info)
{
	(void)env, (void)info;
	if (event == DB_EVENT_PANIC)
		log_error("store-panic", "the database environment is lost until it is recovered");
	else if (event == DB_EVENT_WRITE_FAILED)
		log_error("store-write-failed", "a page could not be written to its file");
}

/* ---- folders ---- */

static int make_folder(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return len ? ENAMETOOLONG : ENOENT;
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return errno;
		part[i] = path[i];
	}
	return 0;
}

/* What a killed service left may be of another size or another library: recovery makes new ones. */
static int empty_regions(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (!folder)
		return errno;
	while (rc == 0 && (entry = readdir(folder))) {
		if (strncmp(entry->d_name, "__db.", 5) == 0 &&
			unlinkat(dirfd(folder), entry->d_name, 0) != 0)
			rc = errno;
	}
	closedir(folder);
	return rc;
}

/* home/name, absolute: the environment's own home is the folder of the regions. */
static int sub_folder(const char *home, const char *name, bool create, char path[PATH_MAX])
{
	char joined[PATH_MAX];
	int len = snprintf(joined, sizeof(joined), "%s/%s", home, name);
	int rc = len < 0 || (size_t)len >= sizeof(joined) ? ENAMETOOLONG : 0;

	if (rc == 0 && create)
		rc = make_folder(joined);
	if (rc == 0 && !realpath(joined, path))
		rc = errno;
	return rc;
}

static int set_folders(DB_ENV *env, const struct store_options *options)
{
	bool create = options->mode == STORE_RECOVER;
	char data[PATH_MAX], log[PATH_MAX];
	int rc = sub_folder(options->home, "data", create, data);

	if (rc == 0)
		rc = sub_folder(options->home, "log", create, log);
	if (rc == 0)
		rc = env->set_data_dir(env, data);
	if (rc == 0)
		rc = env->set_create_dir(env, data);
	if (rc == 0)
		rc = env->set_lg_dir(env, log);
	if (rc == 0 && create)
		wal_trim(log);
	if (rc == 0 && create)
		rc = make_folder(options->regions);
	if (rc == 0 && create)
		rc = empty_regions(options->regions);
	return rc;
}

/* ---- the environment ---- */

/* The sizes are those of every process: who recovers makes the regions, who joins must agree. */
static int set_sizes(DB_ENV *env, const struct store_options *options, bool ephemeral)
{
	uint64_t cache = (options->cache_mb ? options->cache_mb : 32) * MEGABYTE;
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

static int open_environment(struct store *store, const struct store_options *options)
{
	DB_ENV *env = store->env;
	uint32_t flags = SUBSYSTEMS;
	int rc = set_sizes(env, options, store->ephemeral);

	if (rc == 0)
		rc = set_locking(env);
	if (rc == 0 && store->ephemeral)
		rc = env->log_set_config(env, DB_LOG_IN_MEMORY, 1);
	if (rc == 0 && !store->ephemeral)
		rc = env->set_lg_filemode(env, 0600);
	if (rc == 0 && !store->ephemeral)
		rc = set_folders(env, options);
	if (rc != 0)
		return rc;
	if (options->mode == STORE_RECOVER)
		flags |= DB_CREATE | DB_RECOVER;
	else if (store->ephemeral)
		flags |= DB_CREATE | DB_PRIVATE;
	return env->open(env, store->ephemeral ? NULL : options->regions, flags, 0600);
}

/* Whether the index was made by our tables; a libdb code when that is not known. */
static int index_is_ours(struct store *store, bool *ours)
{
	struct buf sum = BUF_INIT;
	int rc = bdb_get(store->tables[TABLE_META], NULL, STR("index"), &sum, 0);

	*ours = rc == 0 && sum.len == sizeof(store->sum) && !store->index_is_new &&
		memcmp(sum.data, store->sum, sizeof(store->sum)) == 0;
	buf_free(&sum);
	return rc == DB_NOTFOUND ? 0 : rc;
}

static bool settle_index(struct store *store, enum store_mode mode, struct err *err)
{
	bool ours;
	int rc = index_is_ours(store, &ours);

	if (rc != 0)
		return step_fail(store, rc, "index", err);
	if (ours)
		return true;
	if (mode == STORE_ATTACH)
		return err_set(err, ERR_INTERNAL, NULL, "the index was made for other tables");
	return store->index_is_new ? index_fill(store, err) : store_reindex(store, err);
}

static bool open_all(struct store *store, const struct store_options *options, struct err *err)
{
	int rc = open_environment(store, options);

	if (rc == 0)
		rc = bdb_open_all(store, options->mode != STORE_ATTACH);
	if (rc == DB_RUNRECOVERY)
		return err_set(err, ERR_PANIC, NULL, NULL);
	if (rc == ENOSPC)
		return err_set(err, ERR_DISK_FULL, NULL, NULL);
	if (rc != 0)
		return err_set(err, ERR_INTERNAL, "home", "the store cannot be opened: %s",
			db_strerror(rc));
	if (!settle_index(store, options->mode, err))
		return false;
	return options->mode != STORE_RECOVER || store_checkpoint(store, 0, 0, err);
}

static bool make_environment(struct store *store, struct err *err)
{
	int rc = db_env_create(&store->env, 0);

	if (rc != 0) {
		store->env = NULL;
		return err_set(err, rc == ENOMEM ? ERR_NO_MEMORY : ERR_INTERNAL, NULL, NULL);
	}
	store->env->set_errcall(store->env, say_error);
	store->env->set_msgcall(store->env, say_info);
	store->env->set_event_notify(store->env, say_event);
	return true;
}

static struct store *new_store(const struct store_options *options)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->indexes = options->indexes;
	store->shared = options->shared ? options->shared : &store->own_shared;
	store->place = options->activity ? options->activity : &store->own_place;
	store->expected_tasks = options->expected_tasks;
	store->ephemeral = options->mode == STORE_EPHEMERAL;
	store->sync_commits = options->sync_commits && !store->ephemeral;
	if (getrandom(&store->random, sizeof(store->random), 0) < 0)
		store->random = (uint64_t)getpid();
	store->random |= 1; /* the generator stays at 0 for ever */
	return store;
}

bool store_open(struct store **store, const struct store_options *options, struct err *err)
{
	struct store *opened = new_store(options);
	bool ok = false;

	if (!opened)
		return err_no_memory(err);
	if (!index_schema_hash(options->indexes, opened->sum, err))
		goto out;
	store_enter(opened);
	ok = make_environment(opened, err) && open_all(opened, options, err);
	store_leave(opened);
out:
	if (ok)
		*store = opened;
	else
		store_close(opened);
	return ok;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_enter(store);
	bdb_close_all(store);
	if (store->env)
		store->env->close(store->env, 0);
	buf_free(&store->before);
	store_leave(store);
	free(store);
}
