#pragma once
/*
 * What the hosts of a shared engine tell each other. A request that waits on one host must learn of
 * a change that another host makes, and the caches of workers without tasks and of webhooks must be
 * read again. So the keeper of each host writes a row, some twenty times a second, with the
 * counters of store_shared that processes of its host have raised. It reads the rows of other hosts
 * and raises the same counters here.
 *
 * This is a hint outside the transactions of the changes: it delays none of them. A host that ends
 * before it could tell its last changes is noticed because it is silent; then all counters are
 * raised once, so that every request that waits looks again.
 *
 * Rows of TABLE_HOSTS: host (8) · number (8), both big-endian -> counters (counters.h). A host
 * writes one at least each HOSTS_BEAT_MS, and removes its rows after HOSTS_KEEP_MS.
 *
 *     counters.c  finds the counters that were raised; encodes and decodes them
 *     key.c       the keys of rows
 *     tell.c      writes down this host's
 *     hear.c      reads those of the others
 *     hosts.c     both, one after the other
 *     silence.c   whether there are hosts, for a command that must be alone
 */
#include "store/store.h"

#define HOSTS_POLL_MS	50
#define HOSTS_BEAT_MS	1000
#define HOSTS_SILENT_MS 3000
#define HOSTS_KEEP_MS	10000
#define HOSTS_FORGET_MS 60000 /* the rows of a host that is silent for so long are removed */
#define HOSTS_FIND_MS	1000  /* until a new host is noticed */
#define HOSTS_MAX	64    /* beside this one */

/* Another host. */
struct store_host {
	uint64_t id, number; /* of its last row that was read */
	int64_t heard_ms;    /* monotonic: when it had a new row */
	bool silent;
};

/* Of the keeper; zero-initialise, store_hosts_free(). */
struct store_hosts {
	uint64_t *told;	 /* the counters as others know them; NULL: not begun */
	uint64_t number; /* of the last row that was written */
	int64_t told_ms, found_ms;
	struct store_host others[HOSTS_MAX];
	size_t count;
	uint64_t kept[HOSTS_KEEP_MS / HOSTS_POLL_MS + 1]; /* numbers of rows, a ring */
	int64_t kept_ms[HOSTS_KEEP_MS / HOSTS_POLL_MS + 1];
	size_t first, kept_count;
};

/* One exchange with the others. Does nothing with an engine of one machine. */
bool store_hosts_poll(struct store *store, struct store_hosts *hosts, struct err *err);
void store_hosts_free(struct store_hosts *hosts);

/* The rows of all hosts at a moment: each host that runs changes them within a second. */
struct store_hosts_rows {
	uint64_t count, sum;
};

/* Counts the rows of all hosts; finds none if the engine is not shared. */
bool store_hosts_look(struct store *store, struct store_hosts_rows *rows, struct err *err);
/* The same for the first time: ERR_BUSY if a host runs. Waits for HOSTS_SILENT_MS, if need be. */
bool store_hosts_await_silence(struct store *store, struct store_hosts_rows *rows, struct err *err);
bool store_hosts_are_same(const struct store_hosts_rows *a, const struct store_hosts_rows *b);
