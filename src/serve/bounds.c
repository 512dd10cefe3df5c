#include "serve/bounds.h"

bool bounds_admit(const struct connection *conn, const struct connection_shared *shared,
	bool arrived, struct err *err)
{
	const struct connection_bounds *bounds = &shared->bounds;
	const struct turns *turns = &shared->turns;
	const struct account *account = conn->account;
	bool scarce = turns->held >= bounds->held_responses / 2 ||
		      turns->held_bytes > bounds->held_bytes / 2;

	if (!conn->exchange->has_principal)
		return true;
	if ((arrived && account->requests - account->waits > bounds->principal_requests) ||
		account->held_bytes > bounds->principal_held_bytes ||
		(scarce && turns_holds_share(
				   turns, account, bounds->held_responses, bounds->held_bytes))) {
		err_set(err, ERR_TOO_MANY_REQUESTS, NULL, NULL);
		err->retry_after = 1;
		return false;
	}
	if (turns->held < bounds->held_responses && turns->held_bytes <= bounds->held_bytes)
		return true;
	return err_set(err, ERR_BUSY, NULL, NULL);
}

static bool must_end(const struct connection *conn, const struct connection_shared *shared)
{
	const struct connection_bounds *bounds = &shared->bounds;
	const struct turns *turns = &shared->turns;

	return conn->exchange->result.listing && turns->held_bytes > bounds->held_bytes &&
	       turns_holds_share(turns, conn->account, bounds->held_responses, bounds->held_bytes);
}

bool bounds_end_list(struct connection *conn, struct connection_shared *shared)
{
	struct exchange *exchange = conn->exchange;
	struct err err;

	if (!must_end(conn, shared))
		return false;
	err_set(&err, ERR_TOO_MANY_REQUESTS, NULL, NULL);
	err.retry_after = 1;
	store_result_free(&exchange->result);
	app_set_error(exchange, &err);
	turns_hold(&shared->turns, conn, false, exchange_memory(exchange));
	return true;
}
