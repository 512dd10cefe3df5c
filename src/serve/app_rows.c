/* Lists and batches: which work takes turns as one, and the rows (app_stream_rows). */
#include "base/clock.h"
#include "serve/app.h"
#include "serve/held_page.h"

bool app_is_list(const struct exchange *exchange)
{
	return exchange->work == WORK_SLICES ||
	       (exchange->work == WORK_OPERATION &&
		       (exchange->route->encode_row || exchange->route->encode_event));
}

/*
 * Makes a row ready, or sets *over after until_us. The first read of a turn is made in any case:
 * *has_read is false until then.
 */
static bool prepare_row(
	struct exchange *exchange, int64_t until_us, bool *has_read, bool *over, struct err *err)
{
	struct result *result = &exchange->result;

	*over = false;
	while (!store_list_is_ready(result) && !*over) {
		*over = *has_read && clock_mono_us() >= until_us;
		exchange->used_store |= !*over;
		if (!*over && !store_list_read(result, until_us, err))
			return false;
		*has_read = true;
	}
	return true;
}

/* One item is encoded in any case, so that each turn gets on. */
static bool stream_items(
	struct exchange *exchange, size_t min_len, int64_t until_us, struct err *err)
{
	struct buf *body = &exchange->response.body;
	struct batch_item item;
	bool end;

	do {
		if (!store_batch_next(&exchange->result, &item, &end, err))
			return false;
		if (!end && exchange->result.rows_returned > 1)
			buf_putc(body, ',');
		if (!exchange->route->encode_item(&exchange->request, end ? NULL : &item, body))
			return err_no_memory(err);
	} while (!end && body->len < min_len && clock_mono_us() < until_us);
	exchange->streaming = !end;
	return buf_ok(body) || err_no_memory(err);
}

bool app_stream_rows(struct exchange *exchange, size_t min_len, int64_t until_us, struct err *err)
{
	struct buf *body = &exchange->response.body;
	struct task row;
	bool end = false, has_read = false, over;

	if (exchange->result.batch)
		return stream_items(exchange, min_len, until_us, err);
	while (body->len < min_len) {
		if (!prepare_row(exchange, until_us, &has_read, &over, err))
			return false;
		if (over)
			break;
		if (!store_list_next(&exchange->result, &row, &end, err))
			return false;
		if (end)
			break;
		if (exchange->result.rows_returned > 1)
			buf_putc(body, ',');
		if (!exchange->route->encode_row(&exchange->request, &row, body))
			return err_no_memory(err);
	}
	if (end) {
		exchange->streaming = false;
		if (!exchange->route->encode_end(&exchange->request, &exchange->result, body))
			return err_no_memory(err);
	}
	return buf_ok(body) ? held_page_check(exchange, err) : err_no_memory(err);
}
