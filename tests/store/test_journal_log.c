/* Log lines of workers in the journal: their entries, what a page has of them, what bounds them. */
#include "journal_fixture.h"
#include "store/internal.h"

/* A log of this many bytes of JSON text. */
static struct str log_of(char *bytes, size_t size, char c)
{
	memset(bytes, c, size);
	bytes[0] = '[';
	bytes[1] = bytes[size - 2] = '"';
	bytes[size - 1] = ']';
	return (struct str){ bytes, size };
}

static void report_log(struct store *store, enum report_kind kind, uint64_t token, struct str log)
{
	struct op op = claim_report(kind, 1, token);

	op.report.log = log;
	claim_apply(store, &op);
}

static uint64_t begin(struct store *store)
{
	claim_create(store, 1, NULL, 0);
	return claim_one(store, 1);
}

static struct result read_attempts(struct store *store, size_t attempt_log)
{
	struct op op = fixture_op(OP_HISTORY, 1);
	struct result result = { 0 };
	struct err err = { 0 };

	op.history.limit = OP_HISTORY_MAX;
	op.history.attempt_log = attempt_log;
	must(store_apply(store, &op, &result, &err), &err);
	return result;
}

static void heartbeat_with_a_log_has_an_entry(void **state)
{
	struct store *store = *state;
	uint64_t token = begin(store);
	struct result result;

	report_log(store, REPORT_HEARTBEAT, token, STR_NULL);
	journal_expect(store, 1, "claimed created", false);
	report_log(store, REPORT_HEARTBEAT, token, STR("[\"a\"]"));
	report_log(store, REPORT_COMPLETE, token, STR("[\"b\",\"c\"]"));
	journal_expect(store, 1, "completed progress claimed created", false);
	result = journal_page(store, 1, 0, 10);
	assert_str(result.history[0].log, "[\"b\",\"c\"]");
	assert_str(result.history[1].log, "[\"a\"]");
	assert_int_equal(result.history[2].log.len, 0);
	store_result_free(&result);
	/* A repetition is not kept. */
	report_log(store, REPORT_COMPLETE, token, STR("[\"d\"]"));
	journal_expect(store, 1, "completed progress claimed created", false);
}

/* The tasks of claim_next are not those that the worker has reported on. */
static void next_task_does_not_have_the_log(void **state)
{
	const struct op_claim next = claim_any(1);
	struct store *store = *state;
	struct result result;
	struct op op;

	op = claim_report(REPORT_COMPLETE, 1, begin(store));
	claim_create(store, 2, NULL, 0);
	op.claim = &next;
	op.report.log = STR("[\"a\"]");
	claim_apply(store, &op);
	result = journal_page(store, 2, 0, 10);
	assert_int_equal(result.history[0].event, JOURNAL_CLAIMED);
	assert_int_equal(result.history[0].log.len, 0);
	store_result_free(&result);
}

/* So the option journal_entries bounds the bytes of the journal. */
static void large_entry_takes_more_numbers(void **state)
{
	static char bytes[REPORT_LOG_MAX];
	struct store *store = *state;
	uint64_t token = begin(store), before = journal_next(store);

	report_log(store, REPORT_HEARTBEAT, token, STR("[\"a\"]"));
	assert_int_equal(journal_next(store), ++before);
	report_log(store, REPORT_HEARTBEAT, token, log_of(bytes, sizeof(bytes), 'x'));
	assert_int_equal(journal_next(store), before + 33);
	report_log(store, REPORT_HEARTBEAT, token, STR("[\"b\"]"));
	store->journal_entries = 34;
	journal_run_chore(store, "journal");
	journal_expect(store, 1, "progress progress", true);
	store->journal_entries = 33;
	journal_run_chore(store, "journal");
	journal_expect(store, 1, "progress", true);
}

static void page_ends_with_its_bytes(void **state)
{
	static char bytes[REPORT_LOG_MAX];
	struct store *store = *state;
	uint64_t token = begin(store);
	struct result result;
	uint64_t next;
	size_t first;

	for (int i = 0; i < 100; i++)
		report_log(store, REPORT_HEARTBEAT, token, log_of(bytes, sizeof(bytes), 'x'));
	result = journal_page(store, 1, 0, OP_HISTORY_MAX);
	first = result.history_count;
	assert_in_range(first, 60, 64);
	assert_false(result.history_cut);
	next = result.history_next;
	assert_true(next > 0);
	store_result_free(&result);
	result = journal_page(store, 1, next, OP_HISTORY_MAX);
	assert_int_equal(first + result.history_count, 102);
	assert_int_equal(result.history_next, 0);
	store_result_free(&result);
}

/* The entries of a long attempt are read to its claim, with the logs of the newest ones. */
static void attempt_has_its_newest_logs(void **state)
{
	static char bytes[10000];
	struct store *store = *state;
	uint64_t token = begin(store);
	struct result result;

	report_log(store, REPORT_HEARTBEAT, token, log_of(bytes, sizeof(bytes), 'a'));
	report_log(store, REPORT_RELEASE, token, log_of(bytes, sizeof(bytes), 'b'));
	token = claim_one(store, 1);
	for (int i = 0; i < 200; i++)
		report_log(store, REPORT_HEARTBEAT, token, log_of(bytes, sizeof(bytes), 'c'));
	result = read_attempts(store, 25000);
	assert_int_equal(result.history_count, 200 + 5);
	for (size_t i = 0; i < 200; i++) {
		assert_int_equal(result.history[i].event, JOURNAL_PROGRESS);
		assert_int_equal(result.history[i].log.len, i < 3 ? sizeof(bytes) : 0);
	}
	assert_int_equal(result.history[201].event, JOURNAL_RELEASED);
	assert_int_equal(result.history[201].log.len, sizeof(bytes));
	assert_int_equal(result.history[202].log.len, sizeof(bytes));
	assert_int_equal(result.history[204].event, JOURNAL_CREATED);
	store_result_free(&result);
}

/* In one array, each line takes 85 bytes with its comma: 771 lines and a bracket are 64 KiB. */
static void lines_that_just_have_room_are_all_read(void **state)
{
	static char bytes[86];
	struct store *store = *state;
	uint64_t token = begin(store);
	struct result result;

	for (int i = 0; i < 780; i++)
		report_log(store, REPORT_HEARTBEAT, token, log_of(bytes, sizeof(bytes), 'a'));
	result = read_attempts(store, (size_t)64 * 1024);
	assert_int_equal(result.history_count, 780 + 2);
	for (size_t i = 0; i < 771; i++)
		assert_int_equal(result.history[i].log.len, sizeof(bytes));
	/* One more may be read: so the response can say that its log is not complete. */
	for (size_t i = 772; i < 780; i++)
		assert_int_equal(result.history[i].log.len, 0);
	store_result_free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(heartbeat_with_a_log_has_an_entry),
		ON_EVERY_ENGINE(next_task_does_not_have_the_log),
		ON_ONE_MACHINE(large_entry_takes_more_numbers),
		ON_EVERY_ENGINE(page_ends_with_its_bytes),
		ON_EVERY_ENGINE(attempt_has_its_newest_logs),
		ON_EVERY_ENGINE(lines_that_just_have_room_are_all_read),
	};

	return CHECK_RUN(tests);
}
