#pragma once
/*
 * Webhooks and their deliveries in the store. Private to the store; others use outbox.h and
 * OP_WEBHOOK.
 *
 *     record.c     the bytes of a webhook; delivery_record.c those of rows of the outbox
 *     rows.c       the rows of both tables
 *     each.c       all webhooks
 *     gather.c     from the journal to deliveries
 *     pending.c    what the notifier has to send
 *     settle.c     attempts; the service disables a webhook
 *     operation.c  OP_WEBHOOK; deliveries.c those about deliveries
 *     import.c     a webhook of an export
 *     trim.c       removes ended deliveries and those of removed webhooks; what the journal keeps
 *     damage.c     a damaged outbox is emptied
 *
 * TABLE_WEBHOOKS has tenant NUL id -> webhook. TABLE_OUTBOX, of each webhook, numbers big-endian:
 *
 *     S webhook                       its row (struct outbox)
 *     D webhook number (8)            a delivery
 *     P webhook number (8)            empty: the delivery is pending
 *     E webhook ended (8) number (8)  empty: it has ended at that time
 *     R webhook                       empty: the webhook was removed, its rows have to be
 *
 * A transaction that writes rows of a webhook in the outbox locks its row S first; if it needs the
 * row in TABLE_WEBHOOKS as well, it locks that one before. The outbox is not exported, and emptied
 * if it is damaged: then each webhook begins with the events from then on, and has missed some.
 */
#include "store/internal.h"
#include "store/webhooks/outbox.h"

#define WEBHOOKS_ALL_MAX	  10000			/* of all tenants */
#define WEBHOOK_PENDING_BYTES_MAX (16ULL * 1024 * 1024) /* of bodies, of a webhook */
#define WEBHOOK_ENDED_MAX	  1000			/* deliveries that are kept, of a webhook */
#define WEBHOOK_ENDED_MS	  (7 * 86400000LL)	/* how long they are kept */

struct outbox {
	struct webhook_state state;
	uint64_t next;		/* number of the next delivery */
	uint64_t pending_bytes; /* of the bodies of pending ones */
	uint64_t ended;		/* deliveries that have ended */
	int64_t warned;		/* when it was logged last that events were missed */
	int64_t placed;		/* when the place was written by gather.c */
};

/* ---- record.c, delivery_record.c ---- */

/* Appends the webhook without its tenant and id. */
void webhook_encode(const struct webhook *webhook, struct buf *out);
/* Texts borrow from the bytes, arrays are in the arena. False: no webhook, or no memory. */
bool webhook_decode(struct webhook *webhook, struct str bytes, struct arena *arena);
/* *equal: both have the same record. False without memory. */
bool webhook_is_equal(const struct webhook *a, const struct webhook *b, bool *equal);
/* Appends the delivery without webhook and number. */
void delivery_encode(const struct delivery *delivery, struct buf *out);
bool delivery_decode(struct delivery *delivery, struct str bytes);
/* Copies the texts into the arena, with or without the body. False without memory. */
bool delivery_copy(struct delivery *delivery, bool with_body, struct arena *arena);
void outbox_encode_row(const struct outbox *outbox, struct buf *out);
bool outbox_decode_row(struct outbox *outbox, struct str bytes);

/* ---- rows.c; within a step ---- */

enum outbox_kind {
	OUTBOX_STATE = 'S',
	OUTBOX_DELIVERY = 'D',
	OUTBOX_PENDING = 'P',
	OUTBOX_ENDED = 'E',
	OUTBOX_REMOVED = 'R',
};

/* The key of a row, or the beginning of it: what is not given is left out. */
void outbox_key(struct index_key *key, enum outbox_kind kind, const struct id *webhook);
void outbox_put_number(struct index_key *key, uint64_t number);
/* The last 8 bytes of a key. */
uint64_t outbox_number(struct str key);
/* The webhook of a key; false if it has another length than keys of that kind have. */
bool outbox_parse(struct str key, struct id *webhook);

void webhook_key(struct index_key *key, struct str tenant, const struct id *id);
/* The parts of such a key; tenant borrows from it. */
bool webhook_parse_key(struct str key, struct str *tenant, struct id *id);
/* Reads a webhook into the arena; tenant is borrowed. An unreadable one is ENGINE_DAMAGED. */
int webhook_get(struct store *store, struct str tenant, const struct id *id, bool for_update,
	struct arena *arena, struct webhook *webhook);
int webhook_put(struct store *store, const struct webhook *webhook, enum engine_put how);

/* Reads the row S. *found false: it was lost; *outbox is unchanged. */
int outbox_get(struct store *store, const struct id *webhook, bool for_update,
	struct outbox *outbox, bool *found);
int outbox_put(struct store *store, const struct id *webhook, const struct outbox *outbox);
/* In place of one that was lost: events were missed, and it goes on with those from now on. */
struct outbox outbox_begin(const struct feed_place *now);
/* Reads and locks the row; outbox_begin() if it was lost. */
int outbox_lock(struct store *store, const struct id *webhook, const struct feed_place *now,
	struct outbox *outbox);
/*
 * The number of the next delivery: the time in microseconds, or one more than the last one. So the
 * numbers of an outbox that was emptied or restored go on, and tell when the delivery was made.
 */
uint64_t outbox_next_number(struct outbox *outbox, int64_t now);

/*
 * Reads keys of the outbox into a batch, which the caller frees also after an error: other calls
 * use the store's own.
 */
int outbox_scan(struct store *store, const struct index_key *from, const struct index_key *to,
	bool reverse, size_t limit, struct engine_batch *batch);

/* Appends the record of a delivery, which borrows from it. An unreadable one does not exist. */
int delivery_get(struct store *store, const struct id *webhook, uint64_t number, bool for_update,
	struct buf *record, struct delivery *delivery);
/* Writes it and counts it in the outbox; before: as it was, NULL: it is new. */
int delivery_save(struct store *store, struct outbox *outbox, const struct delivery *before,
	const struct delivery *delivery);
/* Removes one that has ended at that time. */
int delivery_remove_ended(struct store *store, struct outbox *outbox, const struct id *webhook,
	int64_t ended, uint64_t number);
/* Whether there is room for one more pending delivery. */
bool outbox_has_room(const struct outbox *outbox, size_t body);

/* ---- each.c ---- */

/* The keys of all webhooks, or of those of a tenant (ptr NULL: all), one behind the other. */
struct webhook_keys {
	struct buf bytes;
	size_t count; /* found */
	size_t all;   /* of all tenants */
};

/* Within a step with ENGINE_VIEW or ENGINE_READ. */
int webhook_read_keys(struct store *store, struct str tenant, struct webhook_keys *keys);
/* Takes the next key off the list; false at its end. */
bool webhook_next_key(struct str *list, struct str *tenant, struct id *id);

/* ---- gather.c ---- */

/* The place of now (FEED_FROM_NOW), as it is kept (journal_place_to_keep). Not within a step. */
bool webhook_find_now(
	struct store *store, struct str tenant, struct feed_place *now, struct err *err);

/* ---- operations ---- */

/* OP_WEBHOOK. */
bool webhook_apply(
	struct store *store, const struct op *op, struct result *result, struct err *err);
/* DELIVERIES and DELIVERY, of a webhook that exists; within a step. */
int webhook_read_deliveries(
	struct store *store, const struct op *op, struct webhook_answer *answer, struct err *err);
/* TEST and REDELIVER: the first webhook of the answer. */
int webhook_add_deliveries(struct store *store, const struct op *op, const struct feed_place *now,
	struct webhook_answer *answer, struct err *err);
void webhook_answer_free(struct webhook_answer *answer);
size_t webhook_answer_memory(const struct webhook_answer *answer);

/* ERR_CONFLICT if there is no room for another webhook of the tenant. */
bool webhook_check_count(const struct webhook_keys *keys, struct err *err);

/* ---- import.c ---- */

/*
 * Writes a row of TABLE_WEBHOOKS that was checked. A new webhook begins with the events behind the
 * last flush; one that is stored goes on where it is, with a higher revision unless it is equal.
 * ERR_CONFLICT as for a creation; ERR_BUSY if a webhook with this id
 * was removed a moment ago.
 */
bool webhook_import(struct store *store, struct str key, struct str value, struct err *err);

/* ---- trim.c, damage.c ---- */

/* The first entry of the journal that enabled webhooks of the tenant still need; 0: none. */
bool webhook_needed_of(struct store *store, struct str tenant, uint64_t *number, struct err *err);

/* Chores. steady: nothing is removed by its age while it is false (store_clock_is_steady). */
bool outbox_trim(struct store *store, bool low_space, bool steady, bool *more, struct err *err);
bool outbox_mark_for_emptying(struct store *store, struct err *err);
/* Alone: empties a damaged outbox. */
bool outbox_open(struct store *store, struct err *err);
