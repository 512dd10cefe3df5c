#pragma once
/* Events: the feed of a tenant (README.md, "Events"), and the history of a task. */
#include "dialect/native/native.h"

/* The parameter that says where a page begins. */
#define NATIVE_EVENT_PLACE "after"
/* request->selected_fields of GET /events: the events have their tasks. */
#define NATIVE_SELECT_TASK 1U

extern const char *const native_events_params[];
bool native_decode_events(struct request *request, struct op *op, struct err *err);
bool native_encode_events(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_event(
	const struct request *request, const struct feed_event *event, struct buf *out);

/*
 * The members that an event and an entry of a history have, without the braces. The state after the
 * event has the name `state`.
 */
void native_put_entry(const struct journal_entry *entry, const char *state, struct buf *out);
/* The members of an event, without the braces and its task. entry->epoch must be set. */
void native_put_event_members(const struct journal_entry *entry, struct buf *out);
