/* Policies of the store, the order of what is due, and many tasks that begin again (OP_RETRY). */
#include "claim_fixture.h"
#include "journal_fixture.h"
#include "store/due.h"
#include "store/internal.h"

/* ---- policies ---- */

static void add_policy(
	struct store *store, const char *kind, enum policy_member member, int64_t value)
{
	struct policy policy = { 0 };
	struct str name = str_cstr(kind);

	policy_set(&policy, member, value);
	assert_true(policies_add(&store->policies, DIALECT_A, kind ? &name : NULL, &policy));
}

static void policy_of_the_kind_decides_about_attempts(void **state)
{
	struct store *store = *state;
	struct op op;

	add_policy(store, "once", POLICY_ATTEMPTS, 1);
	claim_create(store, 1, "once", 9);
	claim_create(store, 2, "often", 0);
	for (unsigned number = 1; number <= 2; number++) {
		op = claim_report(REPORT_FAIL, number, claim_one(store, number));
		claim_apply(store, &op);
	}
	assert_int_equal(claim_read(store, 1).failure, FAILURE_ATTEMPTS_EXHAUSTED);
	assert_int_equal(claim_read(store, 2).state, TASK_PENDING);
	fixture_verify(store, 2);
}

/* Another configuration is for periods that begin later. */
static void policies_change_while_tasks_wait(void **state)
{
	struct store *store = *state;

	add_policy(store, NULL, POLICY_START_TIMEOUT, 5000);
	claim_create(store, 1, NULL, 0);
	memset(&store->policies, 0, sizeof(store->policies));
	claim_create(store, 2, NULL, 0);
	assert_int_equal(optional_time_ms(claim_read(store, 1).start_by),
		claim_read(store, 1).created + 5000);
	assert_int_equal(claim_run_due(store, claim_read(store, 1).created + 4999), 0);
	assert_int_equal(claim_run_due(store, claim_read(store, 1).created + 5000), 1);
	assert_int_equal(claim_read(store, 1).failure, FAILURE_START_TIMEOUT);
	assert_int_equal(claim_read(store, 2).state, TASK_PENDING);
	fixture_verify(store, 2);
}

static unsigned next_due(struct store *store, bool leases, int64_t now)
{
	struct buf place = BUF_INIT;
	struct str tenant;
	struct err err = { 0 };
	struct id id = { { 0 } };
	bool found;

	must(store_next_due(store, now, leases, &place, &tenant, &id, &found, &err), &err);
	buf_free(&place);
	return found ? id.bytes[15] : 0;
}

/* Leases end before timeouts, however long these have been due. */
static void timeouts_are_not_among_the_leases(void **state)
{
	struct store *store = *state;

	add_policy(store, "a", POLICY_START_TIMEOUT, 1000);
	add_policy(store, "b", POLICY_ATTEMPT_TIMEOUT, 1000);
	claim_create(store, 1, "a", 0);
	claim_create(store, 2, "b", 9);
	claim_one(store, 2);
	assert_int_equal(next_due(store, false, CLAIM_NOW + 5000), 1);
	assert_int_equal(next_due(store, true, CLAIM_NOW + 5000), 2);
}

/* Before the keeper ends it, too. */
static void claim_passes_over_a_task_whose_timeout_has_passed(void **state)
{
	const struct op_claim claim = claim_any(3);
	struct store *store = *state;
	char text[100];

	add_policy(store, "start", POLICY_START_TIMEOUT, 5000);
	add_policy(store, "total", POLICY_TOTAL_TIMEOUT, 5000);
	claim_create(store, 1, "start", 9);
	claim_create(store, 2, "total", 5);
	claim_numbers(store, &claim, claim_read(store, 2).created + 5000, text, sizeof(text));
	assert_string_equal(text, "");
	claim_create(store, 3, NULL, 0);
	claim_expect(store, &claim, "3");
	assert_int_equal(claim_read(store, 1).state, TASK_PENDING);
	assert_int_equal(claim_read(store, 2).state, TASK_PENDING);
	claim_numbers(store, &claim, claim_read(store, 1).created + 4999, text, sizeof(text));
	assert_string_equal(text, "1 2");
	fixture_verify(store, 3);
}

/* ---- many retries ---- */

static struct op retry_op(unsigned max)
{
	struct op op = fixture_op(OP_RETRY, 0);

	op.dialect = 0;
	op.now = CLAIM_NOW;
	op.retry.max = max;
	return op;
}

static void create_failed(struct store *store, unsigned number, const char *kind, int64_t at)
{
	struct op op = fixture_op(OP_UPDATE, number);

	claim_create(store, number, kind, 0);
	op.now = at;
	op.change.state = TASK_FAILED;
	claim_apply(store, &op);
}

static void expect(
	struct store *store, const struct op *op, unsigned retried, unsigned refused, bool more)
{
	struct result result = { 0 };
	struct err err = { 0 };

	must(store_apply(store, op, &result, &err), &err);
	while (result.unfinished)
		must(store_go_on(&result, 3, &err), &err);
	assert_int_equal(result.retried, retried);
	assert_int_equal(result.refused, refused);
	assert_int_equal(result.more, more);
	assert_int_equal(result.written, retried > 0 && fixture_needs_flush(store));
	store_result_free(&result);
}

/* Requests that each go on where the one before ended, until all tasks were looked at. */
static void go_on_behind(struct store *store, struct op *op, unsigned requests)
{
	char place[64];
	bool more = true;

	for (; more; requests--) {
		struct result result = { 0 };
		struct err err = { 0 };

		assert_true(requests > 0);
		must(store_apply(store, op, &result, &err), &err);
		more = result.more;
		assert_true(result.next_cursor.len <= sizeof(place) &&
			    more == (result.next_cursor.len > 0));
		if (more)
			memcpy(place, result.next_cursor.ptr, result.next_cursor.len);
		op->retry.after = (struct str){ place, result.next_cursor.len };
		store_result_free(&result);
	}
	assert_int_equal(requests, 0);
}

static unsigned count_ready(struct store *store, unsigned from, unsigned to)
{
	unsigned count = 0;

	for (unsigned i = from; i <= to; i++)
		count += claim_read(store, i).state == TASK_PENDING;
	return count;
}

static void failed_tasks_begin_again_in_pieces(void **state)
{
	struct store *store = *state;
	struct op op = retry_op(60);

	for (unsigned i = 1; i <= 150; i++)
		create_failed(store, i, NULL, 5000);
	expect(store, &op, 60, 0, true);
	assert_int_equal(count_ready(store, 1, 60), 60);
	op.slice_steps = 7;
	expect(store, &op, 60, 0, true);
	expect(store, &op, 30, 0, false);
	expect(store, &op, 0, 0, false);
	assert_int_equal(count_ready(store, 1, 150), 150);
	fixture_verify(store, 150);
}

static void only_tasks_that_match_begin_again(void **state)
{
	const struct str kinds[] = { STR("a"), STR("") };
	const uint8_t dialect = DIALECT_A, other = DIALECT_B;
	struct store *store = *state;
	struct op op = retry_op(100), archive = fixture_op(OP_ARCHIVE, 5);

	create_failed(store, 1, "a", 5000);
	create_failed(store, 2, "b", 5000);
	create_failed(store, 3, NULL, 5000);
	create_failed(store, 4, "a", 9000);
	create_failed(store, 5, "a", 5000);
	claim_apply(store, &archive);
	claim_create(store, 6, "a", 0);
	claim_set_state(store, 6, TASK_CANCELLED);
	op.retry.dialects = &other;
	op.retry.dialect_count = 1;
	expect(store, &op, 0, 0, false);
	op.retry.dialects = &dialect;
	op.retry.failures = 1U << FAILURE_START_TIMEOUT;
	expect(store, &op, 0, 0, false);
	op.retry.failures |= 1U << FAILURE_REPORTED;
	op.retry.kinds = kinds;
	op.retry.kind_count = 2;
	op.retry.finished = (struct list_time_range){ 5001, OPTIONAL_TIME_NONE };
	expect(store, &op, 1, 0, false);
	assert_int_equal(claim_read(store, 4).state, TASK_PENDING);
	op.retry.finished = (struct list_time_range){ 0, optional_time(5000) };
	expect(store, &op, 0, 0, false);
	op.retry.finished = (struct list_time_range){ 5000, optional_time(5001) };
	expect(store, &op, 2, 0, false);
	assert_int_equal(claim_read(store, 2).state, TASK_FAILED);
	assert_int_equal(claim_read(store, 5).state, TASK_FAILED);
	assert_int_equal(claim_read(store, 6).state, TASK_CANCELLED);
	op.tenant = STR("other");
	expect(store, &op, 0, 0, false);
	fixture_verify(store, 6);
}

static bool refuse_even(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	(void)op, (void)before;
	return task->id.bytes[15] % 2 != 0 || err_set(err, ERR_UNPROCESSABLE, NULL, NULL);
}

static void refused_task_does_not_stop_the_others(void **state)
{
	struct store *store = *state;
	struct op op = retry_op(2);

	for (unsigned i = 1; i <= 7; i++)
		create_failed(store, i, NULL, 5000);
	op.before_write = refuse_even;
	expect(store, &op, 1, 1, true);
	expect(store, &op, 1, 1, true);
	expect(store, &op, 0, 2, true);
	go_on_behind(store, &op, 3);
	assert_int_equal(count_ready(store, 1, 7), 4);
	fixture_verify(store, 7);
}

static void retry_needs_writes(void **state)
{
	struct store *store = *state;
	const struct op op = retry_op(2);

	create_failed(store, 1, NULL, 5000);
	fixture_set_read_only(store, true);
	assert_code(fixture_error(store, &op), ERR_DISK_FULL);
	fixture_set_read_only(store, false);
	assert_int_equal(claim_read(store, 1).state, TASK_FAILED);
}

/* ---- attempts that are left (REPORT_RETRIES) ---- */

static struct op retries(unsigned number, uint32_t count)
{
	struct op op = claim_report(REPORT_RETRIES, number, 0);

	op.report.retries = count;
	return op;
}

static void retries_have_their_events(void **state)
{
	struct store *store = *state;
	struct op none = retries(1, 0), two = retries(1, 2);

	claim_create(store, 1, NULL, 0);
	claim_apply(store, &two);
	journal_expect(store, 1, "changed created", false);
	claim_apply(store, &none);
	assert_int_equal(claim_read(store, 1).state, TASK_FAILED);
	assert_int_equal(journal_newest(store, 1).to, TASK_FAILED);
	claim_apply(store, &none);
	fixture_verify(store, 1);
	claim_apply(store, &two);
	journal_expect(store, 1, "retried changed changed created", false);
	assert_int_equal(claim_read(store, 1).attempts_end, 3);
	fixture_verify(store, 1);
	claim_set_state(store, 1, TASK_SUCCEEDED);
	assert_code(fixture_error(store, &two), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(policy_of_the_kind_decides_about_attempts),
		ON_EVERY_ENGINE(policies_change_while_tasks_wait),
		ON_EVERY_ENGINE(timeouts_are_not_among_the_leases),
		ON_EVERY_ENGINE(claim_passes_over_a_task_whose_timeout_has_passed),
		ON_EVERY_ENGINE(failed_tasks_begin_again_in_pieces),
		ON_EVERY_ENGINE(only_tasks_that_match_begin_again),
		ON_EVERY_ENGINE(refused_task_does_not_stop_the_others),
		ON_EVERY_ENGINE(retry_needs_writes),
		ON_EVERY_ENGINE(retries_have_their_events),
	};

	return CHECK_RUN(tests);
}
