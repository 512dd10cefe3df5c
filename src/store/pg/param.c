/* Binary forms: PostgreSQL's bytea_send, int8send and array_send. */
#include "store/pg/param.h"

#include <limits.h>
#include <stdlib.h>

#define OID_BYTEA  17
#define OID_BIGINT 20
/* Of an array: dimensions, flags, type; then number and lower bound of the one dimension. */
#define ARRAY_HEAD 20

static void write_number(uint8_t *out, uint64_t value, int size)
{
	for (int i = size - 1; i >= 0; i--, value >>= 8)
		out[i] = (uint8_t)value;
}

static void add(struct pg_params *params, const char *value, size_t len)
{
	params->values[params->count] = value;
	params->lengths[params->count++] = (int)len;
}

void pg_param_str(struct pg_params *params, struct str value)
{
	add(params, value.ptr ? value.ptr : "", value.len);
}

void pg_param_number(struct pg_params *params, uint64_t value)
{
	uint8_t *bytes = params->numbers[params->count];

	write_number(bytes, value, 8);
	add(params, (const char *)bytes, 8);
}

static void put_word(struct buf *buf, uint32_t word)
{
	uint8_t bytes[4];

	write_number(bytes, word, 4);
	buf_put(buf, bytes, sizeof(bytes));
}

void pg_array_begin(struct pg_array *array, bool numbers)
{
	buf_reset(&array->bytes);
	array->count = 0;
	put_word(&array->bytes, 1);
	put_word(&array->bytes, 0);
	put_word(&array->bytes, numbers ? OID_BIGINT : OID_BYTEA);
	put_word(&array->bytes, 0);
	put_word(&array->bytes, 1);
}

void pg_array_add(struct pg_array *array, struct str value)
{
	put_word(&array->bytes, (uint32_t)value.len);
	buf_put_str(&array->bytes, value);
	array->count++;
}

void pg_array_add_number(struct pg_array *array, uint64_t value)
{
	uint8_t bytes[8];

	write_number(bytes, value, 8);
	pg_array_add(array, (struct str){ (const char *)bytes, sizeof(bytes) });
}

/* The server takes no more than 1 GB in one parameter. */
bool pg_param_array(struct pg_params *params, struct pg_array *array)
{
	if (!buf_ok(&array->bytes) || array->bytes.len > INT_MAX / 2)
		return false;
	write_number((uint8_t *)array->bytes.data + ARRAY_HEAD - 8, array->count, 4);
	add(params, array->bytes.data, array->bytes.len);
	return true;
}

struct str pg_column(const PGresult *result, int row, int column)
{
	return (struct str){ PQgetvalue(result, row, column),
		(size_t)PQgetlength(result, row, column) };
}

uint64_t pg_number(const PGresult *result, int row, int column)
{
	struct str bytes = pg_column(result, row, column);
	uint64_t number = 0;

	for (size_t i = 0; bytes.len == 8 && i < 8; i++)
		number = number << 8 | (uint8_t)bytes.ptr[i];
	return number;
}
