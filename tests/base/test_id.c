#include "base/id.h"
#include "lib/check.h"

#define WALL 1700000000000

static int64_t id_time(const struct id *id)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id->bytes[i];
	return ms;
}

static void new_id_is_version_7(void **state)
{
	struct id id;

	(void)state;
	assert_true(id_new(&id, WALL));
	assert_int_equal(id_time(&id), WALL);
	assert_int_equal(id.bytes[6] >> 4, 7);
	assert_int_equal(id.bytes[8] >> 6, 2);
	assert_true((id.bytes[6] & 0x0F) < 8);
	assert_false(id_is_zero(&id));
}

static void ids_of_a_process_are_in_order(void **state)
{
	struct id last, next;

	(void)state;
	assert_true(id_new(&last, WALL + 1000));
	/* More ids than the counter of one millisecond holds, and a clock that goes back. */
	for (int i = 0; i < 20000; i++) {
		assert_true(id_new(&next, i % 2 ? WALL + 1000 : WALL));
		assert_true(id_compare(&last, &next) < 0);
		assert_int_equal(next.bytes[6] >> 4, 7);
		assert_int_equal(next.bytes[8] >> 6, 2);
		last = next;
	}
	assert_true(id_time(&last) < WALL + 1000 + 20);
	assert_true(id_new(&next, WALL + 5000));
	assert_int_equal(id_time(&next), WALL + 5000);
}

static void text_round_trips(void **state)
{
	static const char text[] = "018f4c1e-7a2b-7cde-8f01-23456789abcd";
	char again[ID_TEXT_LEN + 1];
	struct id id, upper;

	(void)state;
	assert_true(id_parse(&id, STR("018f4c1e-7a2b-7cde-8f01-23456789abcd")));
	assert_int_equal(id.bytes[0], 0x01);
	assert_int_equal(id.bytes[15], 0xCD);
	id_format(&id, again);
	assert_string_equal(again, text);
	assert_true(id_parse(&upper, STR("018F4C1E-7A2B-7CDE-8F01-23456789ABCD")));
	assert_int_equal(id_compare(&id, &upper), 0);
	assert_true(id_parse(&id, STR("00000000-0000-0000-0000-000000000000")));
	assert_true(id_is_zero(&id));
	assert_true(id_parse(&id, STR("df137dae-68b0-4b34-b321-a5c10299679e")));
}

static void invalid_texts_are_rejected(void **state)
{
	static const struct str rows[] = {
		STR(""),
		STR("018f4c1e7a2b7cde8f0123456789abcd"),
		STR("018f4c1e-7a2b-7cde-8f01-23456789abc"),
		STR("018f4c1e-7a2b-7cde-8f01-23456789abcde"),
		STR("018f4c1e-7a2b-7cde-8f01-23456789abcg"),
		STR("018f4c1e-7a2b-7cde-8f0123456789-abcd"),
		STR("018f4c1e_7a2b_7cde_8f01_23456789abcd"),
		STR("{18f4c1e-7a2b-7cde-8f01-23456789abc}"),
		STR(" 18f4c1e-7a2b-7cde-8f01-23456789abcd"),
		STR("018f4c1e-7a2b-7cde-8f01-23456789abc\0"),
		STR("018f4c1e-7a2b-7cde-8f01-\0003456789abcd"),
		STR("-18f4c1e-7a2b-7cde-8f01-23456789abcd"),
		STR("+18f4c1e-7a2b-7cde-8f01-23456789abcd"),
		STR("0x8f4c1e-7a2b-7cde-8f01-23456789abcd"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct id id = { .bytes = { 9 } };

		if (id_parse(&id, rows[i]))
			fail_msg("row %zu is accepted", i);
		assert_int_equal(id.bytes[0], 9);
	}
	assert_false(id_parse(&(struct id){ 0 }, STR_NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(new_id_is_version_7),
		CHECK(ids_of_a_process_are_in_order),
		CHECK(text_round_trips),
		CHECK(invalid_texts_are_rejected),
	};

	return CHECK_RUN(tests);
}
