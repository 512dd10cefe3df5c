#pragma once
/* The feed of a tenant. Helpers end the test on failure. */
#include "journal_fixture.h"

/* An operation of "acme"; the query is borrowed. */
struct op feed_op(const struct op_feed *query);
/* Reads one page; the caller frees the result. */
struct result feed_read(struct store *store, const char *tenant, const struct op_feed *query);
/* The place of now. */
struct feed_place feed_now(struct store *store);
/*
 * Reads all events of "acme" from the place, page by page, and sets it to their end. Ends the test
 * unless they are these: "task number:name of the event", as "1:created 1:changed".
 */
void feed_expect(struct store *store, struct feed_place *place, const char *events);
/* The same from the oldest entry, for a tenant. */
void feed_expect_all(struct store *store, const char *tenant, const char *events);
/* The error of reading from a place of "acme". */
enum err_code feed_error(struct store *store, struct feed_place place);
/* Reading from a place of "acme" is ERR_GONE for this reason, and the oldest place is named. */
void feed_expect_gone(struct store *store, struct feed_place place, const char *reason);

#define FEED_OLD    "The events behind this place are not kept any more."
#define FEED_OTHER  "This place is not one of the present journal."
#define FEED_FUTURE "The journal has not reached this place yet."
