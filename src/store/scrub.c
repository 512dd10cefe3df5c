#include "store/scrub.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/internal.h"

#define PAGES_PER_CALL 64
#define SAVE_MS	       600000
#define SCRUB_KEY      STR("scrub")

/* ---- the state on disk: a restart goes on where the last process was ---- */

static int step_load(struct store *store, void *data, struct err *err)
{
	struct store_scrub *scrub = data;
	struct buf text = BUF_INIT;
	unsigned table = 0;
	uint32_t page = 0;
	long long last = 0;
	int rc = store_get(store, TABLE_META, SCRUB_KEY, false, &text);

	(void)err;
	buf_put(&text, "", 1);
	if (rc == 0 && buf_ok(&text) &&
		sscanf(text.data, "%u %" SCNu32 " %lld", &table, &page, &last) == 3 &&
		table < ENGINE_TABLES) {
		scrub->at.table = table;
		scrub->at.page = page;
		scrub->last = last;
	}
	buf_free(&text);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int step_save(struct store *store, void *data, struct err *err)
{
	const struct store_scrub *scrub = data;
	char text[64];
	int len = snprintf(text, sizeof(text), "%u %" PRIu32 " %lld", scrub->at.table,
		scrub->at.page, (long long)scrub->last);

	(void)err;
	return store_put(
		store, TABLE_META, SCRUB_KEY, (struct str){ text, (size_t)len }, ENGINE_REPLACE);
}

/* ---- one call of the engine ---- */

static bool verify_pages(
	struct store *store, struct engine_scrub *at, unsigned pages, bool *end, struct err *err)
{
	enum engine_status status;

	store_enter(store);
	status = store->engine->ops->scrub(store->engine, at, pages, end);
	store_leave(store);
	return status == ENGINE_OK || store_fail(store, (int)status, err);
}

/* ---- the chore ---- */

/* Sets the begin of the pass as if it had kept its rate up to where it is. */
static void set_begin(struct store *store)
{
	struct store_scrub *scrub = &store->scrub;
	double share = scrub->at.total > 0 ? (double)scrub->at.done / (double)scrub->at.total : 0;

	scrub->began_ms = clock_mono_ms() - (int64_t)(share * (double)store->scrub_ms);
}

static bool load(struct store *store, struct err *err)
{
	struct store_scrub *scrub = &store->scrub;
	bool end;

	scrub->at.from_disk = true;
	if (!step_call(store, ENGINE_READ, step_load, scrub, err) ||
		!verify_pages(store, &scrub->at, 0, &end, err))
		return false;
	set_begin(store);
	scrub->saved_ms = clock_mono_ms();
	scrub->loaded = true;
	return true;
}

static bool save(struct store *store, struct err *err)
{
	store->scrub.saved_ms = clock_mono_ms();
	return step_call_write(store, STR(""), step_save, &store->scrub, err);
}

static bool is_due(const struct store *store)
{
	const struct store_scrub *scrub = &store->scrub;
	double share = (double)(clock_mono_ms() - scrub->began_ms) / (double)store->scrub_ms;

	return (double)scrub->at.done < share * (double)scrub->at.total;
}

static void end_pass(struct store *store)
{
	struct store_scrub *scrub = &store->scrub;

	scrub->last = clock_wall_ms();
	log_info("scrub", "verified the checksums of all pages (%llu, of them damaged: %llu)",
		(unsigned long long)scrub->at.total,
		(unsigned long long)damage_count(&store->shared->damages));
	scrub->at = (struct engine_scrub){ .total = scrub->at.total, .from_disk = true };
	scrub->began_ms = clock_mono_ms();
}

static void show(const struct store *store)
{
	struct store_health *health = &store->shared->health;
	const struct store_scrub *scrub = &store->scrub;

	atomic_store(&health->damaged_pages, damage_count(&store->shared->damages));
	atomic_store(&health->last_scrub, (uint64_t)scrub->last);
	atomic_store(&health->scrub_progress,
		scrub->at.total > 0 ? scrub->at.done * 1000000 / scrub->at.total : 0);
}

bool scrub_some(struct store *store, bool low_space, bool *more, struct err *err)
{
	int64_t slice_end = clock_mono_ms() + STORE_SLICE_MS;
	struct store_scrub *scrub = &store->scrub;
	bool end = false, ok = true;

	if (!store->engine->ops->scrub || (!scrub->loaded && !load(store, err)))
		return !store->engine->ops->scrub;
	while (ok && !end && store->scrub_ms > 0 && is_due(store) && clock_mono_ms() < slice_end)
		ok = verify_pages(store, &scrub->at, PAGES_PER_CALL, &end, err);
	if (ok && end)
		end_pass(store);
	/* What can be made again is replaced before a request meets the page. */
	if (damage_has(&store->shared->damages, TABLE_INDEX))
		index_replace_later(store);
	if (damage_has(&store->shared->damages, TABLE_USAGE))
		usage_remake_later(store);
	if (damage_has(&store->shared->damages, TABLE_JOURNAL))
		journal_empty_later(store);
	if (damage_has(&store->shared->damages, TABLE_OUTBOX))
		outbox_empty_later(store);
	*more = ok && !end && store->scrub_ms > 0 && is_due(store);
	show(store);
	if (ok && !low_space && (end || clock_mono_ms() - scrub->saved_ms >= SAVE_MS))
		ok = save(store, err);
	return ok;
}

/* ---- on demand ---- */

bool scrub_all(struct store *store, struct err *err)
{
	struct engine_scrub at = { 0 };
	bool end = !store->engine->ops->scrub, ok = true;

	while (ok && !end)
		ok = verify_pages(store, &at, PAGES_PER_CALL, &end, err);
	atomic_store(&store->shared->health.damaged_pages, damage_count(&store->shared->damages));
	return ok;
}

size_t store_damages(const struct store_shared *shared, struct store_damage *list, size_t max)
{
	struct damage damages[DAMAGED_PAGES_MAX];
	size_t count = damage_list(
		&shared->damages, damages, max < DAMAGED_PAGES_MAX ? max : DAMAGED_PAGES_MAX);

	for (size_t i = 0; i < count; i++) {
		list[i] = (struct store_damage){ .table = engine_tables[damages[i].table].name,
			.page = damages[i].page,
			.first_seen = damages[i].first_seen,
			.reads = damages[i].reads };
		memcpy(list[i].task, damages[i].task, sizeof(list[i].task));
	}
	return count;
}
