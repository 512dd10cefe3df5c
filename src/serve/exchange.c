#include "serve/exchange.h"

#include <stdlib.h>

void exchange_rewind(struct exchange *exchange)
{
	struct request *request = &exchange->request;

	store_result_free(&exchange->result);
	response_reset(&exchange->response);
	/* Resetting the counts is enough: elements beyond them are never read. */
	request->segment_count = 0;
	request->query_count = 0;
	request->path_var_count = 0;
	request->method = METHOD_NONE;
	request->trailing_slash = request->empty_segments = false;
	request->uri = request->path = request->base_url = STR_NULL;
	request->selected_fields = 0;
	request->encoder_state = NULL;
	request->trace = (struct trace){ 0 };
	request->principal = (struct principal){ 0 };
	exchange->result.kind = OP_NONE;
	exchange->route = NULL;
	exchange->dialect = NULL;
	exchange->call = CALL_NO_ROUTE;
	exchange->error = ERR_NONE;
	exchange->streaming = exchange->held_back = false;
	exchange->list_tag[0] = '\0';
	exchange->work = WORK_NONE;
	exchange->used_store = exchange->is_deferred = exchange->is_postponed = false;
	exchange->commits_slices = exchange->is_kept = false;
	exchange->cost_us = 0;
	exchange->event = EVENT_REQUEST;
	exchange->auth_log = (struct auth_log_entry){ 0 };
	exchange->wait = (struct exchange_wait){ 0 };
	exchange->undo = false;
}

void exchange_reset(struct exchange *exchange)
{
	struct request *request = &exchange->request;

	exchange_rewind(exchange);
	arena_reset(&exchange->arena);
	arena_free(&exchange->large_body);
	request->cgi_param_count = 0;
	request->body = STR_NULL;
	request->rate_status = (struct rate_status){ 0 };
	request->arena = &exchange->arena;
	exchange->runs = exchange->lost_runs = 0;
	exchange->is_charged = exchange->body_is_plain = exchange->is_prefetched = false;
	exchange->account = exchange->tenant = 0;
	exchange->has_principal = false;
}

size_t exchange_memory(const struct exchange *exchange)
{
	const struct response *response = &exchange->response;

	return arena_memory(&exchange->arena) + arena_memory(&exchange->large_body) +
	       response->headers.capacity + response->body.capacity +
	       store_result_memory(&exchange->result);
}

void exchange_free(struct exchange *exchange)
{
	exchange_reset(exchange);
	response_free(&exchange->response);
	arena_free(&exchange->arena);
}

struct exchange *exchange_acquire(struct exchange_pool *pool)
{
	struct exchange *exchange = pool->first;

	if (exchange) {
		pool->first = exchange->next_idle;
		pool->count--;
		return exchange;
	}
	exchange = calloc(1, sizeof(*exchange));
	if (exchange)
		exchange_reset(exchange);
	return exchange;
}

static void exchange_delete(struct exchange *exchange)
{
	exchange_free(exchange);
	free(exchange);
}

void exchange_release(struct exchange_pool *pool, struct exchange *take_exchange)
{
	if (!take_exchange)
		return;
	exchange_reset(take_exchange);
	if (pool->count >= EXCHANGES_IDLE ||
		exchange_memory(take_exchange) > EXCHANGE_IDLE_MEMORY) {
		exchange_delete(take_exchange);
		return;
	}
	take_exchange->next_idle = pool->first;
	pool->first = take_exchange;
	pool->count++;
}

void exchange_pool_free(struct exchange_pool *pool)
{
	struct exchange *exchange;

	while ((exchange = pool->first)) {
		pool->first = exchange->next_idle;
		exchange_delete(exchange);
	}
	pool->count = 0;
}
