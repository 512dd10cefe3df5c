#include "task/journal.h"

const char *journal_event_name(enum journal_event event)
{
	static const char *const names[JOURNAL_EVENTS] = {
		[JOURNAL_NONE] = "none",
		[JOURNAL_CREATED] = "created",
		[JOURNAL_CLAIMED] = "claimed",
		[JOURNAL_PROGRESS] = "progress",
		[JOURNAL_COMPLETED] = "completed",
		[JOURNAL_FAILED] = "failed",
		[JOURNAL_RELEASED] = "released",
		[JOURNAL_UNDONE] = "undone",
		[JOURNAL_EXPIRED] = "expired",
		[JOURNAL_READY] = "ready",
		[JOURNAL_CHANGED] = "changed",
		[JOURNAL_ARCHIVED] = "archived",
		[JOURNAL_TIMED_OUT] = "timed_out",
		[JOURNAL_RETRIED] = "retried",
		[JOURNAL_REMOVED] = "removed",
		[JOURNAL_IMPORTED] = "imported",
	};

	return event < JOURNAL_EVENTS ? names[event] : names[JOURNAL_NONE];
}
