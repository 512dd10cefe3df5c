#pragma once
/*
 * Internal to src/admin, and the form in which ctl/event_follow.h gets the events: with --follow,
 * the output of one call is a line "next PLACE" or, if more events can be read now, "more PLACE",
 * and then a line for each event; or the line "gone TEXT" if the events behind the place are not
 * kept any more.
 */
#include "admin/admin.h"

/* The names of the columns, with tabs between them. */
extern const char admin_event_header[];

admin_run_fn admin_events;
