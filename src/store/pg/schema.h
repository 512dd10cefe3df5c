#pragma once
/*
 * The tables of a store in PostgreSQL: one schema, `polytask`, of the database that a URL names
 * (postgresql://user:password@host1,host2/database?name=value, or a text of names and values; see
 * "Connection Strings" in the manual of libpq). An engine never creates or changes it.
 *
 *     <engine table>  key, value: a row for each row; the index has keys only
 *     scope           version and number of each scope (store/engine.h)
 *     round           the last round of each process (resolve.c)
 *     layout          version of the schema, secret of ids
 *
 * Errors: ERR_CONFLICT with a text that names the remedy; ERR_INTERNAL with the cause if the server
 * cannot be reached or refuses. No text has a part of the URL but host, port, user and database.
 */
#include "base/err.h"

/*
 * The build can use a schema of any of these versions, and init makes one of the last. The first is
 * that of the build before, so that the hosts can be upgraded one after another, except if the
 * tables differ.
 */
#define PG_SCHEMA_OLDEST  1
#define PG_SCHEMA_VERSION 1

/* Creates it, with a new secret. Fails if it exists. */
bool pg_schema_init(const char *url, struct err *err);
/* Gives one of an older build this version, which the older build cannot use. */
bool pg_schema_upgrade(const char *url, struct err *err);
/*
 * Whether a store can be opened: the schema has this version and the server accepts changes. Fails,
 * too, if the server is set to lose commits in a crash of its machine.
 */
bool pg_schema_check(const char *url, struct err *err);
