#include "store/index/state.h"
#include "store/internal.h"

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
	index_due_prefix(&from, search->leases);
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
