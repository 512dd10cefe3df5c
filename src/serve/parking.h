#pragma once
/*
 * Parking: a request that found nothing gives back its exchange and libfcgi's buffers, keeps what
 * parked_request.h says, and waits without a turn. Its connection stays open: epoll tells when the
 * client leaves, and the connection is dropped then. A woken request waits for a turn of its
 * account, in which it is carried out again, until its time is over or the worker will exit; then
 * it gets the response that there is nothing. parked.h has the order.
 *
 * A parked request does not count among the requests of its principal, but has limits of its
 * own: of their number, and of their memory (principal_held_bytes, held_bytes). Beyond the limit
 * of all, the one that has waited longest gets its response early.
 */
#include "serve/connection.h"

/*
 * Ends the attempt of a turn. With WORK_PARKED it parks the request: the connection then has no
 * exchange. If it cannot be parked, it is answered. Returns false only with ERR_PANIC.
 */
bool parking_park(struct connection *conn, struct connection_shared *shared, struct err *err);
/*
 * At the turn of a woken request: makes its exchange again. Without memory, marks the connection as
 * closing and returns false.
 */
bool parking_resume(struct connection *conn, struct connection_shared *shared);
/* The exchange of the connection ends, or its client has left. Before turns_leave(). */
void parking_leave(struct connection *conn, struct connection_shared *shared);
/* Makes requests wait for their turn whose time is over, or which have to try again. */
void parking_wake(struct connection_shared *shared);
/* Before another request is parked, or becomes a stream: ends the oldest of those of which there
 * are more, if there are as many as may be. */
void parking_make_room(struct connection_shared *shared);
/* The worker will exit: ends the wait of all requests, and no request waits from now on. */
void parking_end(struct connection_shared *shared);
