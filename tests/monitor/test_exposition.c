/* The text format of Prometheus. tests/e2e/test_metrics.py runs promtool on the whole. */
#include "lib/check.h"
#include "monitor/exposition.h"

static void expect(struct buf *out, const char *want)
{
	assert_true(buf_ok(out));
	buf_putc(out, '\0');
	assert_string_equal(out->data, want);
	buf_free(out);
}

static void family_begins_with_help_and_type(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	exposition_begin(&out, "things_total", METRIC_COUNTER, "Things that were made.");
	exposition_sample(&out, "things_total", NULL, 3);
	expect(&out, "# HELP polytask_things_total Things that were made.\n"
		     "# TYPE polytask_things_total counter\n"
		     "polytask_things_total 3\n");
}

static void labels_are_escaped(void **state)
{
	const struct metric_label labels[] = { { "a", STR("x\"y\\z\n}") }, { "b", STR_NULL },
		{ 0 } };
	struct buf out = BUF_INIT;

	(void)state;
	exposition_sample(&out, "thing", labels, 0.25);
	expect(&out, "polytask_thing{a=\"x\\\"y\\\\z\\n}\",b=\"\"} 0.25\n");
}

static void large_counts_are_exact(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	exposition_sample(&out, "thing", NULL, 999999999999999.0);
	exposition_sample(&out, "time", NULL, 1795850416.025);
	expect(&out, "polytask_thing 999999999999999\npolytask_time 1795850416.025\n");
}

static void buckets_are_cumulative(void **state)
{
	static const int64_t bounds[HISTOGRAM_BOUNDS] = { 1000, 2000, 3000000, 4000000, 5000000,
		6000000, 7000000, 8000000, 9000000, 10000000, 11000000, 12000000, 13000000,
		14000000 };
	const struct metric_label labels[] = { { "k", STR("v") }, { 0 } };
	struct histogram histogram = { 0 };
	struct buf out = BUF_INIT;

	(void)state;
	histogram_add(&histogram, bounds, 1000);
	histogram_add(&histogram, bounds, 1001);
	histogram_add(&histogram, bounds, 20000000);
	histogram_add(&histogram, bounds, -5);
	exposition_histogram(&out, "time", labels, &histogram, bounds);
	buf_putc(&out, '\0');
	assert_non_null(strstr(out.data, "polytask_time_bucket{k=\"v\",le=\"0.001\"} 2\n"));
	assert_non_null(strstr(out.data, "polytask_time_bucket{k=\"v\",le=\"0.002\"} 3\n"));
	assert_non_null(strstr(out.data, "polytask_time_bucket{k=\"v\",le=\"14\"} 3\n"));
	assert_non_null(strstr(out.data, "polytask_time_bucket{k=\"v\",le=\"+Inf\"} 4\n"));
	assert_non_null(strstr(out.data, "polytask_time_sum{k=\"v\"} 20.002001\n"));
	assert_non_null(strstr(out.data, "polytask_time_count{k=\"v\"} 4\n"));
	buf_free(&out);
}

static void bounds_ascend(void **state)
{
	(void)state;
	for (size_t i = 1; i < HISTOGRAM_BOUNDS; i++) {
		assert_true(histogram_fast[i] > histogram_fast[i - 1]);
		assert_true(histogram_slow[i] > histogram_slow[i - 1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(family_begins_with_help_and_type),
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(large_counts_are_exact),
		cmocka_unit_test(buckets_are_cumulative),
		cmocka_unit_test(bounds_ascend),
	};

	return CHECK_RUN(tests);
}
