/* Which requests announce their tasks to a shared engine, and read what it has brought. */
#include "serve/parking.h"
#include "serve/rounds_fixture.h"

static char task[ROUNDS_URI];

static void make_task(void)
{
	char token[ROUNDS_TOKEN];

	rounds_make_task();
	rounds_claim_task(task, token);
	memory_reads = (struct memory_reads){ 0 };
}

static void expect_reads(unsigned announced, unsigned prefetched)
{
	assert_int_equal(memory_reads.announced, announced);
	assert_int_equal(memory_reads.prefetched, prefetched);
	memory_reads = (struct memory_reads){ 0 };
}

static void reads_of_one_task_are_announced(void **state)
{
	(void)state;
	make_task();
	loop_send(1, "GET", task);
	loop_send(2, "HEAD", task);
	rounds_run();
	rounds_expect(1, 200, "\"id\":");
	rounds_expect(2, 200, "");
	expect_reads(2, 2);
}

static void absent_tasks_are_announced(void **state)
{
	(void)state;
	loop_send(1, "GET", "/v1/tasks/01900000-0000-7000-8000-000000000000");
	rounds_run();
	rounds_expect(1, 404, "");
	expect_reads(1, 1);
}

/* It reads the counter of changes first. An older row may lack a change that was counted. */
static void a_read_that_waits_is_not_prefetched(void **state)
{
	static const char *const fields[] = { "HTTP_PREFER", "wait=20", NULL };

	(void)state;
	make_task();
	loop_send_body(1, "GET", task, "", fields);
	rounds_run();
	rounds_expect_none(1);
	expect_reads(0, 0);
	parking_end(&loop.shared);
	rounds_run();
	rounds_expect(1, 200, "\"id\":");
	expect_reads(0, 0);
}

static void other_requests_announce_nothing(void **state)
{
	(void)state;
	make_task();
	loop_send(1, "GET", "/v1/tasks");
	loop_send(2, "GET", "/v1/tasks/0");
	rounds_run();
	rounds_expect(1, 200, "");
	rounds_expect(2, 404, "");
	rounds_post(1, "/v1/tasks", "{}");
	rounds_expect(1, 201, "");
	loop_send_body(1, "PATCH", task, "{\"priority\":3}", NULL);
	rounds_run();
	rounds_expect(1, 200, "");
	expect_reads(0, 0);
}

/* Whatever a decoder does to the request is done once. */
static void errors_are_reported_as_without_it(void **state)
{
	(void)state;
	loop_send(1, "GET", "/api/v2/import-tasks?foo=1");
	loop_send(2, "GET", "/api/v2/import-tasks/1?foo=1");
	rounds_run();
	rounds_expect(1, 400, "foo");
	rounds_expect(2, 400, "foo");
	expect_reads(0, 0);
}

static void a_read_of_a_lost_round_is_made_again(void **state)
{
	(void)state;
	make_task();
	rounds_lose(1);
	rounds_open_round();
	loop_send(1, "GET", task);
	rounds_run();
	rounds_expect(1, 200, "\"id\":");
	expect_reads(1, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROUNDS_TEST(reads_of_one_task_are_announced),
		ROUNDS_TEST(absent_tasks_are_announced),
		ROUNDS_TEST(a_read_that_waits_is_not_prefetched),
		ROUNDS_TEST(other_requests_announce_nothing),
		ROUNDS_TEST(errors_are_reported_as_without_it),
		ROUNDS_TEST(a_read_of_a_lost_round_is_made_again),
	};
	struct err err;

	must(fcgi_init(&err), &err);
	return CHECK_RUN(tests);
}
