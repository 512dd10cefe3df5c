/* What hosts of a shared store tell each other, so that requests that wait look again. */
#include <stdlib.h>

#include "store/claim_fixture.h"
#include "store/hosts/hosts.h"
#include "store/internal.h"
#include "store/pg/pg_server.h"
#include "store/pg/shared_stores.h"
#include "store/wake.h"

/* The hosts as their keepers know them; the first poll of each finds the other. */
struct keepers {
	struct store_hosts a, b;
};

static void poll_host(struct store *store, struct store_hosts *hosts)
{
	struct err err = { 0 };

	/* Another host is looked for once a second. */
	hosts->found_ms = 0;
	must(store_hosts_poll(store, hosts, &err), &err);
}

static void poll_all(const struct shared_stores *stores, struct keepers *keepers)
{
	poll_host(stores->a, &keepers->a);
	poll_host(stores->b, &keepers->b);
}

/* Until each knows the other and has read all of its rows. */
static struct keepers meet(const struct shared_stores *stores)
{
	struct keepers keepers = { 0 };

	for (int i = 0; i < 3; i++)
		poll_all(stores, &keepers);
	assert_int_equal(keepers.a.count, 1);
	assert_int_equal(keepers.b.count, 1);
	return keepers;
}

static void part(struct keepers *keepers)
{
	store_hosts_free(&keepers->a);
	store_hosts_free(&keepers->b);
}

static uint64_t changes(const struct store *store, unsigned number)
{
	struct id id = fixture_id(number);

	return store_wake_count(store, store_task_source(STR("acme"), &id));
}

static void a_change_wakes_the_requests_of_another_host(void **state)
{
	const struct shared_stores *stores = *state;
	struct keepers keepers = meet(stores);
	uint64_t task = changes(stores->b, 1), other = changes(stores->b, 2);
	uint64_t ready = store_wake_count(stores->b, store_ready_source(STR("acme")));

	claim_create(stores->a, 1, NULL, 0);
	assert_int_equal(changes(stores->b, 1), task);
	poll_all(stores, &keepers);
	assert_int_equal(changes(stores->b, 1), task + 1);
	assert_true(store_wake_count(stores->b, store_ready_source(STR("acme"))) > ready);
	assert_int_equal(changes(stores->b, 2), other);
	part(&keepers);
}

static void what_was_heard_is_not_told_again(void **state)
{
	const struct shared_stores *stores = *state;
	struct keepers keepers = meet(stores);
	uint64_t a, b;

	claim_create(stores->a, 1, NULL, 0);
	poll_all(stores, &keepers);
	a = changes(stores->a, 1);
	b = changes(stores->b, 1);
	for (int i = 0; i < 3; i++)
		poll_all(stores, &keepers);
	assert_int_equal(changes(stores->a, 1), a);
	assert_int_equal(changes(stores->b, 1), b);
	part(&keepers);
}

/* It may have ended before it told its last changes. */
static void a_silent_host_wakes_all_requests_once(void **state)
{
	const struct shared_stores *stores = *state;
	struct keepers keepers = meet(stores);
	uint64_t before = changes(stores->b, 7);

	keepers.b.others[0].heard_ms -= HOSTS_SILENT_MS;
	poll_host(stores->b, &keepers.b);
	assert_int_equal(changes(stores->b, 7), before + 1);
	poll_host(stores->b, &keepers.b);
	assert_int_equal(changes(stores->b, 7), before + 1);
	part(&keepers);
}

static void the_rows_of_a_host_that_has_ended_are_removed(void **state)
{
	const struct shared_stores *stores = *state;
	struct keepers keepers = meet(stores);
	char rows[16];

	keepers.b.others[0].heard_ms -= HOSTS_FORGET_MS;
	poll_host(stores->b, &keepers.b);
	assert_int_equal(keepers.b.count, 0);
	pg_server_ask(
		"SELECT count(DISTINCT substr(key, 1, 8)) FROM polytask.hosts", rows, sizeof(rows));
	assert_string_equal(rows, "1");
	/* It was only cut off. */
	claim_create(stores->a, 1, NULL, 0);
	poll_all(stores, &keepers);
	assert_int_equal(keepers.b.count, 1);
	part(&keepers);
}

static void a_host_removes_its_old_rows(void **state)
{
	const struct shared_stores *stores = *state;
	struct keepers keepers = meet(stores);
	char rows[16];

	for (unsigned i = 1; i <= 10; i++) {
		claim_create(stores->a, i, NULL, 0);
		poll_host(stores->a, &keepers.a);
	}
	for (size_t i = 0; i < keepers.a.kept_count; i++)
		keepers.a.kept_ms[i] -= HOSTS_KEEP_MS;
	claim_create(stores->a, 11, NULL, 0);
	poll_host(stores->a, &keepers.a);
	pg_server_ask("SELECT max(n) FROM (SELECT count(*) AS n FROM polytask.hosts GROUP BY "
		      "substr(key, 1, 8)) AS hosts",
		rows, sizeof(rows));
	assert_true(atoi(rows) <= 3);
	part(&keepers);
}

static void rows_that_are_no_list_of_counters_do_no_harm(void **state)
{
	const struct shared_stores *stores = *state;
	struct keepers keepers = meet(stores);
	uint64_t before = changes(stores->b, 1);

	pg_server_do("INSERT INTO polytask.hosts (key, value) SELECT substr(key, 1, 8) || "
		     "'\\x00ffffffffffff00'::bytea, '\\xffffffffffffffffffffffffffffff' FROM "
		     "polytask.hosts ON CONFLICT DO NOTHING");
	pg_server_do("INSERT INTO polytask.hosts (key, value) VALUES ('\\x01', ''), "
		     "('\\x0000000000000001000000000000000100', '\\x80')");
	poll_all(stores, &keepers);
	assert_int_equal(changes(stores->b, 1), before);
	part(&keepers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHARED_TEST(a_change_wakes_the_requests_of_another_host),
		SHARED_TEST(what_was_heard_is_not_told_again),
		SHARED_TEST(a_silent_host_wakes_all_requests_once),
		SHARED_TEST(the_rows_of_a_host_that_has_ended_are_removed),
		SHARED_TEST(a_host_removes_its_old_rows),
		SHARED_TEST(rows_that_are_no_list_of_counters_do_no_harm),
	};

	return CHECK_RUN(tests);
}
