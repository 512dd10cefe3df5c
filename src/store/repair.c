#include "store/repair.h"

#include "base/log.h"
#include "store/index/state.h"
#include "store/journal/journal.h"
#include "store/lists.h"

/* More pages than the table of damages has are repaired in several rounds. */
#define ROUNDS_MAX 10000

struct round {
	struct damage list[DAMAGED_PAGES_MAX];
	size_t count;
};

static const char *const done_texts[] = {
	[ENGINE_REPAIR_READABLE] = "can be read",
	[ENGINE_REPAIR_COPY] = "written again from a copy, nothing is lost",
	[ENGINE_REPAIR_UNUSED] = "made again, it had no rows",
	[ENGINE_REPAIR_EMPTIED] = "emptied, its rows are lost",
	[ENGINE_REPAIR_VALUE] = "made again, the row that it was a part of is lost",
};
static const char *const dry_texts[] = {
	[ENGINE_REPAIR_READABLE] = "can be read",
	[ENGINE_REPAIR_COPY] = "there is a copy, nothing will be lost",
	[ENGINE_REPAIR_UNUSED] = "has no rows",
	[ENGINE_REPAIR_EMPTIED] = "its rows will be lost",
	[ENGINE_REPAIR_VALUE] = "the row that it is a part of will be lost",
};

static const char *const emptied_text = "the table was emptied, its rows are lost";

/* ---- one page ---- */

static bool tell(
	const struct repair *repair, const struct damage *damage, const char *text, struct err *err)
{
	const struct store_repair_sink *sink = repair->sink;
	const char *table = engine_tables[damage->table].name;

	if (!repair->dry)
		log_warn("page-repaired", "page %u of %s.db: %s", damage->page, table, text);
	return sink->page(table, damage->page, text, sink->data) ||
	       err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
}

/*
 * Pages of a B-tree cannot be made again one by one. Idempotency-Keys and the notes of an export
 * are forgotten; the usage of tenants is counted again at a start.
 */
static bool clear_tree(
	struct store *store, struct repair *repair, const struct damage *damage, struct err *err)
{
	bool forgettable = damage->table == TABLE_IDEMPOTENCY || damage->table == TABLE_SNAPSHOT ||
			   damage->table == TABLE_JOURNAL || damage->table == TABLE_OUTBOX;
	enum engine_status status;

	repair->report->pages++;
	if (!store->alone || !forgettable) {
		repair->report->failed++;
		return tell(repair, damage,
			forgettable ? "stop the service, then repeat the command"
				    : "start the service: it makes the file again",
			err);
	}
	repair->report->tables |= 1U << damage->table;
	if (repair->dry)
		return tell(repair, damage, "its rows will be lost", err);
	if (!(repair->cleared & 1U << damage->table)) {
		status = store->engine->ops->clear(store->engine, (enum engine_table)damage->table);
		if (status != ENGINE_OK)
			return store_fail(store, (int)status, err);
		damage_forget(&store->shared->damages, damage->table);
		repair->cleared |= 1U << damage->table;
	}
	return tell(repair, damage, emptied_text, err);
}

/* A table that was already emptied when the store was opened, because that needed the page. */
static bool tell_emptied(struct store *store, struct repair *repair, struct err *err)
{
	const struct engine_emptied *emptied = &store->engine->emptied;
	struct damage damage = { .table = emptied->table, .page = emptied->page };

	if (!emptied->done)
		return true;
	repair->report->pages++;
	repair->report->tables |= 1U << emptied->table;
	return tell(repair, &damage, emptied_text, err);
}

/* The rows of any table may be of an earlier moment than the others. */
static void note_cut(struct store *store, struct repair *repair)
{
	if (!store->engine->log_cut)
		return;
	repair->report->log_cut = repair->report->index_damaged = true;
	repair->report->tables |= (1U << ENGINE_TABLES) - 1;
	repair->lost |= 1U << TABLE_META;
	repair->noted |= 1U << TABLE_META;
}

static bool repair_page(
	struct store *store, struct repair *repair, const struct damage *damage, struct err *err)
{
	enum engine_repair done;
	enum engine_status status;

	if (engine_tables[damage->table].ordered)
		return clear_tree(store, repair, damage, err);
	store_enter(store);
	status = store->engine->ops->repair(
		store->engine, damage->table, damage->page, repair->dry, &done);
	store_leave(store);
	repair->report->pages++;
	if (status == ENGINE_FAILED || status == ENGINE_DAMAGED) {
		repair->report->failed++;
		return tell(repair, damage, store->engine->message, err);
	}
	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	/* It may be that nothing refers to a page because the page that did is damaged too. */
	if (done >= ENGINE_REPAIR_UNUSED)
		repair->lost |= 1U << damage->table;
	if (done >= ENGINE_REPAIR_EMPTIED)
		repair->report->tables |= 1U << damage->table;
	return tell(repair, damage, repair->dry ? dry_texts[done] : done_texts[done], err);
}

/* ---- all pages ---- */

/* All damaged pages but those of the index, which is built again as a whole. */
static bool find_pages(
	struct store *store, struct repair *repair, struct round *round, struct err *err)
{
	struct damage list[DAMAGED_PAGES_MAX];
	size_t count;

	round->count = 0;
	if (!scrub_all(store, err))
		return false;
	repair->report->index_damaged = damage_has(&store->shared->damages, TABLE_INDEX);
	count = damage_list(&store->shared->damages, list, DAMAGED_PAGES_MAX);
	for (size_t i = 0; i < count; i++) {
		if (list[i].table != TABLE_INDEX)
			round->list[round->count++] = list[i];
	}
	return true;
}

/* Takes the pages of the meta table out of the round. */
static bool repair_meta(
	struct store *store, struct repair *repair, struct round *round, struct err *err)
{
	size_t left = 0;
	bool ok = true;

	for (size_t i = 0; i < round->count; i++) {
		if (round->list[i].table == TABLE_META)
			ok = ok && repair_page(store, repair, &round->list[i], err);
		else
			round->list[left++] = round->list[i];
	}
	round->count = left;
	return ok;
}

/* The page that the note needs may itself be damaged; a copy of it may have a note. */
static bool begin_round(
	struct store *store, struct repair *repair, struct round *round, struct err *err)
{
	for (size_t i = 0; i < round->count; i++)
		repair->noted |= 1U << round->list[i].table;
	if (repair_save_note(store, repair->noted, err))
		return true;
	if (err->code != ERR_DAMAGED || !repair_meta(store, repair, round, err) ||
		!repair_load_note(store, &repair->lost, err))
		return false;
	repair->noted |= repair->lost;
	return repair_save_note(store, repair->noted, err);
}

static bool run_round(
	struct store *store, struct repair *repair, const struct round *round, struct err *err)
{
	for (size_t i = 0; i < round->count; i++) {
		if (!repair_page(store, repair, &round->list[i], err))
			return false;
	}
	return true;
}

static bool repair_pages(struct store *store, struct repair *repair, struct err *err)
{
	struct round round;
	size_t failed;

	for (int i = 0; i < ROUNDS_MAX; i++) {
		if (!find_pages(store, repair, &round, err))
			return false;
		if (repair->dry || round.count == 0)
			return run_round(store, repair, &round, err);
		failed = repair->report->failed;
		if (!begin_round(store, repair, &round, err) ||
			!run_round(store, repair, &round, err))
			return false;
		/* The next round would find the same pages again. */
		if (repair->report->failed > failed)
			return scrub_all(store, err);
	}
	return true;
}

/* ---- at the start ---- */

bool repair_meta_at_open(struct store *store, struct err *err)
{
	struct damage list[DAMAGED_PAGES_MAX];
	enum engine_status status = ENGINE_OK;
	enum engine_repair done;
	unsigned noted = 1U << TABLE_META;
	size_t count;

	if (!scrub_all(store, err))
		return false;
	count = damage_list(&store->shared->damages, list, DAMAGED_PAGES_MAX);
	for (size_t i = 0; status == ENGINE_OK && i < count; i++) {
		if (list[i].table != TABLE_META)
			continue;
		status = store->engine->ops->repair(
			store->engine, TABLE_META, list[i].page, false, &done);
		if (status == ENGINE_OK)
			log_warn("page-repaired", "page %u of %s.db: %s", list[i].page,
				engine_tables[TABLE_META].name, done_texts[done]);
	}
	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	/* Another page may have the note of an earlier repair. */
	return repair_load_note(store, &noted, err) && repair_save_note(store, noted, err);
}

/* ---- the repair ---- */

/* No entry tells of the tasks that are lost: clients of the feed have to read all tasks again. */
static bool renew_feed(struct store *store, const struct repair *repair, struct err *err)
{
	unsigned tables = REPAIR_TASK_TABLES | 1U << TABLE_JOURNAL;

	return !((repair->lost | repair->report->tables) & tables) ||
	       journal_renew_epoch(store, err);
}

static bool finish(struct store *store, struct repair *repair, struct err *err)
{
	struct store_repair_report *report = repair->report;
	bool any = repair->lost & REPAIR_TASK_TABLES;
	bool complete = store_index_is_complete(store) && !report->index_damaged;
	bool left_out = atomic_load(&store->shared->health.index_left_out) > 0;

	report->replaced = repair->lost != 0;
	report->names_unknown = any && (!complete || left_out);
	/* The tasks behind a damaged page are in no list yet. */
	report->index_damaged |= left_out;
	return (!any || !complete || repair_find_lost(store, repair, err)) &&
	       repair_derived(store, repair, err) && renew_feed(store, repair, err) &&
	       repair_save_note(store, 0, err);
}

static bool run(struct store *store, struct repair *repair, struct err *err)
{
	struct store_repair_report *report = repair->report;

	if (!repair_load_note(store, &repair->lost, err) && err->code != ERR_DAMAGED)
		return false;
	err->code = ERR_NONE;
	report->unfinished = repair->lost != 0;
	repair->noted = report->tables = repair->lost;
	note_cut(store, repair);
	if (!tell_emptied(store, repair, err) || !repair_pages(store, repair, err))
		return false;
	if (!repair->dry)
		return repair->noted == 0 || finish(store, repair, err);
	return !(report->tables & REPAIR_TASK_TABLES) || repair_name_lost(store, repair, err);
}

bool store_repair(struct store *store, bool dry, const struct store_repair_sink *sink,
	struct store_repair_report *report, struct err *err)
{
	struct repair repair = { .sink = sink, .report = report, .dry = dry };
	bool ok;

	*report = (struct store_repair_report){ 0 };
	if (!store->engine->ops->repair)
		return true;
	ok = (dry || store_may_write(store, err)) && run(store, &repair, err);
	/* Tasks may have been on pages that were emptied. */
	if (!dry)
		store_change_list_epoch(store->shared);
	return ok;
}

const char *store_repair_table(unsigned number)
{
	return number < ENGINE_TABLES ? engine_tables[number].name : NULL;
}
