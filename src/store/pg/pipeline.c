/*
 * libpq's pipeline mode on a connection that does not block. On a dead connection PQgetResult
 * returns NULL for ever, so each NULL without a result before it ends the wait.
 */
#include <poll.h>

#include "base/clock.h"
#include "store/pg/pg.h"

/*
 * Results must be read while statements are sent, because both sides have finite buffers. False at
 * the deadline, or if the connection is broken.
 */
static bool wait_for_server(PGconn *conn, int64_t deadline, int unsent)
{
	struct pollfd fd = { .fd = PQsocket(conn),
		.events = (short)(POLLIN | (unsent ? POLLOUT : 0)) };
	int64_t left = deadline - clock_mono_ms();
	int ready;

	if (left <= 0 || fd.fd < 0)
		return false;
	ready = poll(&fd, 1, (int)left);
	return ready <= 0 || !(fd.revents & (POLLIN | POLLHUP | POLLERR)) || PQconsumeInput(conn);
}

/* The next result, or NULL between two statements. False if the connection is lost. */
static bool next_result(struct pg *pg, int64_t deadline, PGresult **result)
{
	for (;;) {
		int unsent = PQflush(pg->conn);

		if (unsent < 0)
			return false;
		if (!PQisBusy(pg->conn))
			break;
		if (!wait_for_server(pg->conn, deadline, unsent))
			return false;
	}
	*result = PQgetResult(pg->conn);
	return true;
}

static enum engine_status take_error(struct pg *pg, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	struct pg_trip *trip = &pg->trip;

	trip->failed = true;
	if (!state) {
		pg_describe(pg, "PostgreSQL", PQerrorMessage(pg->conn));
		return ENGINE_AWAY;
	}
	memccpy(trip->state, state, 0, sizeof(trip->state) - 1);
	pg_describe(pg, state, text);
	return pg_cause_of(state).status;
}

static enum engine_status take_result(
	struct pg *pg, const struct pg_asked *asked, const PGresult *result)
{
	ExecStatusType kind = PQresultStatus(result);
	struct pg_trip *trip = &pg->trip;

	if (kind == PGRES_PIPELINE_ABORTED)
		return ENGINE_OK;
	if (kind != PGRES_COMMAND_OK && kind != PGRES_TUPLES_OK)
		return trip->failed ? ENGINE_OK : take_error(pg, result);
	if (asked->ends) {
		/* In a failed transaction COMMIT succeeds, as a ROLLBACK. */
		trip->committed = strcmp(PQcmdStatus((PGresult *)(uintptr_t)result), "COMMIT") == 0;
		trip->failed = !trip->committed;
		return trip->committed ? ENGINE_OK : ENGINE_RETRY;
	}
	return asked->take ? asked->take(pg, result, asked->data) : ENGINE_OK;
}

/* Up to the Sync. The status of the first error, or else of the first pg_take. */
static enum engine_status receive(struct pg *pg, int64_t deadline)
{
	struct pg_trip *trip = &pg->trip;
	enum engine_status first = ENGINE_OK;
	size_t done = 0;
	bool had_result = true;

	for (;;) {
		PGresult *result;
		enum engine_status status;
		bool failed = trip->failed;

		if (!next_result(pg, deadline, &result) || (!result && !had_result))
			break;
		if (!result) {
			had_result = false;
			done++;
			continue;
		}
		had_result = true;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			return first;
		}
		status = take_result(pg,
			done < trip->count ? &trip->asked[done] : &(struct pg_asked){ 0 }, result);
		if (first == ENGINE_OK || (trip->failed && !failed))
			first = status;
		PQclear(result);
		if (PQstatus(pg->conn) == CONNECTION_BAD)
			break;
	}
	if (!trip->failed)
		pg_describe(pg, "PostgreSQL",
			PQstatus(pg->conn) == CONNECTION_BAD ? PQerrorMessage(pg->conn)
							     : "no answer in time");
	trip->failed = true;
	trip->lost = true;
	return ENGINE_AWAY;
}

static bool has_commit(const struct pg_trip *trip)
{
	for (size_t i = 0; i < trip->count; i++)
		if (trip->asked[i].ends)
			return true;
	return false;
}

enum engine_status pg_trip(struct pg *pg, int64_t wait_ms)
{
	struct pg_trip *trip = &pg->trip;
	enum engine_status status = trip->refused;
	bool may_commit = has_commit(trip);

	trip->failed = trip->lost = status != ENGINE_OK;
	trip->committed = trip->unsure = trip->warned = false;
	*trip->state = '\0';
	if (status == ENGINE_OK && trip->count > 0) {
		trip->lost = !PQpipelineSync(pg->conn);
		status = trip->lost ? ENGINE_AWAY : receive(pg, clock_mono_ms() + wait_ms);
	}
	if (trip->failed)
		pg_prepare_after_error(pg);
	trip->lost |= trip->failed && pg_cause_of(trip->state).drop;
	trip->failed |= trip->lost;
	if (trip->lost && pg->conn) {
		trip->unsure = may_commit;
		pg_lose_connection(pg);
	}
	trip->count = 0;
	trip->refused = ENGINE_OK;
	return status;
}
