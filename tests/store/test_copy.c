/* Copies of a store from one engine to another: complete, and interrupted. */
#include <signal.h>
#include <stdio.h>

#include "copy_fixture.h"
#include "memory_engine.h"
#include "memory_rounds.h"
#include "store/transfer/copy_parts.h"

/* ---- complete ---- */

static void all_rows_are_copied(void **state)
{
	const struct copy_pair *pair = *state;
	struct store_copy_report report;
	struct store *store;

	copy_fill_source(pair, 20);
	report = copy_whole(pair);
	store = fixture_open(&pair->from);
	assert_int_equal(report.rows, copy_count_rows(store));
	assert_int_equal(report.before, 0);
	store_close(store);
	store = fixture_open(&pair->to);
	fixture_verify(store, 41);
	store_close(store);
}

static void an_empty_store_can_be_copied(void **state)
{
	const struct copy_pair *pair = *state;

	store_close(fixture_open(&pair->from));
	copy_whole(pair);
}

/* An id and a key that the copy does not have, and again. */
static void create_new(struct store *store)
{
	struct op op = fixture_op(OP_CREATE, 5000);
	struct err err = { 0 };

	op.idempotency_key = STR("new key");
	assert_true(store_new_id(store, 1700000000000, &op.new_id));
	claim_apply(store, &op);
	claim_apply(store, &op);
	must(store_flush(store, &err), &err);
}

/* New ids, Idempotency-Keys and revisions go on. */
static void the_copy_works(void **state)
{
	const struct copy_pair *pair = *state;
	struct op op = fixture_op(OP_CREATE, 1);
	struct store *store;

	copy_fill_source(pair, 6);
	copy_whole(pair);
	store = fixture_open(&pair->to);
	assert_int_equal(fixture_error(store, &op), ERR_CONFLICT);
	journal_expect(store, 1, "changed created", false);
	journal_change(store, 1, 3);
	journal_expect(store, 1, "changed changed created", false);
	create_new(store);
	fixture_verify(store, 14);
	store_close(store);
}

/* And back, into the other's place. */
static void there_and_back(void **state)
{
	struct copy_pair *pair = *state;
	struct copy_pair back = { .from = pair->to, .to = pair->from };
	char home[160], regions[160];

	copy_fill_source(pair, 10);
	copy_whole(pair);
	snprintf(home, sizeof(home), "%s2", pair->home);
	snprintf(regions, sizeof(regions), "%s2", pair->regions);
	back.to.home = home;
	back.to.regions = regions;
	copy_whole(&back);
}

static void engines_in_memory(void **state)
{
	struct store_options options = fixture_options(STORE_EPHEMERAL, "none");
	struct store *from, *middle = NULL, *to = NULL;
	struct store_copy_report report;
	struct err err = { 0 };

	(void)state;
	options.engine = &memory_engine_ops;
	from = fixture_open(&options);
	copy_fill(from, 10);
	options.engine = memory_shared_engine();
	must(store_copy_open(&middle, &options, from, &err), &err);
	must(store_copy(from, middle, NULL, NULL, &report, &err), &err);
	copy_expect_same(from, middle);
	options.engine = &bdb_engine_ops;
	must(store_copy_open(&to, &options, middle, &err), &err);
	/* The mark of the source is not copied. */
	must(store_copy(middle, to, NULL, NULL, &report, &err), &err);
	copy_expect_same(from, to);
	store_close(to);
	store_close(middle);
	store_close(from);
}

/* ---- interrupted ---- */

static void a_copy_that_is_killed_goes_on(void **state)
{
	const struct copy_pair *pair = *state;
	const struct copy_limits limits = copy_limits;
	struct store_copy_report report;
	unsigned runs = 0;

	copy_fill_source(pair, 4);
	copy_limits = (struct copy_limits){ .rows = 5, .bytes = 1 << 20, .transactions = 3 };
	while (!copy_in_child(pair, NULL, true))
		assert_true(++runs < 100);
	assert_true(runs > 5);
	report = copy_whole(pair);
	assert_int_equal(report.before, report.rows);
	copy_limits = limits;
}

static void a_comparison_that_is_killed_is_repeated(void **state)
{
	const struct copy_pair *pair = *state;
	struct store_copy_report report;

	copy_fill_source(pair, 4);
	assert_false(copy_in_child(pair, copy_die_before_comparison, false));
	report = copy_whole(pair);
	assert_int_equal(report.before, report.rows);
}

/* ---- faults of the target ---- */

static struct {
	const struct engine_ops *ops;
	struct engine_ops faulty;
	enum engine_status status;
	unsigned at, commits; /* each commit of that number fails; 0: none */
} faults;

static enum engine_status commit_or_fail(struct engine *engine)
{
	if (faults.at == 0 || ++faults.commits % faults.at != 0)
		return faults.ops->commit(engine);
	faults.ops->abort(engine);
	return faults.status;
}

static enum engine_status open_faulty(struct engine **engine, const struct engine_options *options)
{
	enum engine_status status = faults.ops->open(engine, options);

	if (*engine)
		(*engine)->ops = &faults.faulty;
	return status;
}

static void use_faults(struct copy_pair *pair, enum engine_status status, unsigned at)
{
	faults.ops = pair->to.url ? &pg_engine_ops : &bdb_engine_ops;
	faults.faulty = *faults.ops;
	faults.faulty.open = open_faulty;
	faults.faulty.commit = commit_or_fail;
	faults.status = status;
	faults.at = at;
	faults.commits = 0;
	pair->to.engine = &faults.faulty;
}

static void a_full_disk_interrupts_the_copy(void **state)
{
	struct copy_pair *pair = *state;
	const struct copy_limits limits = copy_limits;
	struct err err = { 0 };
	unsigned runs = 0;

	copy_fill_source(pair, 4);
	copy_limits.rows = 7;
	use_faults(pair, ENGINE_FULL, 4);
	while (!copy_try(pair, NULL, NULL, NULL, &err)) {
		assert_err(&err, ERR_DISK_FULL);
		assert_true(++runs < 100);
	}
	assert_true(runs > 2);
	copy_limits = limits;
	pair->to.engine = NULL;
	copy_expect_equal(pair);
	copy_finish(pair);
}

static void a_conflict_repeats_a_transaction(void **state)
{
	struct copy_pair *pair = *state;
	const struct copy_limits limits = copy_limits;
	struct err err = { 0 };

	copy_fill_source(pair, 4);
	copy_limits.rows = 7;
	use_faults(pair, ENGINE_RETRY, 2);
	must(copy_try(pair, NULL, NULL, NULL, &err), &err);
	assert_true(faults.commits > 10);
	copy_limits = limits;
	pair->to.engine = NULL;
	copy_expect_equal(pair);
	copy_finish(pair);
}

/* ---- ids of a server ---- */

static void ids_of_a_server_are_spread_over_the_pages_of_files(void **state)
{
	const struct copy_pair *pair = *state;
	struct store *store;
	unsigned equal = 0;
	uint32_t first = 0, serial;
	struct id id;

	store = fixture_open(&pair->from);
	for (int i = 0; i < 50; i++) {
		assert_true(store_new_id(store, 1700000000000, &id));
		assert_true(id_get_serial(&id, &store->engine->secret, &serial));
		first = i == 0 ? serial : first;
		equal += serial == first;
	}
	assert_true(equal < 3);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COPY_BOTH_WAYS(all_rows_are_copied),
		COPY_BOTH_WAYS(an_empty_store_can_be_copied),
		COPY_BOTH_WAYS(the_copy_works),
		COPY_TEST(there_and_back, "files to server", copy_setup_to_server),
		CHECK(engines_in_memory),
		COPY_BOTH_WAYS(a_copy_that_is_killed_goes_on),
		COPY_BOTH_WAYS(a_comparison_that_is_killed_is_repeated),
		COPY_BOTH_WAYS(a_full_disk_interrupts_the_copy),
		COPY_BOTH_WAYS(a_conflict_repeats_a_transaction),
		COPY_TEST(ids_of_a_server_are_spread_over_the_pages_of_files, "server to files",
			copy_setup_to_files),
	};

	return CHECK_RUN(tests);
}
