#include "admin/repair_command.h"

#include <inttypes.h>

#include "store/store.h"

/* ---- what the store says ---- */

static bool put_page(const char *table, uint32_t page, const char *text, void *data)
{
	return admin_print(data, "page %" PRIu32 " of %s.db: %s", page, table, text);
}

static bool put_lost(const char *tenant, const char *id, void *data)
{
	return admin_print(data, "task %s of tenant %s is lost", id, tenant);
}

static bool put_endangered(const char *tenant, const char *id, void *data)
{
	return admin_print(data, "task %s of tenant %s would be lost", id, tenant);
}

/* ---- what it cannot know ---- */

static const struct {
	const char *table, *text;
} advice[] = {
	{ "users", "users may be missing: polytaskctl user list" },
	{ "tokens", "tokens and passwords may be missing: polytaskctl token list, password list" },
	{ "keys", "signing keys may be missing: polytaskctl key list" },
	{ "logins", "users may have more logins than their bound, until these end" },
	{ "once", "a request that is repeated with its Idempotency-Key is carried out again" },
	{ "journal", "the history of all tasks up to now is missing" },
	{ "webhooks", "webhooks may be missing: polytaskctl webhook list" },
	{ "outbox", "events of webhooks that were not delivered yet are missing" },
	{ "meta", "revisions of removed tasks may be used again" },
	{ NULL, NULL },
};

static void put_advice(struct admin *admin, unsigned tables)
{
	const char *name;

	for (unsigned i = 0; (name = store_repair_table(i)); i++) {
		for (size_t j = 0; advice[j].table && tables & 1U << i; j++) {
			if (strcmp(advice[j].table, name) == 0)
				admin_print(admin, "%s.db: %s", name, advice[j].text);
		}
	}
}

/* ---- the command ---- */

static bool say_what_would_be(
	struct admin *admin, const struct store_repair_report *report, struct err *err)
{
	if (report->names_unknown)
		admin_print(admin, "the index is not complete: lost tasks cannot be named");
	if (report->index_damaged)
		admin_print(admin, "index.db: it will be replaced, nothing will be lost");
	put_advice(admin, report->tables);
	if (report->pages == 0 && !report->index_damaged && !report->unfinished)
		return admin_print(admin, "no page is damaged") ||
		       err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
	if (report->unfinished)
		admin_print(admin, "a repair was interrupted: --yes completes it");
	admin_print(admin, "damaged pages: %u; tasks that would be lost: %" PRIu64, report->pages,
		report->tasks);
	return err_set(err, ERR_DAMAGED, NULL,
		"nothing was changed: restore a backup, or repair with --yes");
}

static bool put_sum(struct admin *admin, const struct store_repair_report *report, struct err *err)
{
	if (report->log_cut)
		admin_print(admin, "the log was damaged: the changes behind the damage are lost");
	put_advice(admin, report->tables);
	if (report->names_unknown)
		admin_print(admin, "the index is not complete: lost tasks were not named");
	if (report->replaced)
		admin_print(admin,
			"make a new backup: an older one can only be restored until before this repair");
	admin_print(admin, "repaired pages: %u; lost tasks: %" PRIu64,
		report->pages - report->failed, report->tasks);
	if (report->failed > 0)
		return err_set(
			err, ERR_DAMAGED, NULL, "pages cannot be repaired: %u", report->failed);
	if (report->changed_counts > 0)
		return err_set(err, ERR_CONFLICT, NULL,
			"the tasks of %" PRIu64
			" tenant%s changed meanwhile: run polytaskctl quota recount",
			report->changed_counts, str_plural(report->changed_counts));
	return true;
}

/* In a running service the index is rebuilt after the call. */
static bool replace_index(struct admin *admin, struct err *err)
{
	if (!store_reindex(admin->store, NULL, NULL, err))
		return false;
	admin_print(admin, "index.db: %s",
		store_index_is_complete(admin->store)
			? "it was replaced"
			: "it is being replaced (polytaskctl status)");
	return true;
}

bool admin_repair(struct admin *admin, const struct admin_call *call, struct err *err)
{
	bool dry = !call->options[ADMIN_YES];
	const struct store_repair_sink sink = { put_page, dry ? put_endangered : put_lost, admin };
	struct store_repair_report report;

	if (!store_repair(admin->store, dry, &sink, &report, err))
		return false;
	if (dry)
		return say_what_would_be(admin, &report, err);
	return (!report.index_damaged || replace_index(admin, err)) && put_sum(admin, &report, err);
}
