#pragma once
/*
 * Shared by the tests of the store: index tables of two dialects, options, and operations that end
 * the test when they fail.
 */
#include "lib/check.h"
#include "store/auth_table.h"
#include "store/store.h"

enum { DIALECT_A = 1, DIALECT_B = 2 };
enum {
	BY_ALL = INDEX_BY_CREATED,
	BY_STATE = INDEX_BY_STATE,
	BY_UPDATED = INDEX_BY_UPDATED,
	BY_STATUS = INDEX_FIRST_OWN,
	BY_TYPE
};

extern const struct index_table fixture_indexes[];
/* The tables of stores that fixture_options opens; a program may set its own before its tests. */
extern const struct index_table *fixture_tables;

/* An ephemeral store of a few tasks. */
struct store *fixture_ephemeral(void);
/* Options for the folders name/home and name/regions under check_temp_dir(). */
struct store_options fixture_options(enum store_mode mode, const char *name);
/* Opens, or ends the test. */
struct store *fixture_open(const struct store_options *options);

/* An id made of a number. */
struct id fixture_id(unsigned number);
/* An operation of tenant "acme" and dialect A. */
struct op fixture_op(enum op_kind kind, unsigned number);
/* Creates task number with a status and, unless it is NULL, the JSON text of "type". */
void fixture_create(struct store *store, unsigned number, const char *status, const char *type);
/* A list with a filter, or with value NULL sorted by the field. */
struct op fixture_list(uint8_t field, const char *value);
/* Opens a list and carries out all of its slices. */
void fixture_open_list(struct store *store, const struct op *op, struct result *result);
/* The error of an operation, ERR_NONE on success; frees the result. */
enum err_code fixture_error(struct store *store, const struct op *op);
/*
 * Carries out a list, writes the numbers of its rows ("3 2 1") and returns the total, or UINT64_MAX
 * after an error.
 */
uint64_t fixture_rows(struct store *store, const struct op *op, char *text, size_t size);
/* Compares total and rows of a list. */
void fixture_expect_rows(
	struct store *store, const struct op *op, uint64_t total, const char *want);
/* Whether commits are durable after the next flush only: result.written of an operation. */
bool fixture_needs_flush(const struct store *store);
/* Ends the test unless tasks, index and usage agree and there are that many tasks. */
void fixture_verify(struct store *store, uint64_t tasks);

/* Writes a record of the service as it is, empty ones too. */
void fixture_auth_put(
	struct store *store, enum store_table table, struct str key, struct str value);

/* As while the disk is nearly full. */
void fixture_set_read_only(struct store *store, bool read_only);

/* Makes the count of a tenant's tasks wrong. */
void fixture_miscount(struct store *store, struct str tenant);

/* Setups of one test: *state is the store. */
int fixture_setup_ephemeral(void **state);
int fixture_setup_folder(void **state);
int fixture_setup_memory(void **state);
/* A store of its own on the server of pg_server.h; skips the test without one. */
int fixture_setup_postgresql(void **state);
int fixture_teardown(void **state);

#define FIXTURE_TEST(function, where, setup)                                  \
	{                                                                     \
#function ", " where, function, setup, fixture_teardown, NULL \
	}
/* Runs a test on Berkeley DB in memory and in files. */
#define ON_BDB(function)                                                          \
	FIXTURE_TEST(function, "Berkeley DB in memory", fixture_setup_ephemeral), \
		FIXTURE_TEST(function, "Berkeley DB in files", fixture_setup_folder)
#define ON_POSTGRESQL(function) FIXTURE_TEST(function, "PostgreSQL", fixture_setup_postgresql)
/* Runs it on engines of one machine: the test engine in memory (memory_engine.h) is one, too. */
#define ON_ONE_MACHINE(function) \
	ON_BDB(function), FIXTURE_TEST(function, "memory engine", fixture_setup_memory)
#define ON_EVERY_ENGINE(function) ON_ONE_MACHINE(function), ON_POSTGRESQL(function)
