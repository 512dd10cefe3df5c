#include "store/hosts/counters.h"
#include "store/hosts/parts.h"

#define ROWS_MAX 64 /* of a host that are read at once */

struct hearing {
	struct store_hosts *hosts;
	struct store_host *host;
	struct buf values; /* of its new rows, one behind the other */
	size_t ends[ROWS_MAX];
	size_t count;
	uint64_t last;
	/* Of the search for hosts. */
	uint64_t found, from;
	uint64_t self;
};

/* ---- the rows of a host ---- */

static int step_read(struct store *store, void *data, struct err *err)
{
	struct hearing *hearing = data;
	struct engine_batch *batch = &store->batch;
	struct index_key from, to;
	struct engine_range range;
	int rc;

	(void)err;
	hearing->count = 0;
	buf_reset(&hearing->values);
	hosts_key(&from, hearing->host->id, hearing->host->number + 1);
	hosts_key(&to, hearing->host->id, UINT64_MAX);
	range = (struct engine_range){ .from = key_str(&from), .to = key_str(&to) };
	rc = store_scan(store, TABLE_HOSTS, &range, false, ROWS_MAX);
	for (size_t i = 0; rc == 0 && i < batch->count; i++) {
		uint64_t host;

		if (!hosts_parse_key(engine_batch_key(batch, i), &host, &hearing->last))
			continue;
		rc = store_get(
			store, TABLE_HOSTS, engine_batch_key(batch, i), false, &hearing->values);
		/* A row that was removed meanwhile is one of a host that was not heard for long. */
		rc = rc == ENGINE_NOT_FOUND ? 0 : rc;
		hearing->ends[hearing->count++] = hearing->values.len;
	}
	return rc;
}

/*
 * A host without news for so long may have ended before it told its last changes, or is cut off
 * from the server, and its rows may be removed before they are read.
 */
static void note_silence(struct store *store, struct hearing *hearing, int64_t now)
{
	struct store_host *host = hearing->host;

	if (hearing->count > 0) {
		host->silent = false;
		host->heard_ms = now;
		return;
	}
	if (host->silent || now - host->heard_ms < HOSTS_SILENT_MS)
		return;
	host->silent = true;
	counters_hear_all(store, hearing->hosts->told);
}

static bool hear_host(struct store *store, struct hearing *hearing, int64_t now, struct err *err)
{
	size_t start = 0;

	do {
		if (!step_call(store, ENGINE_READ, step_read, hearing, err))
			return false;
		for (size_t i = 0; i < hearing->count; i++) {
			counters_hear(store, hearing->hosts->told,
				(struct str){
					hearing->values.data + start, hearing->ends[i] - start });
			start = hearing->ends[i];
		}
		start = 0;
		if (hearing->count > 0)
			hearing->host->number = hearing->last;
		note_silence(store, hearing, now);
	} while (hearing->count == ROWS_MAX);
	return true;
}

/* ---- which hosts there are ---- */

static int step_find(struct store *store, void *data, struct err *err)
{
	struct hearing *hearing = data;
	struct index_key from;
	struct engine_range range = { 0 };
	uint64_t number;
	int rc;

	(void)err;
	hosts_key(&from, hearing->from, 0);
	range.from = key_str(&from);
	rc = store_scan(store, TABLE_HOSTS, &range, false, 1);
	hearing->found = 0;
	if (rc == 0 && store->batch.count > 0 &&
		!hosts_parse_key(engine_batch_key(&store->batch, 0), &hearing->found, &number))
		hearing->found = 0;
	return rc;
}

static bool is_known(const struct store_hosts *hosts, uint64_t id)
{
	for (size_t i = 0; i < hosts->count; i++) {
		if (hosts->others[i].id == id)
			return true;
	}
	return false;
}

/* The rows that a new host has written so far are not news for requests that begin now. */
static bool find_hosts(struct store *store, struct hearing *hearing, int64_t now, struct err *err)
{
	struct store_hosts *hosts = hearing->hosts;

	do {
		if (!step_call(store, ENGINE_READ, step_find, hearing, err))
			return false;
		if (hearing->found != 0 && hearing->found != hearing->self &&
			hosts->count < HOSTS_MAX && !is_known(hosts, hearing->found))
			hosts->others[hosts->count++] = (struct store_host){ .id = hearing->found,
				.heard_ms = now };
		hearing->from = hearing->found + 1;
	} while (hearing->found != 0 && hearing->from != 0);
	return true;
}

/* ---- a host that has ended ---- */

static int step_remove(struct store *store, void *data, struct err *err)
{
	struct hearing *hearing = data;
	struct index_key from, to;
	struct engine_range range;
	int rc;

	(void)err;
	hosts_key(&from, hearing->host->id, 0);
	hosts_key(&to, hearing->host->id + 1, 0);
	range = (struct engine_range){ .from = key_str(&from), .to = key_str(&to) };
	rc = store_scan(store, TABLE_HOSTS, &range, false, ROWS_MAX);
	hearing->count = store->batch.count;
	for (size_t i = 0; rc == 0 && i < hearing->count; i++) {
		rc = store_del(store, TABLE_HOSTS, engine_batch_key(&store->batch, i));
		rc = rc == ENGINE_NOT_FOUND ? 0 : rc;
	}
	return rc;
}

/* Its place is for another host. It is found again if it comes back. */
static bool forget(struct store *store, struct hearing *hearing, struct err *err)
{
	struct store_hosts *hosts = hearing->hosts;
	struct index_key key;
	struct str scope = hosts_scope(&key, hearing->host->id);

	do {
		if (!step_call_write(store, scope, step_remove, hearing, err))
			return false;
	} while (hearing->count == ROWS_MAX);
	*hearing->host = hosts->others[--hosts->count];
	return store_flush(store, err);
}

bool hosts_hear(struct store *store, struct store_hosts *hosts, int64_t now, struct err *err)
{
	struct hearing hearing = { .hosts = hosts, .self = hosts_self(store), .from = 1 };
	bool ok = true;

	if (hosts->found_ms == 0 || now - hosts->found_ms >= HOSTS_FIND_MS) {
		ok = find_hosts(store, &hearing, now, err);
		hosts->found_ms = now;
	}
	for (size_t i = hosts->count; ok && i > 0; i--) {
		hearing.host = &hosts->others[i - 1];
		ok = hear_host(store, &hearing, now, err);
		if (ok && now - hearing.host->heard_ms >= HOSTS_FORGET_MS)
			ok = forget(store, &hearing, err);
	}
	buf_free(&hearing.values);
	return ok;
}
