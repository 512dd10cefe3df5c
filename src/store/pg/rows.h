#pragma once
/*
 * Rows that a round has read or will write, by table and key. The caller ends an engine transaction
 * by pg_rows_commit or pg_rows_abort, and the round by pg_rows_forget. Keys come from clients: the
 * hash has a random key.
 *
 * A row has up to four values. `server` is what the server's transaction has, as far as it is
 * known. `round` and `own` are writes that were not sent yet, of transactions that were committed
 * and of the current one. `undo` is what the round has to write if the current transaction, whose
 * write was sent, is undone.
 */
#include <sodium.h>

#include "store/engine.h"

enum pg_known {
	PG_UNKNOWN, /* of server: was not read; of others: no write */
	PG_ABSENT,  /* of others: the row is removed */
	PG_PRESENT, /* only of server: the value was not read, or is not kept */
	PG_VALUE,
};

struct pg_value {
	enum pg_known known;
	struct str bytes; /* of PG_VALUE; owned */
};

struct pg_row {
	enum engine_table table;
	bool touched; /* in rows.touched */
	uint64_t hash;
	struct pg_value server, round, own, undo;
	struct str key; /* in this allocation */
};

struct pg_rows {
	struct pg_row **slots; /* hash table; capacity is a power of two */
	size_t capacity;
	struct pg_row **list; /* of all; count of them */
	size_t count, list_capacity;
	struct pg_row **touched; /* by the current transaction */
	size_t touched_count, touched_capacity;
	size_t unsent[SHARED_ENGINE_TABLES]; /* rows with `round` or `own` */
	size_t unsent_bytes;
	uint8_t hash_key[crypto_shorthash_KEYBYTES];
};

void pg_rows_init(struct pg_rows *rows);
void pg_rows_free(struct pg_rows *rows);

/* NULL if there is none. */
struct pg_row *pg_rows_find(const struct pg_rows *rows, enum engine_table table, struct str key);
/* Finds or adds one; NULL without memory. */
struct pg_row *pg_rows_add(struct pg_rows *rows, enum engine_table table, struct str key);

/* The row as the current transaction sees it. */
static inline const struct pg_value *pg_row_value(const struct pg_row *row)
{
	if (row->own.known)
		return &row->own;
	return row->round.known ? &row->round : &row->server;
}

static inline bool pg_row_is_unsent(const struct pg_row *row)
{
	return row->own.known || row->round.known;
}

static inline bool pg_rows_are_unsent(const struct pg_rows *rows, enum engine_table table)
{
	return rows->unsent[table] > 0;
}

/* What was read. Copies the bytes of PG_VALUE; false without memory. */
bool pg_row_read(struct pg_row *row, enum pg_known known, struct str bytes);
/* A write of the current transaction: PG_VALUE, copied, or PG_ABSENT. False without memory. */
bool pg_row_write(struct pg_rows *rows, struct pg_row *row, enum pg_known known, struct str bytes);
/* Notes that the writes of a row were sent. can_undo: sets `undo`, if it was a write of its own. */
void pg_row_sent(struct pg_rows *rows, struct pg_row *row, bool can_undo);

void pg_rows_commit(struct pg_rows *rows);
void pg_rows_abort(struct pg_rows *rows);
/* Drops what was only read. */
void pg_rows_forget_reads(struct pg_rows *rows);
/* Drops what is not needed for a later write or an undo. */
void pg_rows_trim(struct pg_rows *rows);
/* Drops everything. */
void pg_rows_forget(struct pg_rows *rows);
