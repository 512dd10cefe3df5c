#pragma once
/*
 * The path of a request through the application: decode, apply, encode (README, "The life of a
 * request"). Works on values only: the worker reads requests and sends responses.
 */
#include "serve/exchange.h"

/* Whether the announced body is larger than the option body_limit: then it is read in parts. */
bool app_has_large_body(const struct app *app, const struct request *request);
/*
 * Returns the largest body to read, in bytes, of a request whose parameters were read: the option
 * body_limit, or the dialect's limit if that is higher and the announced body needs it.
 */
size_t app_body_limit(const struct app *app, struct request *request);
/*
 * Begins to answer exchange->request, which the caller has read: finds the route and the principal.
 * Sets exchange->work to what app_go_on() has to do, and exchange->account; WORK_NONE: the request
 * was refused or needs no more. Uses the store for a hint only (store_prefetch).
 */
void app_start(struct app *app, struct exchange *exchange);
/*
 * The same for a request that was parked (WORK_PARKED), with what parked_request.h has kept of it:
 * it was charged before, and its body is decoded. With exchange->wait.over it gets the response
 * that there is nothing.
 */
void app_resume(struct app *app, struct exchange *exchange);
/*
 * Begins again with a request whose changes were not made, because the flush of their round has
 * failed: as app_start() or, with what it had waited for before, as app_resume(). It is not charged
 * again. exchange->request.now remains.
 */
void app_run_again(struct app *app, struct exchange *exchange, const struct exchange_wait *waited);
/* Whether app_go_on() has to be called, in this round. */
static inline bool app_is_working(const struct exchange *exchange)
{
	return exchange->work != WORK_NONE && exchange->work != WORK_PARKED &&
	       exchange->work != WORK_STREAM && !exchange->is_postponed;
}
/*
 * Whether the work takes turns as a list: it is done in slices, or may be (a list, or a removal
 * with dependents), or it reads a part of the feed.
 */
bool app_is_list(const struct exchange *exchange);
/*
 * Goes on with exchange->work, by one slice if it is in slices, until it is WORK_NONE, or
 * WORK_PARKED: then exchange->wait says until when, and for what; or WORK_STREAM. If the request
 * changed something, sets response.after_flush. Returns false only with ERR_PANIC: the process must
 * exit without sending a response.
 */
bool app_go_on(struct app *app, struct exchange *exchange, struct err *err);
/* Answers the request at once, unless it has to wait: WORK_PARKED. */
bool app_handle(struct app *app, struct exchange *exchange, struct err *err);
/* Replaces the response, which may be unfinished, by an error response. */
void app_set_error(struct exchange *exchange, const struct err *err);
/*
 * Undoes the claims of an exchange whose response will not be delivered: the client has left, or it
 * gets an error instead. Does nothing for others, and the second time. After ERR_PANIC app->lost.
 */
void app_undo(struct app *app, struct exchange *exchange);
/* Time of a slice, in us. */
int64_t app_slice_us(const struct app *app);
/*
 * Appends rows of a streamed list to response.body until it holds at least min_len bytes, the list
 * has ended (streaming is then false), or rows would have to be read after until_us (monotonic).
 * Each call makes at least one read if it needs rows that are not in memory. While held_back is
 * set, the head must not be sent. After an error, a response whose head was sent cannot be
 * completed: close the connection.
 */
bool app_stream_rows(struct exchange *exchange, size_t min_len, int64_t until_us, struct err *err);
