#pragma once
/*
 * A store in files and one on the server of pg_server.h, of which one is copied to the other. The
 * target does not exist yet, or is what `store init` makes. Helpers end the test on failure.
 */
#include "feed_fixture.h"
#include "store/internal.h"

struct copy_pair {
	struct store_options from, to;
	char home[128], regions[128];
};

/* *state is the pair; tests are skipped without a server. */
int copy_setup_to_server(void **state);
int copy_setup_to_files(void **state);
int copy_teardown(void **state);

#define COPY_TEST(function, where, setup)                                  \
	{                                                                  \
#function ", " where, function, setup, copy_teardown, NULL \
	}
#define COPY_BOTH_WAYS(function)                                      \
	COPY_TEST(function, "files to server", copy_setup_to_server), \
		COPY_TEST(function, "server to files", copy_setup_to_files)

/*
 * Adds rows to all tables: tasks 1 to `tasks` of "acme" and one of "other", with ids of clients and
 * of the store, Idempotency-Keys, a webhook with deliveries, records of users, large ones too.
 */
void copy_fill(struct store *store, unsigned tasks);
/* The same for the source of the pair. */
void copy_fill_source(const struct copy_pair *pair, unsigned tasks);
/* Opens both and copies; returns false with the error. *report may be NULL. */
bool copy_try(const struct copy_pair *pair, void (*phase)(const char *name),
	const struct store_progress *progress, struct store_copy_report *report, struct err *err);
/* Copies, compares and verifies, as the command does. */
struct store_copy_report copy_whole(const struct copy_pair *pair);
/* Verifies a copy that was compared and removes the mark. */
void copy_finish(const struct copy_pair *pair);
/*
 * Copies in a process that, with dies, is killed at its second transaction. False: it was killed.
 */
bool copy_in_child(const struct copy_pair *pair, void (*phase)(const char *name), bool dies);
/* For phase: kills the process. */
void copy_die_before_comparison(const char *name);
/* Ends the test unless each row of the tables of one is in the other. */
void copy_expect_same(struct store *from, struct store *to);
/* The same for both stores of the pair, before the copy is opened as a store. */
void copy_expect_equal(const struct copy_pair *pair);
uint64_t copy_count_rows(struct store *store);
/* Puts a row into a table, or removes it (value ptr NULL), whatever it means. */
void copy_put(struct store *store, enum engine_table table, const char *key, struct str value);
