#pragma once
/*
 * Routing: from the request's path to a dialect, and from method and path to a row of its table.
 */
#include "serve/exchange.h"

/*
 * Sets exchange->dialect by the longest matching path prefix and *skip to the number of its
 * segments. If the request could not be parsed, uses the dialect that the web server chose by its
 * location, so that the error has the right format. NULL if no dialect matches.
 */
void routing_find_dialect(struct exchange *exchange, bool parsed, size_t *skip);
/*
 * Sets exchange->route. Returns true with a NULL route if the response is complete: OPTIONS, or
 * the redirect of a trailing slash. On 405 the response already has its Allow field.
 */
bool routing_find_route(struct exchange *exchange, size_t skip, struct err *err);
/*
 * Sets the prefix of links in the response: the option public_url, else scheme and Host of the
 * request. The prefix is empty if Host has characters that no host name has.
 */
bool routing_set_base_url(const struct app *app, struct request *request, struct err *err);
