#include "store/pg/cut_bench.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define PAUSE_MS 5

static const struct engine_ops *const ops = &pg_engine_ops;

/* ---- setup ---- */

int cut_bench_setup(void **state)
{
	struct cut_bench *bench = calloc(1, sizeof(*bench));

	hosts_setup((void **)&bench->hosts);
	*state = bench;
	if (!pg_server_url())
		return 0;
	cutting_proxy_start();
	cutting_proxy_release();
	allow_log("store-away");
	bench->url = cutting_proxy_url_of("cut");
	pg_waits.pause = PAUSE_MS;
	bench->patient = pg_waits;
	return 0;
}

int cut_bench_teardown(void **state)
{
	struct cut_bench *bench = *state;

	if (bench->is_cutting)
		print_error("cut: kind %d, from %d, after %llu, again %llu, refuses %d\n",
			bench->cut.kind, bench->cut.from, (unsigned long long)bench->cut.after,
			(unsigned long long)bench->cut.again, bench->cut.refuses);
	if (bench->url) {
		pg_waits = bench->patient;
		cutting_proxy_release();
	}
	if (bench->engine)
		ops->close(bench->engine);
	free(bench->url);
	*state = bench->hosts;
	free(bench);
	return hosts_teardown(state);
}

void cut_bench_open(struct cut_bench *bench, bool rounds)
{
	bench->rounds = rounds;
	assert_int_equal(hosts_open(&bench->engine, bench->url, rounds), ENGINE_OK);
}

bool cut_bench_is_full(void)
{
	const char *setting = getenv("POLYTASK_CUTS");

	return setting && strcmp(setting, "all") == 0;
}

/* With patience no outcome depends on the speed of the machine. */
static void set_waits(const struct cut_bench *bench)
{
	pg_waits = bench->patient;
	if (bench->cut.refuses)
		pg_waits.resolve = 4 * PAUSE_MS;
	if (bench->cut.kind == CUT_SILENT) {
		pg_waits.answer = pg_waits.commit = 200;
		pg_waits.resolve = 400;
		pg_waits.lock = 50;
	}
}

/* A run sends the same bytes whatever was prepared before. */
void cut_bench_arm(struct cut_bench *bench, const struct cut *cut)
{
	hosts_prepare_all(bench->engine);
	bench->cut = *cut;
	bench->is_cutting = true;
	set_waits(bench);
	cutting_proxy_arm(cut);
}

void cut_bench_disarm(struct cut_bench *bench)
{
	char sql[120];

	pg_waits = bench->patient;
	cutting_proxy_release();
	snprintf(sql, sizeof(sql),
		"SELECT count(*) <= %zu FROM pg_stat_activity WHERE application_name = 'cut'",
		cutting_proxy_report()->live);
	pg_server_await(sql);
	/* The only time for which the engine may say ENGINE_AWAY. */
	poll(NULL, 0, PAUSE_MS + 1);
}
