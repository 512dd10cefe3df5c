/* Records: every member is kept, and no bytes do harm. */
#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "lib/check.h"
#include "store/record_fixture.h"

static void assert_sample(const struct task *task)
{
	struct task want = record_sample();

	assert_memory_equal(&task->id, &want.id, sizeof(want.id));
	assert_int_equal(task->number, 300);
	assert_int_equal(task->dialect, 5);
	assert_true(task->archived);
	assert_int_equal(task->state, TASK_RUNNING);
	assert_true(task->created == want.created && task->updated == want.updated);
	assert_memory_equal(&task->started, &want.started, sizeof(want.started));
	assert_false(optional_time_is_set(task->finished));
	assert_int_equal(task->revision, 7);
	assert_int_equal(task->priority, -3);
	assert_memory_equal(&task->not_before, &want.not_before, sizeof(want.not_before));
	assert_int_equal(task->attempt, 2);
	assert_true(task->max_attempts == UINT32_MAX);
	assert_true(task->lease.token == UINT64_MAX);
	assert_int_equal(optional_time_ms(task->lease.expires), DATE_MS_MAX);
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

static void assert_sample_of_version_3(const struct task *task)
{
	assert_sample(task);
	assert_str(task->kind, "k");
	assert_str(task->result, "7");
	assert_int_equal(task->lease.length_ms, 60000);
	assert_int_equal(task->lease.unconfirmed, 3);
	assert_int_equal(task->journal, 300);
	assert_int_equal(optional_time_ms(task->ready_after), 1700000000004);
	assert_int_equal(task->failure, FAILURE_NOT_RETRYABLE);
}

static void expect_written(uint8_t version)
{
	struct buf record = BUF_INIT;
	struct task task = record_sample();
	char bytes[RECORD_FIXTURE_SIZE];
	struct str want = record_bytes(record_golden[version], bytes);

	assert_true(record_encode(&task, version, &record));
	assert_int_equal(record.len, want.len);
	assert_memory_equal(record.data, want.ptr, want.len);
	buf_free(&record);
}

static void known_bytes_decode(void **state)
{
	char bytes[RECORD_FIXTURE_SIZE];
	struct task task;

	(void)state;
	expect_written(RECORD_VERSION);
	assert_true(record_decode(&task, record_bytes(record_golden[RECORD_VERSION], bytes)));
	assert_sample_of_version_3(&task);
	assert_true(task.attempts_end == UINT32_MAX - 1);
	assert_int_equal(task.lease.expiry_fails, 1);
	assert_str(task.trace.parent, "t");
	assert_str(task.trace.state, "a=1");
	assert_int_equal(task.is_bulk, 1);
}

static void records_of_version_5_are_read(void **state)
{
	struct task task;
	char bytes[RECORD_FIXTURE_SIZE];

	(void)state;
	assert_true(record_decode(&task, record_bytes(record_golden[5], bytes)));
	assert_sample_of_version_3(&task);
	assert_str(task.trace.state, "a=1");
	assert_int_equal(task.is_bulk, 0);
}

/* A host writes them beside a host with an older build. */
static void records_of_older_versions_are_written(void **state)
{
	(void)state;
	expect_written(5);
	expect_written(4);
}

static void each_layout_has_a_version(void **state)
{
	(void)state;
	assert_int_equal(record_version_for(0), RECORD_VERSION);
	assert_int_equal(record_version_for(1), 6);
}

static void records_of_version_4_are_read(void **state)
{
	struct task task;
	char bytes[RECORD_FIXTURE_SIZE];

	(void)state;
	assert_true(record_decode(&task, record_bytes(record_golden[4], bytes)));
	assert_sample_of_version_3(&task);
	assert_true(task.attempts_end == UINT32_MAX - 1);
	assert_str(task.trace.parent, "");
	assert_str(task.trace.state, "");
}

static void records_of_version_3_are_read(void **state)
{
	struct task task;
	char bytes[RECORD_FIXTURE_SIZE];

	(void)state;
	assert_true(record_decode(&task, record_bytes(record_golden[3], bytes)));
	assert_sample_of_version_3(&task);
	assert_int_equal(task.attempts_end, 0);
	assert_int_equal(task.lease.expiry_fails, 0);
}

static void records_of_version_2_are_read(void **state)
{
	struct task task;
	char bytes[RECORD_FIXTURE_SIZE];

	(void)state;
	assert_true(record_decode(&task, record_bytes(record_golden[2], bytes)));
	assert_sample(&task);
	assert_str(task.kind, "");
	assert_int_equal(task.lease.length_ms, 0);
	assert_false(optional_time_is_set(task.ready_after));
	/* byte 3 is the state: not_before alone held a pending task back */
	bytes[3] = TASK_PENDING;
	assert_true(record_decode(&task, (struct str){ bytes, strlen(record_golden[2]) / 2 }));
	assert_int_equal(optional_time_ms(task.ready_after), optional_time_ms(task.not_before));
}

static void records_of_version_1_are_read(void **state)
{
	struct task task;
	char bytes[RECORD_FIXTURE_SIZE];

	(void)state;
	assert_true(record_decode(&task, record_bytes(record_golden[1], bytes)));
	assert_int_equal(task.number, 300);
	assert_int_equal(optional_time_ms(task.started), 1700000000001);
	assert_false(optional_time_is_set(task.finished));
	assert_int_equal(optional_time_ms(task.not_before), 0);
	assert_int_equal(optional_time_ms(task.lease.expires), DATE_MS_MAX);
	assert_str(task_field(&task, STR("n")), "1");
}

static void every_truncation_is_refused(void **state)
{
	char bytes[RECORD_FIXTURE_SIZE];
	struct str whole = record_bytes(record_golden[RECORD_VERSION], bytes);
	struct task task = { .number = 99 };

	(void)state;
	for (size_t len = 0; len < whole.len; len++) {
		/* a buffer of the exact size, so that reading past it is detected */
		char *copy = malloc(len ? len : 1);

		memcpy(copy, bytes, len);
		assert_false(record_decode(&task, (struct str){ copy, len }));
		free(copy);
	}
	bytes[whole.len] = 0;
	assert_false(record_decode(&task, (struct str){ bytes, whole.len + 1 }));
	assert_int_equal(task.number, 99); /* nothing is written on failure */
}

static void bit_flips_do_no_harm(void **state)
{
	char bytes[RECORD_FIXTURE_SIZE];
	struct str whole = record_bytes(record_golden[RECORD_VERSION], bytes);
	struct buf again = BUF_INIT;

	(void)state;
	for (size_t bit = 0; bit < whole.len * 8; bit++) {
		char *copy = malloc(whole.len);
		struct task task;

		memcpy(copy, bytes, whole.len);
		copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
		/* a task that decodes has exactly one record */
		if (record_decode(&task, (struct str){ copy, whole.len })) {
			buf_reset(&again);
			assert_true(record_encode(&task, RECORD_VERSION, &again));
			assert_int_equal(again.len, whole.len);
			assert_memory_equal(again.data, copy, whole.len);
		}
		free(copy);
	}
	buf_free(&again);
}

static void bad_first_bytes_are_refused(void **state)
{
	static const struct {
		size_t at;
		char byte;
	} wrong[] = { { 0, 0 }, { 0, 7 }, { 2, 2 }, { 3, TASK_STATES }, { 3, -1 } };
	char bytes[RECORD_FIXTURE_SIZE];
	struct task task;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct str whole = record_bytes(record_golden[RECORD_VERSION], bytes);

		bytes[wrong[i].at] = wrong[i].byte;
		assert_false(record_decode(&task, whole));
	}
}

static void empty_and_full_tasks_are_kept(void **state)
{
	struct task empty = { 0 }, full = { .field_count = TASK_FIELDS_MAX }, read;
	struct buf record = BUF_INIT;
	char names[TASK_FIELDS_MAX][8];

	(void)state;
	assert_true(record_encode(&empty, RECORD_VERSION, &record));
	assert_true(record_decode(&read, buf_str(&record)));
	assert_int_equal(read.field_count, 0);
	assert_int_equal(read.tenant.len, 0);
	for (size_t i = 0; i < TASK_FIELDS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		full.fields[i] = (struct field){ str_cstr(names[i]), STR("{\"\xC3\xA4\":[null]}") };
	}
	buf_reset(&record);
	assert_true(record_encode(&full, RECORD_VERSION, &record));
	assert_true(record_decode(&read, buf_str(&record)));
	assert_int_equal(read.field_count, TASK_FIELDS_MAX);
	assert_str(read.fields[63].name, "f63");
	assert_str(read.fields[63].json, "{\"\xC3\xA4\":[null]}");
	buf_free(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(known_bytes_decode),
		CHECK(records_of_version_5_are_read),
		CHECK(records_of_older_versions_are_written),
		CHECK(each_layout_has_a_version),
		CHECK(records_of_version_4_are_read),
		CHECK(records_of_version_3_are_read),
		CHECK(records_of_version_2_are_read),
		CHECK(records_of_version_1_are_read),
		CHECK(every_truncation_is_refused),
		CHECK(bit_flips_do_no_harm),
		CHECK(bad_first_bytes_are_refused),
		CHECK(empty_and_full_tasks_are_kept),
	};

	return CHECK_RUN(tests);
}
