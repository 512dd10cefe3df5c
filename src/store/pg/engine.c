#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "store/pg/pg.h"

static void close_all(struct engine *engine)
{
	struct pg *pg = pg_of(engine);

	pg->was_away = true; /* what fails now is not logged */
	if (pg->conn && pg->in != PG_IN_NOTHING)
		pg_disconnect(pg);
	if (pg->conn && !pg->nameless && !pg->ephemeral)
		pg_take_leave(pg);
	if (pg->ephemeral && pg_connect_bare(pg) == ENGINE_OK)
		pg_drop(pg);
	pg_release(pg);
	free(pg);
}

static enum engine_status refuse(struct pg *pg, const char *text)
{
	pg_describe(pg, "PostgreSQL", text);
	pg->engine.fault = ENGINE_FAULT_REFUSED;
	return ENGINE_FAILED;
}

static enum engine_status create_ephemeral(struct pg *pg, const struct id_secret *given)
{
	uint8_t random[8];
	char digits[HEX_SIZE(sizeof(random))];
	enum engine_status status;
	struct id_secret secret;

	randombytes_buf(random, sizeof(random));
	hex_encode(digits, random, sizeof(random));
	snprintf(pg->schema, sizeof(pg->schema), "%s_%s", PG_SCHEMA, digits);
	if (given)
		secret = *given;
	else if (!id_secret_new(&secret))
		return refuse(pg, "the system provides no random bytes");
	status = pg_create(pg, &secret);
	pg->ephemeral = status == ENGINE_OK;
	pg_disconnect(pg);
	return status;
}

static enum engine_status open_all(struct engine **engine, const struct engine_options *options)
{
	struct pg *pg = calloc(1, sizeof(*pg));
	enum engine_status status = ENGINE_OK;

	*engine = pg ? &pg->engine : NULL;
	if (!pg)
		return ENGINE_NO_MEMORY;
	pg->engine.ops = &pg_engine_ops;
	pg->url = options->url;
	pg->rounds = options->rounds;
	pg->nameless = true;
	snprintf(pg->schema, sizeof(pg->schema), "%s", PG_SCHEMA);
	pg_rows_init(&pg->rows);
	if (options->mode == ENGINE_RESTORE || options->migrate)
		return refuse(pg, "a store in PostgreSQL is restored by its own tools");
	if (options->mode == ENGINE_EPHEMERAL)
		status = create_ephemeral(pg, options->secret);
	if (status == ENGINE_OK)
		status = pg_connect(pg);
	if (status == ENGINE_OK && options->secret)
		status = pg_replace_secret(pg, options->secret);
	pg->opened = status == ENGINE_OK;
	return status;
}

static enum engine_status position(struct engine *engine, struct store_position *position)
{
	(void)position;
	return refuse(pg_of(engine), "a store in PostgreSQL has no files of its own");
}

static enum engine_status checkpoint(struct engine *engine, bool trim, unsigned *removed)
{
	(void)engine, (void)trim;
	*removed = 0;
	return ENGINE_OK;
}

static const struct engine_chore no_chores[] = { { 0 } };

const struct engine_ops pg_engine_ops = {
	.open = open_all,
	.close = close_all,
	.shared = true,
	.begin = pg_begin,
	.commit = pg_commit,
	.abort = pg_abort,
	.flush = pg_flush,
	.lock = pg_lock,
	.take_numbers = pg_take_numbers,
	.read_scope = pg_read_scope,
	.hold_view = pg_hold_view,
	.expect = pg_expect,
	.get = pg_get,
	.prefetch = pg_prefetch,
	.get_prefetched = pg_get_prefetched,
	.put = pg_put,
	.del = pg_del,
	.scan = pg_scan,
	.count = pg_count,
	.count_parts = pg_count_parts,
	.nth = pg_nth,
	.each = pg_each,
	.each_key = pg_each_key,
	.clear = pg_clear,
	.checkpoint = checkpoint,
	.chores = no_chores,
	.position = position,
};
