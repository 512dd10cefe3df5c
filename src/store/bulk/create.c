#include "store/tasks/create.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/bulk/bulk.h"
#include "store/list/listing.h"

struct bulk_run {
	struct store *store;
	struct op op;	    /* borrows from the request */
	struct result list; /* the page that is being counted */
	struct key_suffix after;
	bool is_counted;
	struct bulk_answer answer;
};

/* ---- how many tasks the list has ---- */

/* A total is known at once, unless more rows have to be tested than one list may. */
static bool open_page(struct bulk_run *run, unsigned slice_steps, struct err *err)
{
	struct op look = { .kind = OP_LIST,
		.tenant = run->op.tenant,
		.dialect = run->op.dialect,
		.list = run->op.list,
		.slice_steps = slice_steps };

	look.list.limit = LIST_PAGE_MAX;
	look.list.limit_bytes = 0;
	look.list.offset = 0;
	look.list.allow_partial = true;
	look.list.want_total = run->after.len == 0;
	look.list.after_cursor = (struct str){ (const char *)run->after.bytes, run->after.len };
	return list_open(run->store, &look, &run->list, err);
}

static void close_page(struct bulk_run *run)
{
	listing_free(run->list.listing);
	run->list = (struct result){ 0 };
}

/* The rows of a page that was scanned are known without being read. */
static bool count_page(struct bulk_run *run, struct err *err)
{
	const struct listing *listing = run->list.listing;
	const struct found_ids *found = &listing->found;

	if (run->list.total_known && run->after.len == 0) {
		run->answer.count = run->list.total;
		run->is_counted = true;
		return true;
	}
	if (!listing->by_ids)
		return err_set(err, ERR_INTERNAL, NULL, "a list of the index has no total");
	run->answer.count += found->count;
	run->is_counted = !found->more;
	if (found->more)
		run->after = found->last;
	return true;
}

static bool count_some(struct bulk_run *run, unsigned slice_steps, struct err *err)
{
	bool ok = run->list.listing ? list_go_on(&run->list, slice_steps, err)
				    : open_page(run, slice_steps, err);

	if (!ok || run->list.unfinished)
		return ok;
	ok = count_page(run, err);
	close_page(run);
	return ok;
}

/* ---- the task ---- */

/* Eight tenants could keep all others from having a bulk if they shared a bound without this. */
static bool is_too_many(size_t of_tenant, size_t of_all)
{
	return of_tenant >= BULKS_OF_TENANT || of_all >= BULKS_MAX ||
	       (of_tenant > 0 && of_all >= BULKS_SHARED);
}

/* Refuses more bulks at a time than there may be. */
static int check_limits(struct store *store, const struct op *op, struct err *err)
{
	struct index_key from, to;
	struct engine_range range;
	size_t of_tenant = 0;
	int rc;

	index_due_prefix(&from, DUE_BULK);
	to = from;
	index_prefix_end(&to);
	range = (struct engine_range){ .from = key_str(&from), .to = key_str(&to) };
	rc = store_scan(store, TABLE_INDEX, &range, false, BULKS_MAX);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < store->batch.count; i++) {
		struct str tenant;
		struct id id;
		int64_t time;

		of_tenant += index_parse_due(
				     engine_batch_key(&store->batch, i), &time, &tenant, &id) &&
			     str_eq(tenant, op->tenant);
	}
	if (!is_too_many(of_tenant, store->batch.count))
		return 0;
	err_set(err, ERR_CONFLICT, NULL,
		"%zu bulks are running: wait until one has ended, or cancel one.",
		of_tenant < BULKS_OF_TENANT ? store->batch.count : of_tenant);
	return STEP_FAILED;
}

static int step_create(struct store *store, void *data, struct err *err)
{
	struct write *write = data;
	struct op op = *write->op;
	struct result *result = write->result;
	const struct bulk_answer *answer = result->bulk;
	const struct bulk_row row = { .counts = { .total = answer->count } };
	int rc = 0;

	store->enforce_quota = true;
	if (op.idempotency_key.len > 0)
		rc = idempotency_lookup(store, &op, result, &write->replayed, err);
	if (rc != 0 || write->replayed)
		return rc;
	if (op.bulk->token.len > 0 && !bulk_token_check(store, &op, answer->count, err))
		return STEP_FAILED;
	rc = check_limits(store, &op, err);
	if (rc != 0)
		return rc;
	op.kind = OP_CREATE;
	op.dialect = op.bulk->dialect;
	rc = create_task(store, &op, NULL, &result->record, err);
	if (rc == 0)
		rc = bulk_row_put(store, op.tenant, &op.new_id, &row);
	if (rc == 0 && op.idempotency_key.len > 0)
		rc = idempotency_store(store, &op, result, err);
	return rc;
}

static bool create(struct bulk_run *run, struct result *result, struct err *err)
{
	const struct op *op = &run->op;
	struct write write = { .op = op, .result = result };

	if (!store_may_write(run->store, err) ||
		!step_run_write(run->store, run->op.tenant, step_create, &write, err))
		return false;
	result->written = !write.replayed && !run->store->sync_commits;
	return row_decode(&result->task, &result->record, op->tenant, &op->new_id, err);
}

/* ---- the operation ---- */

static bool run_slice(
	struct bulk_run *run, struct result *result, unsigned slice_steps, struct err *err)
{
	int64_t until = clock_mono_us() + LIST_SLICE_US;
	bool ok = true;

	do {
		ok = count_some(run, slice_steps, err);
	} while (ok && !run->is_counted && (slice_steps == 0 || clock_mono_us() < until));
	result->steps++;
	result->unfinished = ok && !run->is_counted;
	if (!ok || result->unfinished)
		return ok;
	if (!run->op.bulk->dry_run)
		return create(run, result, err);
	bulk_token_make(run->store, &run->op, run->answer.count, run->answer.token);
	return true;
}

bool bulk_open(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct bulk_run *run = calloc(1, sizeof(*run));

	if (!run)
		return err_no_memory(err);
	run->store = store;
	run->op = *op;
	run->answer.is_dry_run = op->bulk->dry_run;
	result->bulk_run = run;
	result->bulk = &run->answer;
	return run_slice(run, result, op->slice_steps, err);
}

bool bulk_go_on(struct result *result, unsigned slice_steps, struct err *err)
{
	struct bulk_run *run = result->bulk_run;
	bool ok;

	store_enter(run->store);
	ok = run_slice(run, result, slice_steps, err);
	serial_note_end(run->store);
	store_leave(run->store);
	return ok;
}

size_t bulk_memory(const struct bulk_run *run)
{
	return run ? sizeof(*run) + listing_memory(run->list.listing) : 0;
}

void bulk_free(struct bulk_run *run)
{
	if (run)
		close_page(run);
	free(run);
}
