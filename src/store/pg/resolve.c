/*
 * Each round writes its number to the row of its process in the table `round`: number, whose check
 * demands that it goes up by one, and made. When COMMIT has no answer, another connection raises
 * number alone, and reads made:
 *
 *   - While the lost connection still works on the round, the row is locked and the update waits.
 *   - If the server only finds the round's statements later, in a buffer, its own update violates
 *     the check, and the round fails.
 *
 * The update is a commit of its own that comes after the round in the log: where commits wait for
 * standbys, its success means that they have the round, too.
 */
#include <sodium.h>
#include <time.h>

#include "base/clock.h"
#include "store/pg/pg.h"

static void set_params(struct pg *pg, struct pg_params *params)
{
	pg_param_str(params, (struct str){ (const char *)pg->process, sizeof(pg->process) });
}

enum engine_status pg_introduce(struct pg *pg)
{
	struct pg_params params = { 0 };
	enum engine_status status;

	randombytes_buf(pg->process, sizeof(pg->process));
	pg->number = 0;
	set_params(pg, &params);
	pg_ask(pg, PG_OLD_PROCESSES, TABLE_META, NULL, NULL, NULL);
	pg_ask(pg, PG_NEW_PROCESS, TABLE_META, &params, NULL, NULL);
	status = pg_trip(pg, pg_waits.answer);
	pg->nameless = status != ENGINE_OK;
	return status;
}

static enum engine_status take_update(struct pg *pg, const PGresult *result, void *data)
{
	(void)data;
	pg->nameless = strcmp(PQcmdTuples((PGresult *)(uintptr_t)result), "1") != 0;
	return ENGINE_OK;
}

void pg_ask_round(struct pg *pg)
{
	struct pg_params params = { 0 };

	set_params(pg, &params);
	pg_param_number(&params, pg->number + 1);
	pg_ask(pg, PG_NEXT_ROUND, TABLE_META, &params, take_update, NULL);
}

struct found {
	uint64_t number, made;
	bool row;
};

static enum engine_status take_numbers(struct pg *pg, const PGresult *result, void *data)
{
	struct found *found = data;

	(void)pg;
	found->row = PQntuples(result) == 1;
	if (found->row)
		*found = (struct found){ pg_number(result, 0, 0), pg_number(result, 0, 1), true };
	return ENGINE_OK;
}

/* Returns false if nothing was found out. */
static bool ask_numbers(struct pg *pg, int64_t until, struct found *found)
{
	struct pg_params params = { 0 };
	int64_t left;

	if (pg_connect(pg) != ENGINE_OK)
		return false;
	left = until - clock_mono_ms();
	set_params(pg, &params);
	pg_ask(pg, PG_RESOLVE_ROUND, TABLE_META, &params, take_numbers, found);
	return pg_trip(pg, left > 1 ? left : 1) == ENGINE_OK && !pg->trip.warned;
}

static void pause_until(int64_t until)
{
	int64_t left = until - clock_mono_ms();
	struct timespec time = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };

	if (left > 0)
		nanosleep(&time, NULL);
}

enum engine_status pg_resolve(struct pg *pg)
{
	char cause[ENGINE_MESSAGE_SIZE];
	int64_t until = clock_mono_ms() + pg_waits.resolve;
	uint64_t round = pg->number + 1;
	struct found found = { 0 };
	bool known = false;

	memcpy(cause, pg->engine.message, sizeof(cause));
	pg->in = PG_IN_NOTHING;
	while (!known && clock_mono_ms() < until) {
		known = ask_numbers(pg, until, &found);
		if (!known)
			pause_until(pg->retry_at < until ? pg->retry_at : until);
	}
	memcpy(pg->engine.message, cause, sizeof(cause));
	if (known && found.row) {
		pg->number = found.number;
		return found.made == round ? ENGINE_OK : ENGINE_RETRY;
	}
	/* The round may still be made: the next one gets another row. */
	pg->nameless = true;
	return ENGINE_UNKNOWN;
}

void pg_take_leave(struct pg *pg)
{
	struct pg_params params = { 0 };

	set_params(pg, &params);
	pg_ask(pg, PG_END_PROCESS, TABLE_META, &params, NULL, NULL);
	pg_trip(pg, pg_waits.leave);
}
