/* What the metrics show of a scoreboard. */
#include "base/clock.h"
#include "lib/check.h"
#include "monitor/family.h"

struct shown {
	struct scoreboard *scoreboard;
	struct conf conf;
	struct census_page page;
	struct buf text;
};

static void show(struct shown *shown)
{
	struct metrics_view view = {
		.scoreboard = shown->scoreboard, .conf = &shown->conf, .census = &shown->page
	};

	buf_reset(&shown->text);
	metrics_write(&view, &shown->text);
	buf_putc(&shown->text, '\0');
	assert_true(buf_ok(&shown->text));
}

static void expect_line(struct shown *shown, const char *line)
{
	if (!strstr(shown->text.data, line))
		fail_msg("not shown: %s", line);
}

static void begin(struct shown *shown)
{
	*shown = (struct shown){ .scoreboard = scoreboard_new() };
	assert_non_null(shown->scoreboard);
	conf_defaults(&shown->conf);
}

static void end(struct shown *shown)
{
	scoreboard_free(shown->scoreboard);
	buf_free(&shown->text);
}

/* A family that is named twice would be refused by Prometheus. */
static void names_are_unique(void **state)
{
	struct shown shown;
	const char *at, *end_of_line;
	size_t count = 0;

	(void)state;
	begin(&shown);
	show(&shown);
	for (at = shown.text.data; (at = strstr(at, "# TYPE ")); at = end_of_line) {
		char line[200];

		end_of_line = strchr(at + 7, ' ');
		snprintf(line, sizeof(line), "%.*s ", (int)(end_of_line - at), at);
		assert_null(strstr(end_of_line, line));
		count++;
	}
	assert_true(count > 50);
	end(&shown);
}

static void every_route_has_its_own_counters(void **state)
{
	struct request_numbers numbers;
	size_t routes = 0;

	(void)state;
	request_numbers_init(&numbers);
	for (size_t i = 0; dialects[i]; i++) {
		assert_true(numbers.first[dialects[i]->code] > 0);
		for (size_t j = 0; dialects[i]->routes[j].method != METHOD_NONE; j++)
			routes++;
	}
	assert_true(numbers.count <= REQUEST_ROUTES);
	/* Room for half as many again: a new route must not be counted as none. */
	assert_true(routes * 3 / 2 < REQUEST_ROUTES);
}

static void requests_have_their_route_and_code(void **state)
{
	struct request_numbers numbers;
	const struct dialect *dialect = dialects[0];
	struct shown shown;
	size_t number;

	(void)state;
	begin(&shown);
	request_numbers_init(&numbers);
	number = request_number(&numbers, dialect, dialect->routes, CALL_NO_ROUTE);
	request_metrics_add(&shown.scoreboard->requests, number, 200, ERR_NONE, 300);
	request_metrics_add(&shown.scoreboard->requests, number, 299, ERR_NONE, -1);
	number = request_number(&numbers, NULL, NULL, CALL_NO_ROUTE);
	request_metrics_add(&shown.scoreboard->requests, number, 404, ERR_NO_ROUTE, 100);
	show(&shown);
	expect_line(&shown, "code=\"200\"} 1\n");
	expect_line(&shown, "code=\"other\"} 1\n");
	expect_line(&shown, "polytask_http_requests_total{dialect=\"\",method=\"\","
			    "route=\"(none)\",code=\"404\"} 1\n");
	expect_line(&shown, "polytask_http_errors_total{error=\"no-route\"} 1\n");
	expect_line(&shown, "le=\"0.0005\"} 1\n");
	end(&shown);
}

static void totals_of_ended_workers_count(void **state)
{
	struct shown shown;
	struct scoreboard_slot *slot;

	(void)state;
	begin(&shown);
	slot = &shown.scoreboard->slots[3];
	slot->role = ROLE_READER;
	slot->counters.undone = 2;
	slot->counters.parked = 7;
	show(&shown);
	expect_line(&shown, "polytask_claims_undone_total 2\n");
	expect_line(&shown, "polytask_worker_parked_requests 7\n");
	scoreboard_end_child(shown.scoreboard, slot);
	assert_int_equal(shown.scoreboard->ended_version, 2);
	show(&shown);
	expect_line(&shown, "polytask_claims_undone_total 2\n");
	expect_line(&shown, "polytask_worker_parked_requests 0\n");
	end(&shown);
}

/* Between two steps of the supervisor the sum is too small or too large. */
static void counters_without_a_moment_are_left_out(void **state)
{
	struct shown shown;

	(void)state;
	begin(&shown);
	shown.scoreboard->ended_version = 1;
	show(&shown);
	expect_line(&shown, "# TYPE polytask_claims_undone_total counter\n");
	assert_null(strstr(shown.text.data, "\npolytask_claims_undone_total "));
	end(&shown);
}

static void figures_have_base_units(void **state)
{
	struct shown shown;
	struct store_health *health;

	(void)state;
	begin(&shown);
	health = &shown.scoreboard->store.health;
	health->log_files = 3;
	show(&shown);
	/* Unknown before the keeper has run. */
	assert_null(strstr(shown.text.data, "\npolytask_store_log_files "));
	shown.scoreboard->slots[1].role = ROLE_KEEPER;
	shown.scoreboard->slots[1].state = CHILD_READY;
	health->checkpoint_ms = 1500;
	health->scrub_progress = 250000;
	health->archive = ARCHIVE_FAILING;
	health->last_backup = 0;
	health->last_checkpoint = 1795850416025;
	show(&shown);
	expect_line(&shown, "polytask_store_checkpoint_duration_seconds 1.5\n");
	expect_line(&shown, "polytask_store_scrub_progress_ratio 0.25\n");
	expect_line(&shown, "polytask_archive_state{state=\"failing\"} 1\n");
	expect_line(&shown, "polytask_archive_state{state=\"working\"} 0\n");
	expect_line(&shown, "polytask_store_last_checkpoint_timestamp_seconds 1795850416.025\n");
	assert_null(strstr(shown.text.data, "\npolytask_last_backup_timestamp_seconds "));
	end(&shown);
}

static void attempts_have_their_outcome(void **state)
{
	struct shown shown;

	(void)state;
	begin(&shown);
	attempt_metrics_add(&shown.scoreboard->attempts, ATTEMPT_ACCEPTED, 3);
	attempt_metrics_add(&shown.scoreboard->attempts, ATTEMPT_ACCEPTED, 2000);
	show(&shown);
	expect_line(&shown, "polytask_webhook_attempt_duration_seconds_bucket{"
			    "outcome=\"accepted\",le=\"0.005\"} 1\n");
	expect_line(&shown,
		"polytask_webhook_attempt_duration_seconds_count{outcome=\"accepted\"} 2\n");
	assert_null(strstr(shown.text.data, "outcome=\"timeout\""));
	end(&shown);
}

/* Of the fullest worker: each has the limit for itself. */
static void limits_of_the_configuration_are_shown(void **state)
{
	struct shown shown;

	(void)state;
	begin(&shown);
	shown.conf.reserve_mb = 64;
	shown.conf.waits = 200;
	show(&shown);
	expect_line(&shown, "polytask_disk_reserve_bytes 67108864\n");
	expect_line(&shown, "polytask_worker_waits_ratio 0\n");
	assert_null(strstr(shown.text.data, "\npolytask_workers "));
	shown.scoreboard->supervisor.workers = 3;
	for (size_t i = 0; i < 2; i++) {
		shown.scoreboard->slots[i].role = ROLE_READER;
		shown.scoreboard->slots[i].counters.parked = 40 + 40 * i;
		shown.scoreboard->slots[i].counters.streams = 10;
	}
	show(&shown);
	expect_line(&shown, "polytask_workers 3\n");
	expect_line(&shown, "polytask_worker_waits_ratio 0.45\n");
	shown.conf.waits = 0;
	show(&shown);
	assert_null(strstr(shown.text.data, "\npolytask_worker_waits_ratio "));
	end(&shown);
}

static void silent_supervisor_is_shown(void **state)
{
	struct shown shown;

	(void)state;
	begin(&shown);
	shown.scoreboard->supervisor.turn_ms = clock_mono_ms();
	show(&shown);
	expect_line(&shown, "polytask_live 1\n");
	shown.scoreboard->supervisor.turn_ms = clock_mono_ms() - 31000;
	show(&shown);
	expect_line(&shown, "polytask_live 0\n");
	end(&shown);
}

static void census_is_shown_when_there_is_one(void **state)
{
	struct shown shown;
	struct census_page *page;

	(void)state;
	begin(&shown);
	show(&shown);
	assert_null(strstr(shown.text.data, "\npolytask_tenant_tasks"));
	page = &shown.scoreboard->census.pages[1];
	*page = (struct census_page){ .at = 5000, .tenant_count = 1, .row_count = 2 };
	page->tenants[0] = (struct census_tenant){
		.name = "acme", .tasks = 4, .bytes = 99, .max_bytes = 1000
	};
	page->rows[0] = (struct census_row){ .dialect = dialects[0]->code, .ready = 3 };
	page->rows[0].states[TASK_PENDING] = 4;
	page->rows[1] = (struct census_row){
		.tenant = CENSUS_OTHERS, .dialect = dialects[0]->code, .ready = 11
	};
	page->other_tenants = 2;
	page->other_tasks = 11;
	shown.scoreboard->census.passes = 1;
	show(&shown);
	expect_line(&shown, "polytask_tenant_tasks{tenant=\"acme\"} 4\n");
	expect_line(&shown, "polytask_tenant_tasks{tenant=\"\"} 11\n");
	expect_line(&shown, "polytask_tasks_ready{tenant=\"\",dialect=");
	expect_line(&shown, "polytask_tenant_max_bytes{tenant=\"acme\"} 1000\n");
	assert_null(strstr(shown.text.data, "\npolytask_tenant_max_tasks{"));
	expect_line(&shown, "polytask_other_tenants 2\n");
	expect_line(&shown, "polytask_census_timestamp_seconds 5\n");
	expect_line(&shown, "state=\"pending\"} 4\n");
	end(&shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(every_route_has_its_own_counters),
		cmocka_unit_test(requests_have_their_route_and_code),
		cmocka_unit_test(totals_of_ended_workers_count),
		cmocka_unit_test(counters_without_a_moment_are_left_out),
		cmocka_unit_test(figures_have_base_units),
		cmocka_unit_test(attempts_have_their_outcome),
		cmocka_unit_test(limits_of_the_configuration_are_shown),
		cmocka_unit_test(silent_supervisor_is_shown),
		cmocka_unit_test(census_is_shown_when_there_is_one),
	};

	return CHECK_RUN(tests);
}
