#pragma once
/* Parameters of statements and columns of results, in binary form. */
#include <libpq-fe.h>

#include "base/buf.h"

#define PG_PARAMS_MAX 4

/* Parameters in binary form. The bytes are borrowed until the statement was sent. */
struct pg_params {
	int count;
	const char *values[PG_PARAMS_MAX];
	int lengths[PG_PARAMS_MAX];
	uint8_t numbers[PG_PARAMS_MAX][8];
};

/* An array of bytea or bigint as a parameter. Zero-initialise; free bytes. */
struct pg_array {
	struct buf bytes;
	uint32_t count;
	bool numbers;
};

void pg_param_str(struct pg_params *params, struct str value);
void pg_param_number(struct pg_params *params, uint64_t value);
/* False without memory. The array may grow no further. */
bool pg_param_array(struct pg_params *params, struct pg_array *array);
void pg_array_begin(struct pg_array *array, bool numbers);
void pg_array_add(struct pg_array *array, struct str value);
void pg_array_add_number(struct pg_array *array, uint64_t value);
/* A column of a row of a result. A number that does not have 8 bytes is 0. */
struct str pg_column(const PGresult *result, int row, int column);
uint64_t pg_number(const PGresult *result, int row, int column);
