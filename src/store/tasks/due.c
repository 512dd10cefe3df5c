#include "store/due.h"

#include "base/clock.h"
#include "store/index/state.h"
#include "store/internal.h"

/* ---- search ---- */

struct search {
	int64_t now;
	bool leases;
	struct buf *place;
	bool found;
};

static int step_due(struct store *store, void *data, struct err *err)
{
	struct search *search = data;
	struct index_key from, to;
	struct engine_range range;
	int rc;

	(void)err;
	index_due_prefix(&from, search->leases ? DUE_LEASE : DUE_DELAY);
	to = from;
	index_put_time(&to, search->now + 1);
	range = (struct engine_range){ .from = key_str(&from), .to = key_str(&to) };
	/* The smallest key behind the last one. */
	if (search->place->len > 0)
		range.from = buf_str(search->place);
	rc = store_scan(store, TABLE_INDEX, &range, false, 1);
	search->found = rc == 0 && store->batch.count > 0;
	return rc;
}

bool store_next_due(struct store *store, int64_t now, bool leases, struct buf *place,
	struct str *tenant, struct id *id, bool *found, struct err *err)
{
	struct search search = { .now = now, .leases = leases, .place = place };
	int64_t time;

	*found = false;
	if (!store_index_is_complete(store))
		return true;
	if (!step_call(store, ENGINE_READ, step_due, &search, err))
		return false;
	if (!search.found)
		return true;
	buf_reset(place);
	buf_put_str(place, engine_batch_key(&store->batch, 0));
	buf_putc(place, '\0');
	if (!buf_ok(place))
		return err_no_memory(err);
	*found = index_parse_due((struct str){ place->data, place->len - 1 }, &time, tenant, id);
	return true;
}

/* ---- change ---- */

struct changes {
	struct op op;
	const struct store_due *tasks;
	size_t count, done;
	int64_t until_us;
	struct result result; /* of the last one */
};

static int step_change(struct store *store, void *data, struct err *err)
{
	struct changes *changes = data;
	int rc = 0;

	changes->done = 0;
	while (rc == 0 && changes->done < changes->count &&
		str_eq(changes->tasks[changes->done].tenant, changes->tasks[0].tenant) &&
		(changes->done == 0 || clock_mono_us() < changes->until_us)) {
		const struct store_due *task = &changes->tasks[changes->done++];
		struct write write = { .op = &changes->op, .result = &changes->result };

		changes->op.tenant = task->tenant;
		changes->op.id = task->id;
		rc = write_modify(store, &write, err);
		rc = rc == ENGINE_NOT_FOUND ? 0 : rc;
	}
	return rc;
}

bool store_change_due(struct store *store, const struct op *op, const struct store_due *tasks,
	size_t count, int64_t until_us, size_t *done, struct err *err)
{
	struct changes changes = {
		.op = *op, .tasks = tasks, .count = count, .until_us = until_us
	};
	bool ok = store_may_write(store, err) &&
		  step_call_write(store, tasks[0].tenant, step_change, &changes, err);

	store_result_free(&changes.result);
	if (ok)
		*done = changes.done;
	return ok;
}
