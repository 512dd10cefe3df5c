#pragma once
/*
 * The engine on PostgreSQL, by libpq: processes of several machines share one server. Only the
 * files of this folder include <libpq-fe.h>.
 *
 *     schema.h       the tables, their creation and their version
 *     sql.h          every statement
 *     rows.h         rows that a round has read or will write
 *     engine.c       open, close, the ops
 *     connection.c   connects, with the settings of a session
 *     disconnect.c   gives a connection up
 *     release.c      frees what an engine has
 *     queue.c        statements that wait for a trip
 *     pipeline.c     trips: statements that are sent together, and their results
 *     waits.h        limits of waits
 *     errors.c       codes of the server as enum engine_status
 *     param.h        parameters of statements, results
 *     call.c         the trip of a call
 *     round.c        begin, commit, abort, flush
 *     resolve.c      whether a round was made whose COMMIT has no answer
 *     scopes.c       the scopes that a round has locked
 *     scope.c        locks, numbers and versions of scopes
 *     writes.c       sends what the buffers have
 *     expected.c     rows that a transaction will read
 *     prefetch.h     rows that later reads will ask for
 *     row.c          get, put, del
 *     range.c        scan, count, nth
 *     keys.c         keys that scans of the round have read
 *     each.c         all rows of a table
 *
 * Writes wait in memory until the flush: one trip sends all of a round, and COMMIT. Refusals are
 * decided by reads before, so there are no savepoints. An engine transaction that is undone drops
 * its writes; if a scan has sent them, the flush writes back what was there.
 *
 * While a round is open, transactions that read are part of the server's transaction and see the
 * writes of the round. A view is not of one moment then: between two of its calls it may see
 * commits of other hosts.
 *
 * An error of the server ends the server's transaction, and a lost connection too. Then the whole
 * round is lost: until the flush, or the end of an engine transaction that is the first of its
 * round, each call returns the status that was the cause.
 *
 * Waits have a limit and never cancel a statement: a COMMIT that is cancelled while it waits for a
 * standby succeeds on one machine only. The connection is given up instead.
 */
#include <libpq-fe.h>

#include "store/engine.h"
#include "store/pg/param.h"
#include "store/pg/prefetch.h"
#include "store/pg/rows.h"
#include "store/pg/sql.h"
#include "store/pg/waits.h"

#define PG_SCHEMA	"polytask"
#define PG_SCHEMA_SIZE	64
#define PG_PROCESS_SIZE 16
#define PG_PLACES	16
#define PG_SPILL	((size_t)4 << 20) /* bytes of writes that wait */

/* ---- queue.c ---- */

struct pg;

/*
 * Takes the result of a statement that succeeded. It may return a status of its own, which becomes
 * that of the trip; the server's transaction goes on.
 */
typedef enum engine_status pg_take(struct pg *pg, const PGresult *result, void *data);

struct pg_asked {
	pg_take *take;
	void *data;
	bool ends; /* it is COMMIT */
};

/* Statements that were queued, for one trip. */
struct pg_trip {
	struct pg_asked *asked;
	size_t count, capacity;
	enum engine_status refused; /* by memory or the connection, while it was queued */
	/* Of the last trip: */
	bool failed;	/* by the server or the connection: its transaction is lost */
	bool lost;	/* and so is the connection */
	bool committed; /* COMMIT's answer is COMMIT */
	bool unsure;	/* COMMIT was sent and has no answer */
	bool warned;	/* by a notice; of COMMIT: a standby may lack the transaction */
	char state[6];	/* SQLSTATE of the error; "" */
};

/*
 * Queues a statement, and before it its preparation if need be. table: of statements that exist for
 * each table, else TABLE_META.
 */
void pg_ask(struct pg *pg, enum pg_sql statement, enum engine_table table,
	const struct pg_params *params, pg_take *take, void *data);
/* Queues a text without parameters or a result. */
void pg_ask_text(struct pg *pg, const char *text);
/* Sets them for the statement that was queued last. */
void pg_then(struct pg *pg, pg_take *take, void *data);
/* The same with parameters. */
void pg_ask_params(struct pg *pg, const char *text, const struct pg_params *params);
/* Queues the preparation of a statement, unless the connection has it. For pg_ask(). */
void pg_prepare(struct pg *pg, enum pg_sql statement, enum engine_table table);
/* After a trip with an error. */
void pg_prepare_after_error(struct pg *pg);

/* ---- pipeline.c ---- */

/*
 * Sends what was queued and waits for all results: as one transaction if none is open. Drops a
 * connection that is broken or does not answer in time: ENGINE_AWAY.
 */
enum engine_status pg_trip(struct pg *pg, int64_t wait_ms);

/* ---- errors.c ---- */

struct pg_cause {
	enum engine_status status;
	bool drop; /* the connection is of no use any more */
};

struct pg_cause pg_cause_of(const char *state);
/* Sets engine.message; lines become one. */
void pg_describe(struct pg *pg, const char *what, const char *text);

/* ---- scope.c ---- */

/* A scope that the round has locked. */
struct pg_scope {
	char *name; /* owned */
	size_t len;
	struct engine_scope state; /* with the commits of the round */
	uint64_t taken;		   /* numbers that the current transaction has taken */
	bool locked;		   /* by the current transaction */
	bool changed;		   /* by commits of the round */
};

struct pg_scopes {
	struct pg_scope *list;
	size_t count, capacity;
	size_t locked; /* by the current transaction */
};

/* ---- the engine ---- */

enum pg_in { PG_IN_NOTHING, PG_IN_ROUND, PG_IN_VIEW };

/* Where a walk by each_key goes on. */
struct pg_place {
	uint64_t number; /* engine_place.next */
	struct buf key;	 /* the last one */
};

#define PG_EXPECTED_MAX ENGINE_EXPECTED_MAX

/* A row that the transaction will read. */
struct pg_expected {
	enum engine_table table;
	struct buf key;
};

#define PG_KEYS_KEPT 4
#define PG_KEYS_MAX  16

/* All keys that the server has from `from` (included) to `to` (excluded). */
struct pg_keys {
	bool used;
	enum engine_table table;
	struct buf from, to;
	struct engine_batch keys;
};

struct pg {
	struct engine engine;
	const char *url;
	char schema[PG_SCHEMA_SIZE];
	bool rounds, ephemeral;

	/* connection.c */
	PGconn *conn;	  /* NULL: none */
	int64_t retry_at; /* monotonic ms; before it no attempt is made */
	bool was_away;	  /* it was logged */
	bool opened;	  /* the first connection has succeeded: the secret is known */

	/* queue.c */
	uint8_t prepared[PG_STATEMENTS][SHARED_ENGINE_TABLES];

	struct pg_trip trip;

	/* round.c */
	enum pg_in in; /* the server's transaction */
	bool in_transaction;
	enum engine_access access;
	enum engine_status lost; /* ENGINE_OK: the round is not lost */
	uint64_t commits;	 /* of the round, with changes */
	bool changed;		 /* by the current transaction */
	bool held;		 /* hold_view */
	struct pg_rows rows;
	struct pg_scopes scopes;

	/* expected.c */
	struct pg_expected expected[PG_EXPECTED_MAX];
	size_t expected_count;

	struct pg_prefetch prefetch;

	/* keys.c */
	struct pg_keys kept[PG_KEYS_KEPT];
	size_t next_kept; /* grows */

	/* resolve.c */
	uint8_t process[PG_PROCESS_SIZE];
	uint64_t number; /* of the last round that was made */
	bool nameless;	 /* this process has no row yet, or may not use it any more */

	/* each.c */
	struct pg_place places[PG_PLACES];
	uint64_t last_place;
};

static inline struct pg *pg_of(struct engine *engine)
{
	return (struct pg *)engine;
}

/* The table has keys only. */
static inline bool pg_is_keys(enum engine_table table)
{
	return engine_tables[table].counted;
}

/* ---- connection.c ---- */

/*
 * Connects if there is no connection: ENGINE_AWAY, or ENGINE_FAILED if the schema is not the one
 * that this build needs.
 */
enum engine_status pg_connect(struct pg *pg);
/* The same without a look at the schema. */
enum engine_status pg_connect_bare(struct pg *pg);
/* Of PG_LAYOUT: checks the version and sets the secret. */
pg_take pg_take_layout;

/* ---- disconnect.c ---- */

void pg_disconnect(struct pg *pg);
/* The same, and logs it. */
void pg_lose_connection(struct pg *pg);
/* Whether the server has closed the connection meanwhile. */
bool pg_is_stale(struct pg *pg);

/* ---- round.c ---- */

enum engine_status pg_begin(struct engine *engine, enum engine_access access);
enum engine_status pg_commit(struct engine *engine);
enum engine_status pg_abort(struct engine *engine);
enum engine_status pg_flush(struct engine *engine);
enum engine_status pg_hold_view(struct engine *engine, bool hold);

/* ---- call.c ---- */

/*
 * Before the statements of a call: connects if no transaction is open and queues the BEGIN that the
 * call needs.
 */
enum engine_status pg_start(struct pg *pg);
/* The trip of a call. If it fails, the round or the view is lost. */
enum engine_status pg_run(struct pg *pg);
/* Drops all that the round has in memory. */
void pg_forget_round(struct pg *pg);
/* Ends the transaction of the server, if there is one. */
void pg_rollback(struct pg *pg);

/* ---- resolve.c ---- */

/* Draws the name of this process and makes its row. */
enum engine_status pg_introduce(struct pg *pg);
/* Queues the number of the round that is being flushed. */
void pg_ask_round(struct pg *pg);
/*
 * After a flush without an answer: ENGINE_OK if the round was made, ENGINE_RETRY if it was not and
 * never will be, ENGINE_UNKNOWN.
 */
enum engine_status pg_resolve(struct pg *pg);
/* Removes the row. */
void pg_take_leave(struct pg *pg);

/* ---- scopes.c ---- */

struct str pg_scope_name(const struct pg_scope *scope);
/* NULL: the round has not locked it. */
struct pg_scope *pg_scope_find(struct pg *pg, struct str name);
/* NULL without memory. */
struct pg_scope *pg_scope_add(struct pg *pg, struct str name, const struct engine_scope *state);
/* The end of an engine transaction. */
void pg_scopes_commit(struct pg *pg);
void pg_scopes_abort(struct pg *pg);
/* Queues the new versions and numbers. False without memory. */
bool pg_ask_scopes(struct pg *pg);
void pg_scopes_forget(struct pg *pg);
void pg_scopes_free(struct pg *pg);

/* ---- scope.c ---- */

enum engine_status pg_lock(struct engine *engine, struct str scope);
enum engine_status pg_take_numbers(
	struct engine *engine, struct str scope, uint64_t count, uint64_t *first);
enum engine_status pg_read_scope(
	struct engine *engine, struct str scope, struct engine_scope *state);

/* ---- writes.c ---- */

/* Queues the writes of a table that wait. False without memory. */
bool pg_ask_writes(struct pg *pg, enum engine_table table);
/* Those of all tables. */
bool pg_ask_all_writes(struct pg *pg);
/* Sends all writes if they take much memory. */
enum engine_status pg_spill(struct pg *pg);

/* ---- expected.c ---- */

void pg_expect(struct engine *engine, enum engine_table table, struct str key);
/* Queues the rows that are expected and not known. Call pg_expect_no_more() after the trip. */
void pg_ask_expected(struct pg *pg);
void pg_expect_no_more(struct pg *pg);
void pg_expected_free(struct pg *pg);

/* ---- keys.c ---- */

/* Empties a place for the keys of a scan, which the caller appends to `keys`. */
struct pg_keys *pg_keys_begin(struct pg *pg, enum engine_table table, struct str from);
/* These are the first `limit` keys of the range, or all if there are fewer. */
void pg_keys_end(struct pg_keys *kept, const struct engine_range *range, size_t limit);
/* As pg_scan, without the server. ENGINE_NOT_FOUND: the keys that were read do not suffice. */
enum engine_status pg_keys_scan(struct pg *pg, enum engine_table table,
	const struct engine_range *range, size_t limit, struct engine_batch *batch);
void pg_keys_forget(struct pg *pg, enum engine_table table);
void pg_keys_forget_all(struct pg *pg);
void pg_keys_free(struct pg *pg);
/* Appends a key; false without memory. */
bool pg_batch_add(struct engine_batch *batch, struct str key);

/* ---- schema.c ---- */

/* Creates the schema and its tables. */
enum engine_status pg_create(struct pg *pg, const struct id_secret *secret);
/* Gives the layout a version, if it has an older one. */
enum engine_status pg_raise_layout(struct pg *pg, uint64_t version);
/* Replaces the secret, unless there are tasks whose ids depend on it. */
enum engine_status pg_replace_secret(struct pg *pg, const struct id_secret *secret);
/* Removes it, with all rows. */
enum engine_status pg_drop(struct pg *pg);

/* ---- release.c ---- */

/* Closes the connection and frees all but the struct. */
void pg_release(struct pg *pg);

/* ---- schema.c ---- */

/* For a call without an engine; end it by pg_release. */
void pg_set_up(struct pg *pg, const char *url);
/* Returns false, with the error of what has failed last. */
bool pg_fail(const struct pg *pg, struct err *err);

/* ---- row.c, range.c, each.c ---- */

enum engine_status pg_get(struct engine *engine, enum engine_table table, struct str key,
	bool for_update, struct buf *out);
enum engine_status pg_put(struct engine *engine, enum engine_table table, struct str key,
	struct str value, enum engine_put how);
enum engine_status pg_del(struct engine *engine, enum engine_table table, struct str key);
enum engine_status pg_scan(struct engine *engine, enum engine_table table,
	const struct engine_range *range, bool reverse, size_t limit, struct engine_batch *batch);
enum engine_status pg_count(struct engine *engine, enum engine_table table,
	struct engine_range *range, uint64_t *count);
enum engine_status pg_count_parts(struct engine *engine, enum engine_table table,
	struct engine_range *range, const struct str *ends, size_t parts, uint64_t *counts);
enum engine_status pg_nth(struct engine *engine, enum engine_table table,
	const struct engine_range *range, uint64_t n, struct engine_batch *batch);
enum engine_status pg_each(struct engine *engine, enum engine_table table, bool keys_only,
	engine_take *take, void *data);
enum engine_status pg_each_key(struct engine *engine, enum engine_table table,
	struct engine_place *place, engine_take_key *take, void *data);
enum engine_status pg_clear(struct engine *engine, enum engine_table table);
