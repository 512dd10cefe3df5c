#include "store/hosts/hosts.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/hosts/counters.h"
#include "store/hosts/parts.h"

/*
 * Rows of the keeper before this one, of the same host, may have higher numbers: a number that is
 * a time comes behind them.
 */
static bool begin(struct store *store, struct store_hosts *hosts, struct err *err)
{
	struct buf ignored = BUF_INIT;

	hosts->told = calloc(COUNTERS, sizeof(hosts->told[0]));
	if (!hosts->told)
		return err_no_memory(err);
	counters_tell(store, hosts->told, &ignored);
	buf_free(&ignored);
	hosts->number = (uint64_t)clock_wall_ms();
	return true;
}

bool store_hosts_poll(struct store *store, struct store_hosts *hosts, struct err *err)
{
	int64_t now = clock_mono_ms();

	if (!store_is_shared(store))
		return true;
	if (!hosts->told && !begin(store, hosts, err))
		return false;
	return hosts_tell(store, hosts, now, err) && hosts_hear(store, hosts, now, err);
}

void store_hosts_free(struct store_hosts *hosts)
{
	free(hosts->told);
	hosts->told = NULL;
}
