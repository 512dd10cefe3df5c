#pragma once
/*
 * A PostgreSQL server of this test program, in a folder of its own in memory, on a unix socket. The
 * first call starts it, and it ends with the program, also if that is killed. It runs as an
 * ordinary user: a program of root's uses `postgres` or `nobody`.
 */
#include <stdbool.h>
#include <sys/types.h>

/* NULL without a server; pg_server_lack() says why. Valid until the program ends. */
const char *pg_server_url(void);
const char *pg_server_lack(void);
/* The same with a name under which pg_stat_activity shows the connection; the caller frees. */
char *pg_server_url_of(const char *application);

/* The folder of its socket. */
const char *pg_server_folder(void);

/* Ends it at once, without a checkpoint, and waits until it has ended. */
void pg_server_stop(void);
void pg_server_start(void);

/* Runs SQL as a superuser; copies the first value of the result. Ends the test if it fails. */
void pg_server_ask(const char *sql, char *value, size_t size);
void pg_server_do(const char *sql);
/*
 * Names of standbys that each COMMIT waits for from now on, although there are none; "": none, and
 * COMMITs that wait go on.
 */
void pg_server_set_standbys(const char *names);
/* Waits until the query returns true. */
void pg_server_await(const char *sql);
