/* A task as bytes: every member comes back, and no bytes do harm. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/check.h"
#include "store/record.h"

static struct task sample(void)
{
	struct task task = {
		.number = 300,
		.tenant = STR("acme"),
		.dialect = 5,
		.archived = true,
		.state = TASK_RUNNING,
		.status = STR("in_progress"),
		.created = 1700000000000,
		.updated = 1700000000001,
		.started = -1,
		.revision = 7,
		.created_by = STR("a"),
		.updated_by = STR("b"),
		.priority = -3,
		.not_before = INT64_MIN,
		.attempt = 2,
		.max_attempts = UINT32_MAX,
		.lease = { STR("w1"), UINT64_MAX, INT64_MAX },
		.error = STR("{\"code\":1}"),
		.fields = { { STR("type"), STR("\"clone\"") }, { STR("n"), STR("1") } },
		.field_count = 2,
	};

	for (size_t i = 0; i < sizeof(task.id.bytes); i++)
		task.id.bytes[i] = (uint8_t)i;
	return task;
}

/*
 * The bytes of version 1, which stay readable for ever: written down once, never made from the
 * code.
 */
static const char golden[] = "01050102"
			     "000102030405060708090a0b0c0d0e0f"
			     "ac02"
			     "80a0abfef962"
			     "82a0abfef962"
			     "01"
			     "00"
			     "07"
			     "05"
			     "ffffffffffffffffff01"
			     "02"
			     "ffffffff0f"
			     "ffffffffffffffffff01"
			     "feffffffffffffffff01"
			     "0461636d65"
			     "0b696e5f70726f6772657373"
			     "0161"
			     "0162"
			     "0a7b22636f6465223a317d"
			     "00"
			     "027731"
			     "02"
			     "0474797065"
			     "0722636c6f6e6522"
			     "016e"
			     "0131";

static struct str golden_bytes(char *bytes)
{
	size_t len = strlen(golden) / 2;

	for (size_t i = 0; i < len; i++) {
		char pair[3] = { golden[2 * i], golden[2 * i + 1], '\0' };

		bytes[i] = (char)strtoul(pair, NULL, 16);
	}
	return (struct str){ bytes, len };
}

static void assert_sample(const struct task *task)
{
	struct task want = sample();

	assert_memory_equal(&task->id, &want.id, sizeof(want.id));
	assert_int_equal(task->number, 300);
	assert_int_equal(task->dialect, 5);
	assert_true(task->archived);
	assert_int_equal(task->state, TASK_RUNNING);
	assert_true(task->created == want.created && task->updated == want.updated);
	assert_true(task->started == -1 && task->finished == 0);
	assert_int_equal(task->revision, 7);
	assert_int_equal(task->priority, -3);
	assert_true(task->not_before == INT64_MIN);
	assert_int_equal(task->attempt, 2);
	assert_true(task->max_attempts == UINT32_MAX);
	assert_true(task->lease.token == UINT64_MAX && task->lease.expires == INT64_MAX);
	assert_str(task->tenant, "acme");
	assert_str(task->status, "in_progress");
	assert_str(task->created_by, "a");
	assert_str(task->updated_by, "b");
	assert_str(task->lease.holder, "w1");
	assert_str(task->error, "{\"code\":1}");
	assert_str(task->progress, "");
	assert_int_equal(task->field_count, 2);
	assert_str(task->fields[0].name, "type");
	assert_str(task->fields[0].json, "\"clone\"");
	assert_str(task_field(task, STR("n")), "1");
}

static void test_golden(void **state)
{
	struct buf record = BUF_INIT;
	struct task task = sample();
	char bytes[256];
	struct str want = golden_bytes(bytes);

	(void)state;
	assert_true(record_encode(&task, &record));
	assert_int_equal(record.len, want.len);
	assert_memory_equal(record.data, want.ptr, want.len);
	assert_true(record_decode(&task, want));
	assert_sample(&task);
	buf_free(&record);
}

static void test_every_truncation_is_refused(void **state)
{
	char bytes[256];
	struct str whole = golden_bytes(bytes);
	struct task task = { .number = 99 };

	(void)state;
	for (size_t len = 0; len < whole.len; len++) {
		/* of its own size, so that reading past it is seen */
		char *copy = malloc(len ? len : 1);

		memcpy(copy, bytes, len);
		assert_false(record_decode(&task, (struct str){ copy, len }));
		free(copy);
	}
	bytes[whole.len] = 0;
	assert_false(record_decode(&task, (struct str){ bytes, whole.len + 1 }));
	assert_int_equal(task.number, 99); /* nothing is written on failure */
}

static void test_bit_flips_do_no_harm(void **state)
{
	char bytes[256];
	struct str whole = golden_bytes(bytes);
	struct buf again = BUF_INIT;

	(void)state;
	for (size_t bit = 0; bit < whole.len * 8; bit++) {
		char *copy = malloc(whole.len);
		struct task task;

		memcpy(copy, bytes, whole.len);
		copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
		/* what can be read is the only record of what was read */
		if (record_decode(&task, (struct str){ copy, whole.len })) {
			buf_reset(&again);
			assert_true(record_encode(&task, &again));
			assert_int_equal(again.len, whole.len);
			assert_memory_equal(again.data, copy, whole.len);
		}
		free(copy);
	}
	buf_free(&again);
}

static void test_heads(void **state)
{
	static const struct {
		size_t at;
		char byte;
	} wrong[] = { { 0, 0 }, { 0, 2 }, { 2, 2 }, { 3, TASK_STATES }, { 3, -1 } };
	char bytes[256];
	struct task task;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct str whole = golden_bytes(bytes);

		bytes[wrong[i].at] = wrong[i].byte;
		assert_false(record_decode(&task, whole));
	}
}

static void test_empty_and_full(void **state)
{
	struct task empty = { 0 }, full = { .field_count = TASK_FIELDS_MAX }, read;
	struct buf record = BUF_INIT;
	char names[TASK_FIELDS_MAX][8];

	(void)state;
	assert_true(record_encode(&empty, &record));
	assert_true(record_decode(&read, buf_str(&record)));
	assert_int_equal(read.field_count, 0);
	assert_int_equal(read.tenant.len, 0);
	for (size_t i = 0; i < TASK_FIELDS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		full.fields[i] = (struct field){ str_cstr(names[i]), STR("{\"\xC3\xA4\":[null]}") };
	}
	buf_reset(&record);
	assert_true(record_encode(&full, &record));
	assert_true(record_decode(&read, buf_str(&record)));
	assert_int_equal(read.field_count, TASK_FIELDS_MAX);
	assert_str(read.fields[63].name, "f63");
	assert_str(read.fields[63].json, "{\"\xC3\xA4\":[null]}");
	buf_free(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(test_golden),
		CHECK(test_every_truncation_is_refused),
		CHECK(test_bit_flips_do_no_harm),
		CHECK(test_heads),
		CHECK(test_empty_and_full),
	};

	return CHECK_RUN(tests);
}
