#include "store/stats/moment.h"

#include "base/clock.h"

/* Limits on the tries to count at one moment, the same as for the first rows of a list. */
#define EXACT_TRIES 200
#define EXACT_US    20000

/*
 * The counts are of one moment if no commit of the tenant was under way before the first one, and
 * none has started since (list/batch.c).
 */
int moment_begin(struct moment *moment, struct store *store, struct str tenant)
{
	struct commit_counts commits;
	int64_t now = clock_mono_us();
	int rc = store_read_commits(store, tenant, &commits);

	if (rc != 0)
		return rc;
	if (moment->until_us == 0)
		moment->until_us = now + EXACT_US;
	moment->exact = moment->tries++ < EXACT_TRIES && now < moment->until_us;
	if (moment->exact && commits.started != commits.done)
		return STEP_RETRY;
	moment->started = commits.started;
	return 0;
}

bool moment_is_disturbed(const struct moment *moment, struct store *store, struct str tenant)
{
	return moment->exact && store_has_committed(store, tenant, moment->started);
}

bool stats_wants_dialect(
	const struct store *store, uint8_t dialect, const uint8_t *codes, size_t count)
{
	return index_field_by_code(store->indexes, dialect, INDEX_BY_WORK) &&
	       (count == 0 || memchr(codes, dialect, count));
}

uint8_t stats_next_dialect(
	const struct store *store, uint8_t after, const uint8_t *codes, size_t count)
{
	uint8_t next = 0;

	for (const struct index_table *table = store->indexes; table->fields; table++) {
		if (table->dialect > after && (next == 0 || table->dialect < next) &&
			stats_wants_dialect(store, table->dialect, codes, count))
			next = table->dialect;
	}
	return next;
}
