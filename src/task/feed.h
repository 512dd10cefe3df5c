#pragma once
/*
 * The feed of a tenant: the entries of its journal in their order, as GET /v1/events sends them and
 * webhooks are told of them. It is gapless: an entry is in it only when all entries with lower
 * numbers are either in it or will never be (store/journal/feed.c). Pure.
 */
#include "base/id.h"
#include "task/journal.h"

#define FEED_PAGE_MAX 1000 /* events of one answer */
#define FEED_PAGE_BYTES \
	((size_t)1024 * 1024) /* of records; an answer ends with the event that has them */
#define FEED_SCAN_MAX	2000  /* entries that one operation reads */
#define FEED_VALUES_MAX 32    /* values of each member of a filter */

/*
 * Behind the entry of this number. Numbers are those of one epoch of the journal: it has another
 * one after it was emptied or restored from a backup. Clients see a place as an opaque text.
 */
struct feed_place {
	uint64_t epoch, number;
};

#define FEED_PLACE_SIZE 40 /* of the text, with its NUL */

void feed_place_format(const struct feed_place *place, char text[FEED_PLACE_SIZE]);
/* False, and *place unchanged, for any text that feed_place_format() does not write. */
bool feed_place_parse(struct feed_place *place, struct str text);

/*
 * What an event means to a client. Each entry has one type, the first that fits. The numbers are in
 * the records of webhooks: a new type gets the next one, and none changes.
 */
enum feed_type {
	FEED_NONE = 0,
	FEED_REMOVED = 1,
	FEED_SUCCEEDED = 2, /* the state has changed to this one; so with the next two */
	FEED_FAILED = 3,
	FEED_CANCELLED = 4,
	FEED_CREATED = 5,  /* and it has not ended at once */
	FEED_STARTED = 6,  /* the state has become running */
	FEED_REQUEUED = 7, /* the state is pending again: a retry, or an attempt that has ended */
	FEED_ARCHIVED = 8,
	FEED_READY = 9, /* a delay has ended */
	FEED_PROGRESS = 10,
	FEED_CHANGED = 11, /* anything else */
	FEED_TYPES
};

enum feed_type feed_type_of(const struct journal_entry *entry);
/* "task.succeeded". */
const char *feed_type_name(enum feed_type type);
/* FEED_NONE for an unknown name. */
enum feed_type feed_type_by_name(struct str name);

/* Which events: those that have one of the values of each member. Texts are borrowed. */
struct feed_filter {
	const uint8_t *dialects; /* codes */
	size_t dialect_count;	 /* 0: all; the same for the other counts */
	const struct str *kinds; /* an empty one: tasks without a kind */
	size_t kind_count;
	unsigned states; /* bits 1 << enum task_state: the state after the event; 0: all */
	unsigned types;	 /* bits 1 << enum feed_type; 0: all */
	const struct id *ids;
	size_t id_count;
};

bool feed_filter_matches(const struct feed_filter *filter, const struct journal_entry *entry);

enum feed_start {
	FEED_FROM_FIRST, /* the oldest entry that the journal has */
	/*
	 * What happens from now on: there are no events yet. Events that were committed a moment
	 * ago may come, too, while a transaction that is older than theirs is open.
	 */
	FEED_FROM_NOW,
	FEED_FROM_PLACE, /* behind op_feed.after */
};

/*
 * OP_FEED. ERR_GONE, with a sentence that says which: the journal does not have all entries behind
 * op_feed.after any more; the place is of another epoch; or no entry has its number yet.
 */
struct op_feed {
	enum feed_start start;
	struct feed_place after;
	struct feed_filter filter;
	unsigned limit;	 /* events, 1 to FEED_PAGE_MAX */
	bool with_tasks; /* each event also has its task, as it is now */
	bool is_stream;	 /* the response is a stream of events (SSE), without an end */
};

struct feed_event {
	struct journal_entry entry;
	const struct task *task; /* with_tasks: NULL if it does not exist any more */
};

/* A part of struct result. Entries and tasks borrow from it. */
struct feed_answer {
	struct feed_event *events;
	size_t count;
	struct feed_place next; /* behind all entries that were read: where to go on */
	bool more;		/* entries behind `next` can be read now */
	unsigned scanned;	/* entries that were read, with those that the filter left out */
};
