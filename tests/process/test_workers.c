/* The roles of workers, and the sockets that they accept from. */
#include "lib/check.h"
#include "process/workers.h"

static const struct fcgi_sockets both = { .main = 5, .read = 6 },
				 single = { .main = 5, .read = -1 };

static void check_seats(const struct fcgi_sockets *sockets, uint64_t asked, long processors,
	int workers, int writers, int readers)
{
	assert_int_equal(workers_seats(ROLE_WORKER, sockets, asked, processors, false), workers);
	assert_int_equal(workers_seats(ROLE_WRITER, sockets, asked, processors, false), writers);
	assert_int_equal(workers_seats(ROLE_READER, sockets, asked, processors, false), readers);
}

static void check_shared_seats(const struct fcgi_sockets *sockets, uint64_t asked, long processors,
	int workers, int writers, int readers)
{
	assert_int_equal(workers_seats(ROLE_WORKER, sockets, asked, processors, true), workers);
	assert_int_equal(workers_seats(ROLE_WRITER, sockets, asked, processors, true), writers);
	assert_int_equal(workers_seats(ROLE_READER, sockets, asked, processors, true), readers);
}

static void two_sockets_have_one_writer_on_any_number_of_processors(void **state)
{
	(void)state;
	check_seats(&both, 0, -1, 0, 1, 1);
	check_seats(&both, 0, 1, 0, 1, 1);
	check_seats(&both, 0, 2, 0, 1, 2);
	check_seats(&both, 0, 9, 0, 1, 9);
	check_seats(&both, 0, 1000, 0, 1, 63);
}

static void the_option_counts_the_writer_too(void **state)
{
	(void)state;
	check_seats(&both, 2, 8, 0, 1, 1);
	check_seats(&both, 64, 8, 0, 1, 63);
}

static void a_single_worker_does_both(void **state)
{
	(void)state;
	check_seats(&both, 1, 8, 1, 0, 0);
}

static void a_single_socket_has_workers_that_do_both(void **state)
{
	(void)state;
	check_seats(&single, 0, 8, 1, 0, 0);
	check_seats(&single, 3, 8, 3, 0, 0);
}

static void half_of_the_workers_of_a_shared_store_write(void **state)
{
	(void)state;
	check_shared_seats(&both, 0, -1, 0, 2, 2);
	check_shared_seats(&both, 0, 2, 0, 2, 2);
	check_shared_seats(&both, 0, 9, 0, 9, 9);
	check_shared_seats(&both, 0, 1000, 0, 32, 32);
	check_shared_seats(&both, 1, 8, 1, 0, 0);
	check_shared_seats(&both, 2, 8, 0, 1, 1);
	check_shared_seats(&both, 5, 8, 0, 2, 3);
	check_shared_seats(&both, 64, 8, 0, 32, 32);
	check_shared_seats(&single, 0, 8, 8, 0, 0);
	check_shared_seats(&single, 3, 8, 3, 0, 0);
}

static void other_roles_have_no_seats(void **state)
{
	(void)state;
	assert_int_equal(workers_seats(ROLE_KEEPER, &both, 4, 4, true), 0);
	assert_int_equal(workers_seats(ROLE_NOTIFIER, &both, 4, 4, false), 0);
	assert_int_equal(workers_seats(ROLE_OPERATOR, &both, 4, 4, false), 0);
}

static void each_role_accepts_from_its_sockets(void **state)
{
	static const struct {
		enum role role;
		int listeners[FCGI_SOCKETS];
	} cases[] = {
		{ ROLE_WORKER, { 5, 6 } },
		{ ROLE_WRITER, { 5, -1 } },
		{ ROLE_READER, { -1, 6 } },
		{ ROLE_KEEPER, { -1, -1 } },
		{ ROLE_NOTIFIER, { -1, -1 } },
	};
	int listeners[FCGI_SOCKETS];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		workers_listeners(cases[i].role, &both, listeners);
		assert_memory_equal(listeners, cases[i].listeners, sizeof(listeners));
	}
}

static void a_writer_and_a_reader_suffice_together(void **state)
{
	(void)state;
	assert_false(workers_suffice((const bool[ROLES]){ [ROLE_WRITER] = true }));
	assert_false(workers_suffice((const bool[ROLES]){ [ROLE_READER] = true }));
	assert_true(workers_suffice((const bool[ROLES]){
		[ROLE_WRITER] = true,
		[ROLE_READER] = true,
	}));
	assert_true(workers_suffice((const bool[ROLES]){ [ROLE_WORKER] = true }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(two_sockets_have_one_writer_on_any_number_of_processors),
		CHECK(the_option_counts_the_writer_too),
		CHECK(a_single_worker_does_both),
		CHECK(a_single_socket_has_workers_that_do_both),
		CHECK(half_of_the_workers_of_a_shared_store_write),
		CHECK(other_roles_have_no_seats),
		CHECK(each_role_accepts_from_its_sockets),
		CHECK(a_writer_and_a_reader_suffice_together),
	};

	return CHECK_RUN(tests);
}
