#pragma once
/*
 * Whether the server of a shared store answers, for the status, the metrics and the probes of load
 * balancers. The keeper asks it for a row that does not exist, through the store, as a request
 * would: so it also finds a server that accepts connections and carries nothing out.
 */
#include "store/store.h"

#define SERVER_WATCH_MS 1000

/* Sets health->server_away_since: now, unless it is set, or 0. */
void server_watch_note(struct store_health *health, bool answers);
/*
 * Asks once and notes whether there is an answer. Waits for the server as long as the engine does.
 * ERR_PANIC; other errors are the answer that is looked for.
 */
bool server_watch_ask(struct store *store, struct store_health *health, struct err *err);
