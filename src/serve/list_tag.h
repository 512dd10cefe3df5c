#pragma once
/*
 * Weak entity tags of lists (RFC 9110 §8.8.3), and 304 without a look at the tasks: the tag is
 * known before the list begins, from the request and the counters of the records that the list
 * can show (store/lists.h). Lists by GET and HEAD have one, unless they depend on the present
 * time (list_query.by_time).
 */
#include "serve/exchange.h"

/*
 * Before the list of a decoded operation begins: makes its tag. Returns true if the client has the
 * list as it is now: then the response is complete. Does nothing for other operations.
 */
bool list_tag_answer(const struct app *app, struct exchange *exchange, const struct op *op);
/* app_options.body_hash: of the options that responses show. */
uint64_t list_tag_hash_options(const struct app_options *options, const char *timezone);
/* Adds the tag to the response of a list. */
void list_tag_add(struct exchange *exchange);
