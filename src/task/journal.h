#pragma once
/*
 * The journal: what happened to each task. Each entry names the one before it of the same task, so
 * the history of a task is read backwards from task.journal.
 */
#include "task/task.h"

/* The numbers are in entries on disk: never change one. */
enum journal_event {
	JOURNAL_NONE = 0,
	JOURNAL_CREATED = 1,
	JOURNAL_CLAIMED = 2,
	JOURNAL_PROGRESS = 3, /* a heartbeat that changed more than the lease, or had log lines */
	JOURNAL_COMPLETED = 4,
	JOURNAL_FAILED = 5,   /* an attempt has failed: by the worker's report */
	JOURNAL_RELEASED = 6, /* by the worker */
	JOURNAL_UNDONE = 7,   /* a claim: its worker did not get it, or did not confirm it */
	JOURNAL_EXPIRED = 8,  /* the worker stopped reporting: the attempt has failed */
	JOURNAL_READY = 9,    /* a delay has ended */
	JOURNAL_CHANGED = 10, /* by a client or an operator */
	JOURNAL_ARCHIVED = 11,
	JOURNAL_TIMED_OUT = 12, /* a timeout: the attempt or the task has failed */
	JOURNAL_RETRIED = 13,	/* a failed or cancelled task begins again */
	JOURNAL_REMOVED = 14,	/* by a client, by its age, or together with another task */
	JOURNAL_IMPORTED =
		15, /* by the operator, from an export: the task is new or was replaced */
	JOURNAL_EVENTS
};

struct journal_entry {
	uint64_t number; /* its own; set when it is read */
	uint64_t epoch;	 /* of the number; set by OP_FEED (struct feed_place) */
	struct id id;	 /* of the task, as the next three */
	uint8_t dialect; /* 0: unknown, in entries of older builds */
	uint64_t task_number;
	struct str kind;
	enum journal_event event;
	enum task_state from, to; /* from: TASK_STATE_NONE of a new task; to: of a removed one */
	int64_t at;		  /* ms since 1970 */
	uint64_t previous;	  /* number of the task's entry before; 0: none */
	uint64_t revision;	  /* of the task, after the event */
	uint32_t attempt;	  /* the one that the event belongs to; 0: none */
	struct str actor;	  /* user, or the service */
	struct str request;	  /* id of the request; empty: none */
	struct str worker;	  /* of events of an attempt; else empty */
	struct str status;	  /* in the dialect's words, after the event */
	struct str error; /* JSON text: of JOURNAL_FAILED, _EXPIRED, _TIMED_OUT; else empty */
	struct str log;	  /* JSON array of strings: lines that the worker has reported; or empty */
};

const char *journal_event_name(enum journal_event event);
