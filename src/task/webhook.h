#pragma once
/*
 * Webhooks: URLs of a tenant to which events of its tasks are sent. The journal is the outbox: each
 * event is in it by the transaction of its change. The notifier gathers the events that a webhook
 * wants into deliveries, which are rows of their own, and sends them until the receiver has
 * accepted them.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/optional_time.h"
#include "task/feed.h"

#define WEBHOOKS_MAX	       50 /* of a tenant */
#define WEBHOOK_NAME_MAX       100
#define WEBHOOK_URL_MAX	       2048
#define WEBHOOK_PAIRS_MAX      16 /* header fields; and query parameters */
#define WEBHOOK_PAIR_NAME_MAX  64
#define WEBHOOK_PAIR_VALUE_MAX 1024
#define WEBHOOK_SECRET_MIN     24 /* bytes, as the Standard Webhooks specification has it */
#define WEBHOOK_SECRET_MAX     64
#define WEBHOOK_PARALLEL_MAX   16
#define WEBHOOK_REASON_MAX     200
/* Pending deliveries of a webhook; events behind them stay in the journal meanwhile. */
#define WEBHOOK_PENDING_MAX 10000
/* Bytes of a delivery's body. A task that would make it larger is left out. */
#define WEBHOOK_BODY_MAX ((size_t)20 * 1024)

/* The numbers are in the records of webhooks: none changes. */
enum webhook_method { WEBHOOK_POST = 1, WEBHOOK_PUT = 2, WEBHOOK_GET = 3 };

struct webhook_pair {
	struct str name, value;
};

struct webhook {
	struct id id;
	struct str tenant;
	struct str name; /* for people; may be empty */
	struct str url;
	uint8_t format; /* code of the dialect whose format the body has (struct dialect.webhook) */
	enum webhook_method method;
	struct webhook_pair headers[WEBHOOK_PAIRS_MAX],
		query[WEBHOOK_PAIRS_MAX]; /* sent in addition */
	size_t header_count, query_count;
	struct feed_filter filter;
	struct str secret;     /* bytes; empty: the format is not signed */
	struct str old_secret; /* signs as well until old_secret_ends; empty: none */
	struct optional_time old_secret_ends;
	unsigned parallel; /* requests at the same time, 1 to WEBHOOK_PARALLEL_MAX */
	bool enabled;
	struct str reason; /* why the service has disabled it; else empty */
	int64_t created, updated;
	uint64_t revision;
	struct str created_by, updated_by;
};

/* What the notifier knows of a webhook; a row of its own, which it writes. */
struct webhook_state {
	struct feed_place place; /* the events up to it were gathered; the store's own form */
	uint64_t pending;	 /* deliveries */
	bool missed;		 /* events may have been lost before they were gathered */
	struct optional_time last_success, last_failure;
	struct optional_time failing_since; /* no delivery has succeeded since then */
	unsigned last_status;		    /* of HTTP; 0: none */
};

/* In the records of deliveries, too. */
enum delivery_state {
	DELIVERY_PENDING = 1,
	DELIVERY_DELIVERED = 2,
	DELIVERY_FAILED = 3, /* given up */
};

#define DELIVERY_ATTEMPTS_KEPT 12 /* the newest */
#define DELIVERY_ANSWER_MAX    256
#define DELIVERY_ERROR_MAX     160

struct delivery_attempt {
	int64_t at; /* ms since 1970 */
	uint32_t took_ms;
	unsigned status;   /* of HTTP; 0: there was no response */
	struct str error;  /* why there was none, or why it does not count; else empty */
	struct str answer; /* the first bytes of the response's body */
};

struct delivery {
	struct id webhook;
	uint64_t number; /* its own: those of a webhook grow, and none is used twice */
	enum delivery_state state;
	bool test;
	struct journal_entry entry; /* without its log; of a test: zero but for `at` */
	struct trace trace;	    /* of the task, if it existed when this was made */
	struct str body;	    /* JSON text: the same for each attempt */
	int64_t created;
	struct optional_time next, ended; /* next attempt; delivered or given up */
	unsigned attempts;		  /* since it was created or redelivered */
	struct delivery_attempt log[DELIVERY_ATTEMPTS_KEPT]; /* the oldest first */
	size_t log_count;
};

#define DELIVERY_ID_SIZE 64
/* The id of the message, the same for all attempts; without a dot. */
void delivery_id_format(const struct delivery *delivery, char text[DELIVERY_ID_SIZE]);
/* The number in such an id, or the number alone; false for any other text. */
bool delivery_id_parse(const struct id *webhook, struct str text, uint64_t *number);

/* ---- operations ---- */

#define WEBHOOK_PAGE_MAX      100 /* deliveries of one answer */
#define WEBHOOK_REDELIVER_MAX 100 /* deliveries of one request */
#define WEBHOOK_KEEP_MAX_MS   (7 * 86400000LL)

enum webhook_action {
	WEBHOOK_CREATE = 1, /* op.new_id. ERR_CONFLICT beyond WEBHOOKS_MAX of the tenant */
	WEBHOOK_LIST,	    /* all of the tenant, the oldest first */
	WEBHOOK_READ,	    /* op.id, as of all that follow */
	WEBHOOK_CHANGE,
	WEBHOOK_REMOVE,
	WEBHOOK_ROTATE,	    /* the secret becomes the old one, and there is a new one */
	WEBHOOK_TEST,	    /* adds a delivery of a test */
	WEBHOOK_DELIVERIES, /* a page of them, the newest first */
	WEBHOOK_DELIVERY,   /* one */
	/* Deliveries that have ended are pending again, with the same id, as if they were new. */
	WEBHOOK_REDELIVER,
	WEBHOOK_ACTIONS
};

struct op;

/*
 * OP_WEBHOOK. ERR_NOT_FOUND if there is no such webhook or delivery, ERR_PRECONDITION as for tasks,
 * ERR_CONFLICT if there is no room for another webhook or pending delivery.
 */
struct op_webhook {
	enum webhook_action action;
	/*
	 * CREATE and CHANGE: sets members of the webhook, which is a new one or as it is stored.
	 * Texts and arrays in op->arena. May refuse. Pure; may be called several times. ROTATE: the
	 * same, but only to refuse.
	 */
	bool (*change)(const struct op *op, struct webhook *webhook, struct err *err);
	const void *change_data;
	/*
	 * CHANGE that enables it: it goes on with the events that it was not told of meanwhile.
	 * Else it begins with those from now on.
	 */
	bool resumes;
	struct str secret; /* CREATE, ROTATE: the new one; empty: random bytes */
	int64_t keep_ms; /* ROTATE: how long the old one signs as well; at most WEBHOOK_KEEP_MAX_MS */
	void (*encode_test)(const struct webhook *webhook, int64_t at, struct buf *out); /* TEST */
	uint64_t delivery; /* DELIVERY: its number */
	unsigned states;   /* DELIVERIES, REDELIVER: bits 1 << enum delivery_state; 0: all */
	uint64_t before;   /* DELIVERIES: with lower numbers than this; 0: all */
	unsigned limit;	   /* DELIVERIES: 1 to WEBHOOK_PAGE_MAX */
	/* REDELIVER: at most WEBHOOK_REDELIVER_MAX; none: those that were created in the time. */
	const uint64_t *deliveries;
	size_t delivery_count;
	int64_t from;
	struct optional_time to; /* excluded */
	uint64_t after;		 /* with higher numbers than this */
};

/* A part of struct result. Texts and arrays are in the arena, which it owns. */
struct webhook_answer {
	struct arena arena;
	struct webhook *webhooks;     /* that of the operation, or all; of REMOVE, as it was */
	struct webhook_state *states; /* of each */
	size_t count;
	struct delivery *deliveries; /* DELIVERY, DELIVERIES, TEST */
	size_t delivery_count;
	/* DELIVERIES: op_webhook.before of those that follow; REDELIVER: op_webhook.after; 0: none */
	uint64_t next;
	unsigned redelivered; /* REDELIVER */
	bool more;	      /* REDELIVER: there may be more in the time, or there was no room */
};
