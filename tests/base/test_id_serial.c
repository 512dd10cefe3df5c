#include <stdio.h>
#include <stdlib.h>

#include "base/id_serial.h"
#include "lib/check.h"

#define WALL   1800000000000
#define SERIAL 0x12345678

static const struct id_secret secret = { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } };

static struct id new_id(int64_t wall, uint32_t serial)
{
	struct id id;

	assert_true(id_new_serial(&id, wall, &secret, serial));
	return id;
}

/* Computed by an independent SipHash-2-4. Ids on disk depend on them. */
static void scrambling_has_these_values(void **state)
{
	static const struct {
		uint32_t serial, scrambled;
	} rows[] = {
		{ 0x00000000, 0x900BC362 },
		{ 0x00000001, 0xF4835CDC },
		{ 0x00000002, 0xCE9226F1 },
		{ 0x0000FFFF, 0x4295F2AB },
		{ 0x00010000, 0xBB3BED9C },
		{ 0x12345678, 0x301881EA },
		{ 0xFFFFFFFF, 0xDD85BB5D },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(id_scramble(&secret, rows[i].serial), rows[i].scrambled);
		assert_int_equal(id_unscramble(&secret, rows[i].scrambled), rows[i].serial);
	}
}

static int compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void scrambling_is_a_bijection(void **state)
{
	enum { COUNT = 200000 };
	uint32_t *values = calloc(COUNT, sizeof(*values));

	(void)state;
	assert_non_null(values);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t serial = i * 40503; /* spread over all 32 bits */

		values[i] = id_scramble(&secret, serial);
		if (id_unscramble(&secret, values[i]) != serial)
			fail_msg("%u is not restored", serial);
	}
	qsort(values, COUNT, sizeof(*values), compare);
	for (uint32_t i = 1; i < COUNT; i++)
		if (values[i - 1] == values[i])
			fail_msg("%u appears twice", values[i]);
	free(values);
}

static void another_secret_scrambles_differently(void **state)
{
	struct id_secret other;
	unsigned same = 0;

	(void)state;
	assert_true(id_secret_new(&other));
	for (uint32_t i = 0; i < 1000; i++)
		same += id_scramble(&secret, i) == id_scramble(&other, i);
	assert_true(same < 5);
}

static void ids_with_a_serial_are_version_7(void **state)
{
	struct id id = new_id(WALL, SERIAL);
	int64_t ms = 0;

	(void)state;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id.bytes[i];
	assert_int_equal(ms, WALL);
	assert_int_equal(id.bytes[6] >> 4, 7);
	assert_int_equal(id.bytes[8] >> 6, 2);
	assert_int_equal(id.bytes[12], 0x30);
	assert_int_equal(id.bytes[15], 0xEA);
}

static void the_serial_is_read_back_from_any_version(void **state)
{
	(void)state;
	for (unsigned version = 0; version < 16; version++) {
		struct id id = new_id(WALL + version, SERIAL + version);
		uint32_t serial = 0;

		id_set_version(&id, version);
		assert_true(id_has_serial(&id, &secret));
		assert_true(id_get_serial(&id, &secret, &serial));
		assert_int_equal(serial, SERIAL + version);
	}
}

static void ids_are_in_order_whatever_the_serial(void **state)
{
	struct id last = new_id(WALL + 1000, 0);

	(void)state;
	for (uint32_t i = 1; i < 10000; i++) {
		struct id next = new_id(WALL + 1000, i * 40503);

		assert_true(id_compare(&last, &next) < 0);
		last = next;
	}
}

/* One id in 65,536 is taken for one with a serial number. */
static void other_ids_have_no_serial(void **state)
{
	struct id_secret other;
	unsigned found = 0;

	(void)state;
	assert_true(id_secret_new(&other));
	for (int i = 0; i < 1000; i++) {
		struct id id = new_id(WALL, SERIAL), plain;
		uint32_t serial;
		char name[16];
		int len = snprintf(name, sizeof(name), "name-%d", i);

		found += id_get_serial(&id, &other, &serial);
		assert_true(id_new(&plain, WALL));
		found += id_get_serial(&plain, &secret, &serial);
		assert_true(id_from_name(&plain, STR("test"), (struct str){ name, (size_t)len }));
		found += id_get_serial(&plain, &secret, &serial);
	}
	assert_true(found < 8);
}

static void every_changed_bit_takes_the_serial_away(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 128; bit++) {
		struct id id = new_id(WALL, SERIAL);
		bool of_version = bit / 8 == 6 && bit % 8 >= 4;
		unsigned found = 0;
		uint32_t serial;

		/* Several ids, because one in 65,536 would do by chance. */
		for (int i = 0; i < 3; i++) {
			id = new_id(WALL, SERIAL + (uint32_t)i);
			id.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
			found += id_get_serial(&id, &secret, &serial);
		}
		if (found != (of_version ? 3 : 0) && found != 1)
			fail_msg("bit %u: %u of 3", bit, found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(scrambling_has_these_values),
		CHECK(scrambling_is_a_bijection),
		CHECK(another_secret_scrambles_differently),
		CHECK(ids_with_a_serial_are_version_7),
		CHECK(the_serial_is_read_back_from_any_version),
		CHECK(ids_are_in_order_whatever_the_serial),
		CHECK(other_ids_have_no_serial),
		CHECK(every_changed_bit_takes_the_serial_away),
	};

	return CHECK_RUN(tests);
}
