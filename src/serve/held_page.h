#pragma once
/*
 * A page of a list whose response is held back until its last row is encoded, because its head has
 * links that depend on it (route.encode_links). Such pages have a limit of their own
 * (list_query.limit_bytes).
 */
#include "serve/exchange.h"

/*
 * Completes the response after the last row. Does nothing for other lists, and before it.
 * ERR_NO_MEMORY.
 */
bool held_page_check(struct exchange *exchange, struct err *err);
