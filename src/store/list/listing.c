#include "store/list/listing.h"

#include <stdlib.h>

#include "store/index/state.h"

static struct listing *listing_new(struct store *store, const struct query *query)
{
	struct listing *listing = calloc(1, sizeof(*listing));

	if (!listing)
		return NULL;
	listing->store = store;
	listing->query = *query;
	listing->left = query->list.limit ? query->list.limit : UINT64_MAX;
	listing->bytes_left = query->list.limit_bytes ? query->list.limit_bytes : SIZE_MAX;
	return listing;
}

struct listing *listing_of_ids(
	struct store *store, struct str tenant, struct id *take_ids, size_t count)
{
	const struct query query = { .store = store, .tenant = tenant };
	struct listing *listing = listing_new(store, &query);

	if (!listing) {
		free(take_ids);
		return NULL;
	}
	listing->by_ids = listing->unfiltered = listing->open = true;
	listing->found.ids = take_ids;
	listing->found.count = count;
	return listing;
}

/* Chooses how to answer the query: by ranges of the index, or by a scan. */
static bool plan_listing(struct listing *listing, struct err *err)
{
	bool direct;

	if (!query_check(&listing->query, err))
		return false;
	query_drop_sorts(&listing->query);
	if (!query_direct_ranges(&listing->query, &listing->ranges, &direct, err))
		return false;
	if (direct)
		return position_after(&listing->ranges, listing->query.list.after_cursor,
			&listing->position, err);
	listing->by_ids = true;
	listing->scan = scan_new(&listing->query);
	return listing->scan || err_no_memory(err);
}

static bool go_on(struct listing *listing, struct slice *slice, struct err *err)
{
	if (!listing->scan)
		return batch_first(listing, slice, err);
	if (!scan_go_on(listing->scan, slice, &listing->found, &listing->open, err))
		return false;
	if (listing->open) {
		scan_free(listing->scan);
		listing->scan = NULL;
	}
	return true;
}

bool list_go_on(struct result *result, unsigned slice_steps, struct err *err)
{
	struct listing *listing = result->listing;
	struct slice slice = slice_begin(slice_steps);
	bool ok;

	store_enter(listing->store);
	ok = go_on(listing, &slice, err);
	store_leave(listing->store);
	result->steps += slice.spent;
	result->unfinished = !listing->open;
	if (!ok || !listing->open)
		return ok;
	result->total_known = listing->found.counted;
	result->total = listing->found.counted ? listing->found.total : 0;
	result->offset = listing->found.offset;
	result->consistent = listing->consistent;
	return true;
}

bool list_open(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	const struct query query = { store, op->tenant, op->dialect, op->list };

	if (!index_may_read(store, err))
		return false;
	result->listing = listing_new(store, &query);
	if (!result->listing)
		return err_no_memory(err);
	return plan_listing(result->listing, err) && list_go_on(result, op->slice_steps, err);
}

bool store_list_is_ready(const struct result *result)
{
	const struct listing *listing = result->listing;

	return listing->next_row < listing->row_count || listing->finished || listing->left == 0;
}

bool store_list_read(struct result *result, int64_t until_us, struct err *err)
{
	struct listing *listing = result->listing;

	if (!batch_next(listing, until_us, err))
		return false;
	result->steps += listing->row_count + 1;
	return true;
}

bool store_list_next(struct result *result, struct task *row, bool *end, struct err *err)
{
	struct listing *listing = result->listing;
	size_t start, len;

	while (!store_list_is_ready(result)) {
		if (!store_list_read(result, INT64_MAX, err))
			return false;
	}
	if (listing->next_row == listing->row_count || listing->left == 0) {
		if (listing->more)
			result->next_cursor = (struct str){ (const char *)listing->last.bytes,
				listing->last.len };
		*end = true;
		return true;
	}
	start = listing->next_row ? listing->ends[listing->next_row - 1] : 0;
	len = listing->ends[listing->next_row] - start;
	if (!record_decode(row, (struct str){ listing->records.data + start, len }))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	if (listing->bytes_left != SIZE_MAX)
		listing->bytes_left -= len < listing->bytes_left ? len : listing->bytes_left;
	listing->next_row++;
	listing->left--;
	result->rows_returned++;
	*end = false;
	return true;
}

size_t listing_memory(const struct listing *listing)
{
	if (!listing)
		return 0;
	return sizeof(*listing) + scan_memory(listing->scan) + ranges_memory(&listing->ranges) +
	       listing->found.count * sizeof(*listing->found.ids) + listing->records.capacity;
}

void store_list_release(struct result *result)
{
	struct listing *listing = result->listing;

	if (!listing || result->unfinished)
		return;
	if (listing->next_row < listing->row_count)
		batch_unread(listing);
	buf_free(&listing->records);
}

void listing_free(struct listing *listing)
{
	if (!listing)
		return;
	scan_free(listing->scan);
	selection_free(&listing->first.selection);
	ranges_free(&listing->ranges);
	free(listing->found.ids);
	buf_free(&listing->records);
	free(listing);
}
