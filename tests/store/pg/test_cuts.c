/*
 * Connections that are cut at the n-th byte. Whatever the engine says of a round is true: made,
 * not made, or unknown.
 */
#include "store/pg/cut_bench.h"
#include "store/pg/cut_script.h"

#define ALL (PART_ACME | PART_BETA)

static void expect_part(enum engine_status status, bool found)
{
	assert_true(status == ENGINE_OK || status == ENGINE_RETRY || status == ENGINE_AWAY ||
		    status == ENGINE_UNKNOWN);
	if (status != ENGINE_UNKNOWN)
		assert_int_equal(found, status == ENGINE_OK);
}

static unsigned expect_outcome(const struct cut_bench *bench, const struct cut_outcome *outcome,
	const struct cut_state *before)
{
	unsigned found = cut_script_find(bench->hosts->b, before, bench->run);

	expect_part(outcome->acme, found & PART_ACME);
	expect_part(outcome->beta, found & PART_BETA);
	if (bench->rounds)
		assert_true(found == 0 || found == ALL);
	return found;
}

/* The engine works again. What was made is not made again, and what was not is made once. */
static void complete_run(
	const struct cut_bench *bench, unsigned found, const struct cut_state *before)
{
	struct cut_outcome outcome;

	if (found & PART_ACME)
		assert_int_equal(cut_script_insert_again(bench->engine, bench->run), ENGINE_EXISTS);
	outcome = cut_script_run(bench->engine, bench->rounds, ALL & ~found, bench->run);
	if (!(found & PART_ACME))
		assert_int_equal(outcome.acme, ENGINE_OK);
	if (!(found & PART_BETA))
		assert_int_equal(outcome.beta, ENGINE_OK);
	assert_int_equal(cut_script_find(bench->hosts->b, before, bench->run), ALL);
}

static void count_outcome(struct cut_bench *bench, enum engine_status status)
{
	bench->made += status == ENGINE_OK;
	bench->unknown += status == ENGINE_UNKNOWN;
	bench->unmade += status != ENGINE_OK && status != ENGINE_UNKNOWN;
}

static void run_cut(struct cut_bench *bench, const struct cut *cut)
{
	struct cut_outcome outcome;
	struct cut_state before;
	unsigned found;

	bench->run++;
	cut_script_look(bench->hosts->b, &before);
	cut_bench_arm(bench, cut);
	outcome = cut_script_run(bench->engine, bench->rounds, ALL, bench->run);
	expect_outcome(bench, &outcome, &before);
	cut_bench_disarm(bench);
	found = expect_outcome(bench, &outcome, &before);
	complete_run(bench, found, &before);
	bench->is_cutting = false;
	count_outcome(bench, outcome.beta);
}

/* A run without a cut: what is sent. The first one makes the scopes. */
static struct cut_report learn(struct cut_bench *bench)
{
	const struct cut never = { 0 };

	run_cut(bench, &never);
	cut_bench_arm(bench, &never);
	assert_int_equal(
		cut_script_run(bench->engine, bench->rounds, ALL, ++bench->run).beta, ENGINE_OK);
	return *cutting_proxy_report();
}

/* ---- sweeps ---- */

struct sweep {
	struct cut cut;
	unsigned tail;	 /* bytes at the end, about COMMIT */
	unsigned stride; /* of which every so many-th is cut */
	unsigned step;	 /* elsewhere: about every so many-th end of a message */
};

/* A server without an answer costs the waits. */
static const struct sweep sweeps[] = {
	{ { .kind = CUT_CLOSES, .from = CUT_CLIENT }, 25, 1, 9 },
	{ { .kind = CUT_CLOSES, .from = CUT_SERVER }, 28, 1, 9 },
	{ { .kind = CUT_CLOSES, .from = CUT_CLIENT, .refuses = true }, 50, 9, 29 },
	{ { .kind = CUT_CLOSES, .from = CUT_SERVER, .refuses = true }, 30, 9, 29 },
	{ { .kind = CUT_ANSWERS, .from = CUT_CLIENT }, 50, 9, 29 },
	{ { .kind = CUT_ANSWERS, .from = CUT_SERVER }, 30, 9, 29 },
	{ { .kind = CUT_SILENT, .from = CUT_CLIENT }, 30, 7, 40 },
	{ { .kind = CUT_SILENT, .from = CUT_SERVER }, 30, 7, 40 },
};

#define SWEEPS (sizeof(sweeps) / sizeof(sweeps[0]))

static void expect_outcomes_seen(const struct cut_bench *bench, const struct cut *cut)
{
	print_message("# kind %d from %d refuses %d: made %u, not made %u, unknown %u\n", cut->kind,
		cut->from, cut->refuses, bench->made, bench->unmade, bench->unknown);
	assert_true(bench->unmade > 0);
	if (cut->kind == CUT_SILENT)
		return;
	assert_true(cut->refuses ? bench->unknown > 0 : bench->unknown == 0 && bench->made > 0);
}

/* thin: every so many-th of the sweep's cuts. */
static void run_sweep(struct cut_bench *bench, const struct sweep *sweep,
	const struct cut_report *learned, unsigned thin)
{
	enum cut_from from = sweep->cut.from;
	unsigned step = sweep->step * thin, stride = sweep->stride * thin;
	uint64_t total = learned->bytes[from], tail = cut_bench_is_full() ? total : sweep->tail;
	struct cut cut = sweep->cut;

	bench->made = bench->unmade = bench->unknown = 0;
	/* Some places about COMMIT in any case. */
	if (stride > sweep->tail / 4)
		stride = sweep->tail / 4;
	/* At the end of a message, a byte before it, or a byte behind it. */
	for (size_t i = 0; !cut_bench_is_full() && i < learned->ends_count[from]; i += step) {
		cut.after = learned->ends[from][i] + i / step % 3 - 1;
		run_cut(bench, &cut);
	}
	for (uint64_t left = 0; left <= tail; left += cut_bench_is_full() ? 1 : stride) {
		cut.after = total - left;
		run_cut(bench, &cut);
	}
	expect_outcomes_seen(bench, &cut);
}

static void run_sweeps(struct cut_bench *bench, bool rounds, unsigned thin)
{
	struct cut_report learned;

	cut_bench_open(bench, rounds);
	learned = learn(bench);
	for (size_t i = 0; i < SWEEPS; i++)
		run_sweep(bench, &sweeps[i], &learned, thin);
}

static void outcomes_of_flushes_are_true(void **state)
{
	run_sweeps(*state, true, 1);
}

static void outcomes_of_commits_are_true(void **state)
{
	run_sweeps(*state, false, 4);
}

/* ---- while the outcome is asked for ---- */

/*
 * COMMIT is delivered and its answer lost. The connection that asks for the outcome is cut, too,
 * and the next one is not.
 */
static void cut_again(struct cut_bench *bench, enum cut_from from, uint64_t after, unsigned parts)
{
	struct cut cut = { .kind = CUT_ANSWERS, .from = from, .after = after };
	uint64_t later;

	bench->made = bench->unmade = bench->unknown = 0;
	run_cut(bench, &cut);
	later = cutting_proxy_report()->later[from];
	assert_true(later > 0);
	for (unsigned i = 1; i <= parts; i++) {
		cut.again = later * i / parts;
		run_cut(bench, &cut);
	}
	for (unsigned i = 1; i < parts; i++) {
		cut.again = later - i * 7;
		run_cut(bench, &cut);
	}
	assert_int_equal(bench->made, 2 * parts);
}

static void outcomes_are_found_by_a_further_connection(void **state)
{
	struct cut_bench *bench = *state;
	struct cut_report learned;

	cut_bench_open(bench, true);
	learned = learn(bench);
	cut_again(bench, CUT_CLIENT, learned.bytes[CUT_CLIENT], cut_bench_is_full() ? 500 : 3);
	cut_again(bench, CUT_SERVER, learned.bytes[CUT_SERVER] - 1, cut_bench_is_full() ? 500 : 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CUT_TEST(outcomes_of_flushes_are_true),
		CUT_TEST(outcomes_of_commits_are_true),
		CUT_TEST(outcomes_are_found_by_a_further_connection),
	};

	return CHECK_RUN(tests);
}
