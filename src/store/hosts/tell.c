#include "store/hosts/counters.h"
#include "store/hosts/parts.h"

#define KEPT_MAX (sizeof(((struct store_hosts *)NULL)->kept) / sizeof(uint64_t))

struct telling {
	struct str value;
	uint64_t host, number;
	uint64_t old; /* rows of this host up to this number are removed; 0: none */
	uint64_t oldest;
};

static int step_tell(struct store *store, void *data, struct err *err)
{
	const struct telling *telling = data;
	struct index_key key;
	int rc;

	(void)err;
	hosts_key(&key, telling->host, telling->number);
	rc = store_put(store, TABLE_HOSTS, key_str(&key), telling->value, ENGINE_REPLACE);
	for (uint64_t i = telling->oldest; rc == 0 && telling->old > 0 && i <= telling->old; i++) {
		hosts_key(&key, telling->host, i);
		rc = store_del(store, TABLE_HOSTS, key_str(&key));
		rc = rc == ENGINE_NOT_FOUND ? 0 : rc;
	}
	return rc;
}

/* Which rows this one may remove: those that are too old, and one if the ring is full. */
static void find_old(const struct store_hosts *hosts, int64_t now, struct telling *telling)
{
	for (size_t i = 0; i < hosts->kept_count; i++) {
		size_t at = (hosts->first + i) % KEPT_MAX;

		if (now - hosts->kept_ms[at] < HOSTS_KEEP_MS &&
			(i > 0 || hosts->kept_count < KEPT_MAX))
			break;
		if (i == 0)
			telling->oldest = hosts->kept[at];
		telling->old = hosts->kept[at];
	}
}

static void note_row(struct store_hosts *hosts, const struct telling *telling, int64_t now)
{
	size_t at;

	while (telling->old > 0 && hosts->kept_count > 0 &&
		hosts->kept[hosts->first] <= telling->old) {
		hosts->first = (hosts->first + 1) % KEPT_MAX;
		hosts->kept_count--;
	}
	at = (hosts->first + hosts->kept_count++) % KEPT_MAX;
	hosts->kept[at] = telling->number;
	hosts->kept_ms[at] = now;
	hosts->number = telling->number;
	hosts->told_ms = now;
}

bool hosts_tell(struct store *store, struct store_hosts *hosts, int64_t now, struct err *err)
{
	struct telling telling = { .host = hosts_self(store), .number = hosts->number + 1 };
	struct buf value = BUF_INIT;
	struct index_key scope;
	bool ok = true;

	counters_tell(store, hosts->told, &value);
	if (!buf_ok(&value)) {
		/* Not told, so it is told the next time. */
		memset(hosts->told, 0, COUNTERS * sizeof(hosts->told[0]));
		ok = err_no_memory(err);
	} else if (value.len > 0 || now - hosts->told_ms >= HOSTS_BEAT_MS) {
		telling.value = buf_str(&value);
		find_old(hosts, now, &telling);
		ok = step_call_write(
			     store, hosts_scope(&scope, telling.host), step_tell, &telling, err) &&
		     store_flush(store, err);
		if (ok)
			note_row(hosts, &telling, now);
		else
			memset(hosts->told, 0, COUNTERS * sizeof(hosts->told[0]));
	}
	buf_free(&value);
	return ok;
}
