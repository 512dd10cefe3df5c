#pragma once
/*
 * Two engines on one store in PostgreSQL, as processes of two machines have them. Helpers end the
 * test when they fail. The connections have the names "a" and "b" (pg_stat_activity).
 */
#include "lib/check.h"
#include "store/engine.h"
#include "store/pg/pg_server.h"

struct hosts {
	struct engine *a; /* with rounds */
	struct engine *b; /* without */
	char *urls[2];
};

int hosts_setup(void **state);
int hosts_teardown(void **state);

#define HOSTS_TEST(function)                                           \
	{                                                              \
#function, function, hosts_setup, hosts_teardown, NULL \
	}

/* Opens an engine in the store; the status of the open. *engine may be a handle for close. */
enum engine_status hosts_open(struct engine **engine, const char *url, bool rounds);

void hosts_begin(struct engine *engine, enum engine_access access);
/* Begins to write and locks the scope. */
void hosts_begin_in(struct engine *engine, const char *scope);
void hosts_commit(struct engine *engine);
void hosts_flush(struct engine *engine);
void hosts_put(struct engine *engine, enum engine_table table, const char *key, const char *value);
/* One transaction that puts a row of the table meta. */
void hosts_write(struct engine *engine, const char *key, const char *value);
/* Compares a row of the table meta; NULL: it must be absent. In a transaction of its own. */
void hosts_expect(struct engine *engine, const char *key, const char *value);
/* The same in the current transaction. */
void hosts_expect_now(struct engine *engine, const char *key, const char *value);
/* Compares the keys of the index, one behind the other. In a transaction of its own. */
void hosts_expect_index(struct engine *engine, const char *keys);
void hosts_expect_index_now(struct engine *engine, const char *keys);

/* Prepares all statements on the engine's connection. Returns how many were not yet. */
unsigned hosts_prepare_all(struct engine *engine);

/* Waits until the connection waits for a lock. */
void hosts_await_lock(const char *application);

/* Runs the function in a child process; its result is that of hosts_result. */
pid_t hosts_fork(int (*work)(void *data), void *data);
int hosts_result(pid_t pid);
/* The same for a child that must succeed. */
void hosts_join(pid_t pid);
