#include <limits.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/index/state.h"
#include "store/journal/journal.h"
#include "store/repair.h"
#include "store/tasks/record.h"
#include "store/transfer/copy_parts.h"
#include "store/webhooks/webhooks.h"
#include "store/workers/workers.h"

/* ---- open, close ---- */

static struct store *new_store(const struct store_options *options)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->indexes = options->indexes;
	store->tenant_tasks = options->tenant_tasks;
	store->tenant_bytes = options->tenant_bytes;
	store->key_limit = options->key_limit;
	if (options->retention)
		retention_init(&store->retention, options->retention);
	store->policies = options->policies;
	store->shared = options->shared ? options->shared : &store->own_shared;
	store->alone = options->mode != STORE_ATTACH;
	store->activity = options->activity ? options->activity : &store->own_activity;
	store->scrub_ms = (int64_t)options->scrub_days * 86400000;
	store->process = options->process < STORE_PROCESSES ? options->process : 0;
	store->journal_entries = options->journal_entries;
	store->journal_ms = options->journal_ms;
	store->counted = store->shared;
	store->sync_commits = options->sync_commits && options->mode != STORE_EPHEMERAL;
	if (getrandom(&store->random, sizeof(store->random), 0) < 0)
		store->random = (uint64_t)getpid();
	store->random |= 1; /* the generator would stay at 0 */
	return store;
}

static bool fail_open(struct store *store, enum engine_status status, struct err *err)
{
	static const char *const faults[] = {
		[ENGINE_FAULT_OTHER] = NULL,
		[ENGINE_FAULT_INDEX] = STORE_FAULT_INDEX,
		[ENGINE_FAULT_DERIVED] = STORE_FAULT_DERIVED,
		[ENGINE_FAULT_PAGE] = STORE_FAULT_PAGE,
		[ENGINE_FAULT_REGIONS] = STORE_FAULT_REGIONS,
		[ENGINE_FAULT_VERSION] = STORE_FAULT_VERSION,
		[ENGINE_FAULT_ACCESS] = STORE_FAULT_ACCESS,
		[ENGINE_FAULT_REFUSED] = STORE_FAULT_REFUSED,
	};

	if (status == ENGINE_LOST)
		return err_set(err, ERR_PANIC, faults[store->engine->fault],
			"the store cannot be opened: %s", store->engine->message);
	if (status == ENGINE_FULL)
		return err_set(err, ERR_DISK_FULL, NULL, NULL);
	if (status == ENGINE_AWAY)
		return err_set(err, ERR_BUSY, STORE_FAULT_SERVER, "the store cannot be opened: %s",
			store->engine->message);
	if (status == ENGINE_NO_MEMORY || !store->engine)
		return err_no_memory(err);
	return err_set(err, ERR_INTERNAL, faults[store->engine->fault],
		"the store cannot be opened: %s", store->engine->message);
}

static const struct engine_ops *engine_of(const struct store_options *options)
{
	if (options->engine)
		return options->engine;
	return options->url && options->url[0] ? &pg_engine_ops : &bdb_engine_ops;
}

static bool open_engine(struct store *store, const struct store_options *options, struct err *err)
{
	static const enum engine_mode modes[] = {
		[STORE_ATTACH] = ENGINE_ATTACH,
		[STORE_RECOVER] = ENGINE_RECOVER,
		[STORE_RESTORE] = ENGINE_RESTORE,
		[STORE_EPHEMERAL] = ENGINE_EPHEMERAL,
	};
	const struct engine_ops *ops = engine_of(options);
	const struct engine_options engine_options = {
		.mode = modes[options->mode],
		.home = options->home,
		.regions = options->regions,
		.archive = options->archive,
		.expected_tasks = options->expected_tasks,
		.cache_mb = options->cache_mb,
		.checkpoint_mb = options->checkpoint_mb,
		.checkpoint_seconds = options->checkpoint_seconds,
		.sync_commits = store->sync_commits,
		.health = &store->shared->health,
		.migrate = options->migrate,
		.give_up_pages = options->give_up_pages,
		.damages = &store->shared->damages,
		.hold = &store->shared->hold,
		.restore_until = options->restore_until,
		.url = options->url,
		.rounds = options->rounds,
		.secret = options->secret,
	};
	enum engine_status status = ops->open(&store->engine, &engine_options);

	if (status != ENGINE_OK)
		return fail_open(store, status, err);
	store->record_version = record_version_for(store->engine->layout);
	if (ops->shared) {
		store->counted = &store->own_shared;
		store->alone = false;
		store->sync_commits = !options->rounds;
	}
	return true;
}

/* A short rebuild is done before the first request; a longer one is left to the keeper. */
static bool build_at_open(struct store *store, const struct store_options *options, struct err *err)
{
	int64_t ms = options->build_ms ? options->build_ms : STORE_BUILD_MS;
	int64_t until = clock_mono_us() + ms * 1000;
	bool more = store->alone && ms > 0 && !store_index_is_complete(store), ok = true;

	while (ok && more && clock_mono_us() < until)
		ok = rebuild_run(store, until, &more, err);
	rebuild_free(store);
	return ok;
}

/* What depends on all tasks is completed at the first start after a migration. */
static bool settle(struct store *store, const struct store_options *options, struct err *err)
{
	return options->migrate ||
	       (index_settle(store, err) && build_at_open(store, options, err) &&
		       (!store->alone || usage_init(store, err)));
}

static bool check_finished(const struct store_options *options, struct err *err)
{
	char path[PATH_MAX];

	if (options->mode != STORE_RECOVER)
		return true;
	snprintf(path, sizeof(path), "%s/" STORE_UNFINISHED, options->home);
	return access(path, F_OK) != 0 ||
	       err_set(err, ERR_INTERNAL, STORE_FAULT_UNFINISHED,
		       "the home is an unfinished restore: remove it and restore again");
}

static bool prepare(struct store *store, const struct store_options *options, struct err *err)
{
	bool alone = options->mode == STORE_RECOVER || options->mode == STORE_RESTORE;

	return settle(store, options, err) &&
	       (options->mode == STORE_ATTACH || idempotency_init(store, err)) &&
	       (options->migrate || (journal_open(store, options->mode == STORE_RESTORE, err) &&
					    outbox_open(store, err))) &&
	       (!alone || (store_load_backup_note(store, err) && repair_show_note(store, err) &&
				  store_checkpoint(store, false, NULL, err)));
}

/* A page of the meta table has rows that no start can do without. */
static bool open_all(struct store *store, const struct store_options *options, struct err *err)
{
	if (!check_finished(options, err) || !open_engine(store, options, err))
		return false;
	if (options->copy == STORE_COPY_ROWS)
		return true;
	if (options->copy == STORE_COPY_NONE && !copy_check_finished(store, err))
		return false;
	if (prepare(store, options, err))
		return true;
	if (err->code != ERR_DAMAGED)
		return false;
	if (options->give_up_pages)
		return repair_meta_at_open(store, err) && prepare(store, options, err);
	return err_set(err, ERR_INTERNAL, STORE_FAULT_PAGE, "the store cannot be opened: %s",
		store->engine->message);
}

bool store_open(struct store **store, const struct store_options *options, struct err *err)
{
	struct store *opened = new_store(options);
	bool ok = false;

	if (!opened)
		return err_no_memory(err);
	if (!index_schema_hash(options->indexes, opened->schema_hash, err))
		goto out;
	store_enter(opened);
	ok = open_all(opened, options, err);
	store_leave(opened);
	if (opened->lost)
		fail_open(opened, ENGINE_LOST, err);
out:
	if (ok)
		*store = opened;
	else
		store_close(opened);
	return ok;
}

bool store_check_home(const char *home, struct err *err)
{
	char message[ENGINE_MESSAGE_SIZE];

	return !bdb_engine_ops.is_old(home, message) ||
	       err_set(err, ERR_CONFLICT, "home", "%s: %s", home, message);
}

/* Without a keeper, damaged derived data are replaced when the store is opened the next time. */
static void keep_replacement(struct store *store)
{
	struct err err;

	if (store->engine && store->alone && !store->lost && index_is_to_be_replaced(store))
		index_mark_for_replacement(store, &err);
	if (store->engine && store->alone && !store->lost &&
		atomic_load(&store->shared->remake_usage))
		usage_mark_for_remake(store, &err);
	if (store->engine && store->alone && !store->lost &&
		atomic_load(&store->shared->empty_journal))
		journal_mark_for_emptying(store, &err);
	if (store->engine && store->alone && !store->lost &&
		atomic_load(&store->shared->empty_outbox))
		outbox_mark_for_emptying(store, &err);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_enter(store);
	rebuild_free(store);
	keep_replacement(store);
	if (store->engine)
		store->engine->ops->close(store->engine);
	buf_free(&store->old_record);
	engine_batch_free(&store->batch);
	usage_free(&store->usage);
	buf_free(&store->usage_value);
	buf_free(&store->notes);
	buf_free(&store->journal_entry);
	buf_free(&store->noted_events);
	buf_free(&store->round_events);
	buf_free(&store->needed.keys);
	drain_free(store);
	store_leave(store);
	free(store);
}

bool store_is_shared(const struct store *store)
{
	return store->engine->ops->shared;
}

bool store_is_region(const char *name)
{
	return bdb_engine_ops.is_region && bdb_engine_ops.is_region(name);
}

/* ---- maintenance ---- */

bool store_checkpoint(struct store *store, bool trim, unsigned *removed, struct err *err)
{
	unsigned files = 0;
	enum engine_status status;

	store_enter(store);
	status = store->engine->ops->checkpoint(store->engine, trim, &files);
	store_leave(store);
	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	if (removed)
		*removed = files;
	return true;
}
