#pragma once
/*
 * A page of a list whose response is held back until its last row is encoded (route.holds_page):
 * its head has the route's links and a weak entity tag (RFC 9110 §8.8.1), made of the ids and
 * revisions of the rows, their total and the next cursor. GET and HEAD of a page that the client
 * has are answered with 304. A page of HELD_PAGE_MAX or more is sent in parts, without a tag,
 * unless its route has links: those pages have a limit of their own (list_query.limit_bytes).
 */
#include "serve/exchange.h"

#define HELD_PAGE_MAX ((size_t)1024 * 1024) /* bytes of the body */

/* Takes the row into the entity tag. Does nothing unless the page is held back. */
void held_page_add(struct exchange *exchange, const struct task *row);
/*
 * Completes the response after the last row, or ends holding it back when it is too large. Does
 * nothing for other lists and pages that have more rows. ERR_NO_MEMORY.
 */
bool held_page_check(struct exchange *exchange, struct err *err);
