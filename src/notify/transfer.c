#include "notify/transfer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "notify/schedule.h"
#include "notify/transfer_options.h"

/* ---- pools ---- */

static bool open_pool(struct transfers *transfers, struct transfer_place *place)
{
	struct transfer_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return false;
	pool->share = curl_share_init();
	if (!pool->share || curl_share_setopt(pool->share, CURLSHOPT_SHARE,
				    CURL_LOCK_DATA_CONNECT) != CURLSHE_OK) {
		curl_share_cleanup(pool->share);
		free(pool);
		return false;
	}
	pool->place = place;
	pool->next = transfers->pools;
	pool->link = &transfers->pools;
	if (pool->next)
		pool->next->link = &pool->next;
	transfers->pools = pool;
	transfers->pool_count++;
	place->pool = pool;
	return true;
}

static void close_pool(struct transfers *transfers, struct transfer_pool *pool)
{
	curl_share_cleanup(pool->share);
	*pool->link = pool->next;
	if (pool->next)
		pool->next->link = pool->link;
	pool->place->pool = NULL;
	transfers->pool_count--;
	free(pool);
}

void transfers_close_pool(struct transfers *transfers, struct transfer_place *place)
{
	if (place->pool && place->pool->under_way == 0)
		close_pool(transfers, place->pool);
}

void transfers_tidy(struct transfers *transfers, int64_t mono_ms)
{
	struct transfer_pool *pool = transfers->pools, *next;

	for (; pool; pool = next) {
		next = pool->next;
		if (pool->under_way == 0 && (mono_ms - pool->idle_since >= TRANSFER_POOL_IDLE_MS ||
						    transfers->pool_count > TRANSFER_POOLS_KEPT))
			close_pool(transfers, pool);
	}
}

/* ---- requests ---- */

bool transfers_new(
	struct transfers **transfers, const struct network *networks, size_t count, struct err *err)
{
	struct transfers *new;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_INTERNAL, NULL, "libcurl cannot be initialised");
	new = calloc(1, sizeof(*new));
	if (new)
		new->multi = curl_multi_init();
	if (!new || !new->multi) {
		free(new);
		curl_global_cleanup();
		return err_no_memory(err);
	}
	new->networks = networks;
	new->network_count = count;
	curl_multi_setopt(new->multi, CURLMOPT_MAXCONNECTS, (long)TRANSFER_POOL_SIZE);
	*transfers = new;
	return true;
}

static void free_transfer(struct transfer *transfer)
{
	struct transfers *transfers = transfer->transfers;

	if (transfer->easy) {
		curl_multi_remove_handle(transfers->multi, transfer->easy);
		curl_easy_cleanup(transfer->easy);
	}
	curl_slist_free_all(transfer->fields);
	notify_request_free(&transfer->request);
	if (transfer->link) {
		*transfer->link = transfer->next;
		if (transfer->next)
			transfer->next->link = transfer->link;
		transfers->count--;
		transfer->pool->under_way--;
		transfer->pool->idle_since = clock_mono_ms();
	}
	free(transfer);
}

void transfers_abort(struct transfers *transfers, void (*free_owner)(void *owner))
{
	while (transfers->running) {
		free_owner(transfers->running->owner);
		free_transfer(transfers->running);
	}
}

void transfers_free(struct transfers *transfers)
{
	if (!transfers)
		return;
	while (transfers->running)
		free_transfer(transfers->running);
	while (transfers->pools)
		close_pool(transfers, transfers->pools);
	curl_multi_cleanup(transfers->multi);
	buf_free(&transfers->text);
	free(transfers);
	curl_global_cleanup();
}

static bool is_tls(const struct notify_request *request)
{
	return strncasecmp(request->url.data, "https:", 6) == 0;
}

static void add(struct transfers *transfers, struct transfer *transfer)
{
	transfer->next = transfers->running;
	transfer->link = &transfers->running;
	if (transfer->next)
		transfer->next->link = &transfer->next;
	transfers->running = transfer;
	transfers->count++;
	transfer->pool->under_way++;
}

bool transfers_start(struct transfers *transfers, struct transfer_place *place,
	struct notify_request *take_request, void *owner, int64_t now, struct err *err)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	if (!transfer || (!place->pool && !open_pool(transfers, place))) {
		free(transfer);
		notify_request_free(take_request);
		return err_no_memory(err);
	}
	transfer->transfers = transfers;
	transfer->pool = place->pool;
	transfer->request = *take_request;
	*take_request = (struct notify_request){ 0 };
	transfer->owner = owner;
	transfer->is_tls = is_tls(&transfer->request);
	transfer->at = now;
	transfer->began_us = clock_mono_us();
	transfer->easy = curl_easy_init();
	if (!transfer->easy || !transfer_set_options(transfer) ||
		curl_multi_add_handle(transfers->multi, transfer->easy) != CURLM_OK) {
		free_transfer(transfer);
		return err_set(err, ERR_INVALID, NULL, "The request cannot be sent.");
	}
	add(transfers, transfer);
	return true;
}

void transfers_wait(struct transfers *transfers, int ms)
{
	int running;

	curl_multi_poll(transfers->multi, NULL, 0, ms, NULL);
	curl_multi_perform(transfers->multi, &running);
}

/* In UTF-8: a sequence that is not, or was cut off at the end, becomes U+FFFD. */
static void put_utf8(struct buf *out, struct str bytes)
{
	while (bytes.len > 0) {
		size_t len = str_utf8_sequence(bytes);

		if (len > 0)
			buf_put(out, bytes.ptr, len);
		else
			buf_puts(out, "\xef\xbf\xbd");
		bytes = str_skip(bytes, len > 0 ? len : 1);
	}
}

/* At most DELIVERY_ANSWER_MAX bytes, whole characters. */
static struct str answer_text(struct transfers *transfers, const struct transfer *transfer)
{
	struct str text;
	size_t len = 0;

	buf_reset(&transfers->text);
	put_utf8(&transfers->text, (struct str){ transfer->answer, transfer->answer_len });
	text = buf_str(&transfers->text);
	if (text.len <= DELIVERY_ANSWER_MAX)
		return text;
	for (size_t next; (next = str_utf8_sequence(str_skip(text, len))) > 0; len += next) {
		if (len + next > DELIVERY_ANSWER_MAX)
			break;
	}
	return (struct str){ text.ptr, len };
}

static uint32_t retry_after(const struct transfer *transfer)
{
	struct curl_header *header;

	if (curl_easy_header(transfer->easy, "Retry-After", 0, CURLH_HEADER, -1, &header) !=
		CURLHE_OK)
		return 0;
	return schedule_retry_after(str_cstr(header->value), clock_wall_ms());
}

/* A response counts when its header is whole, however its body ends. */
static void end_transfer(struct transfers *transfers, struct transfer *transfer, CURLcode code,
	struct transfer_end *end)
{
	enum transfer_fault fault;
	long status = 0;

	if (transfer->is_header_whole)
		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	fault = transfer_explain(
		transfer, code, (unsigned)status, transfers->error, sizeof(transfers->error));
	*end = (struct transfer_end){
		.owner = transfer->owner,
		.attempt = { .at = transfer->at,
			.took_ms = (uint32_t)((clock_mono_us() - transfer->began_us) / 1000),
			.status = (unsigned)status,
			.error = str_cstr(transfers->error),
			.answer = answer_text(transfers, transfer) },
		.fault = fault,
		.retry_after = status > 0 ? retry_after(transfer) : 0,
	};
}

bool transfers_next(struct transfers *transfers, struct transfer_end *end)
{
	struct transfer *transfer = NULL;
	CURLMsg *message;
	int left;

	do {
		message = curl_multi_info_read(transfers->multi, &left);
	} while (message && message->msg != CURLMSG_DONE);
	if (!message ||
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) != CURLE_OK)
		return false;
	end_transfer(transfers, transfer, message->data.result, end);
	free_transfer(transfer);
	return true;
}

size_t transfers_count(const struct transfers *transfers)
{
	return transfers->count;
}
