#pragma once
/*
 * Request in, answer out: the whole path on one page (README, "The life of a request"). No
 * descriptor is touched here, and no protocol: the worker reads requests and sends what it is
 * given.
 */
#include "auth/authorize.h"
#include "base/limit.h"
#include "dialect/dialect.h"
#include "http/request.h"
#include "http/response.h"
#include "store/store.h"

struct app {
	struct store *store;
	struct limit *limit; /* shared by all workers; NULL: nothing is limited */
	struct auth_clock_skew rules;
	struct limit_rule principal_limit; /* requests of one user */
	uint64_t login_burst;		   /* failed logins at once; 0: no limit */
	/* By dialect: tasks that a tenant may create in a day, UTC; 0: any number. */
	uint64_t creates_per_day[UINT8_MAX + 1];
	size_t body_limit;
	const char *public_url; /* links begin with it; "": with what the request was sent to */
	const struct tz *tz;	/* NULL: UTC */
	uint64_t suppressed;	/* lines kept back since the last one (app_log) */
};

/* What an exchange comes to in the log (polytaskd.8 has the table). */
enum app_event {
	EVENT_REQUEST,
	EVENT_AUTHORIZED, /* by the authorizer: no line of its own, the request's follows */
	EVENT_DENIED,
	EVENT_LOGIN,
	EVENT_FORBIDDEN,
	EVENT_LIMITED,
	APP_EVENTS
};

/*
 * One exchange. Zero-initialise, app_reset before the first request and after each: the memory is
 * kept for the next one. app_free at the end.
 */
struct exchange {
	struct arena arena;
	struct request request;
	struct response response;
	struct result result; /* what the answer, and a list's rows, borrow from */
	const struct route *route;
	const struct dialect *dialect;
	bool streaming; /* a list with rows still to come: app_stream_rows */
	int64_t began_us;
	enum app_event event;
	struct auth_log_entry note;
};

void app_reset(struct exchange *exchange);
void app_free(struct exchange *exchange);

/*
 * Answers the request that the caller has read into exchange->request. What changed something has
 * response.after_flush set. False only with ERR_PANIC: the process must leave, nothing may be sent.
 */
bool app_handle(struct app *app, struct exchange *exchange, struct err *err);
/* Replaces whatever the answer was by a refusal in the dialect's shape. */
void app_set_error(struct exchange *exchange, const struct err *err);
/*
 * Appends rows of a streamed list to response.body until it holds `enough` bytes or the list has
 * ended (streaming is then false). An error in the middle of a list cannot be told to the client
 * any more: the caller breaks the connection.
 */
bool app_stream_rows(struct exchange *exchange, size_t enough, struct err *err);
/*
 * Writes the one log line of the exchange (app_log.c); `line` is scratch memory, `sent` the size of
 * the body. What one address is refused is said a limited number of times; the next line says how
 * many were not.
 */
void app_log(struct app *app, const struct exchange *exchange, struct buf *line, uint64_t sent);
