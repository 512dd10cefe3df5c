/* What one process of all hosts does at a time. */
#include "store/pg/pg_server.h"
#include "store/pg/shared_stores.h"
#include "store/role.h"

/* As if a second had passed. */
static bool renew(struct store *store, struct store_role *role)
{
	struct err err = { 0 };

	role->next_ms = 0;
	must(store_role_renew(store, role, &err), &err);
	return role->held;
}

static void one_host_has_it(void **state)
{
	const struct shared_stores *stores = *state;
	struct store_role a = { .name = "test" }, b = { .name = "test" }, other = { .name = "x" };

	assert_true(renew(stores->a, &a));
	assert_false(renew(stores->b, &b));
	assert_true(renew(stores->a, &a));
	assert_false(renew(stores->b, &b));
	assert_true(renew(stores->b, &other));
}

static void it_is_renewed_once_a_second(void **state)
{
	const struct shared_stores *stores = *state;
	struct store_role a = { .name = "test" };
	struct err err = { 0 };

	assert_true(renew(stores->a, &a));
	/* The server is not asked. */
	store_close(stores->a);
	((struct shared_stores *)*state)->a = NULL;
	must(store_role_renew(stores->b, &a, &err), &err);
	assert_true(a.held);
}

static void a_silent_host_loses_it(void **state)
{
	const struct shared_stores *stores = *state;
	struct store_role a = { .name = "test" }, b = { .name = "test" };

	assert_true(renew(stores->a, &a));
	assert_false(renew(stores->b, &b));
	b.since_ms -= ROLE_SILENT_MS;
	assert_true(renew(stores->b, &b));
	assert_false(renew(stores->a, &a));
}

/* Each beat begins the time of silence again. */
static void a_host_with_beats_keeps_it(void **state)
{
	const struct shared_stores *stores = *state;
	struct store_role a = { .name = "test" }, b = { .name = "test" };

	assert_true(renew(stores->a, &a));
	for (int i = 0; i < 3; i++) {
		assert_false(renew(stores->b, &b));
		b.since_ms -= ROLE_SILENT_MS;
		assert_true(renew(stores->a, &a));
	}
	assert_false(renew(stores->b, &b));
}

static void it_is_given_up_at_once(void **state)
{
	const struct shared_stores *stores = *state;
	struct store_role a = { .name = "test" }, b = { .name = "test" };
	struct err err = { 0 };

	assert_true(renew(stores->a, &a));
	assert_false(renew(stores->b, &b));
	must(store_role_give_up(stores->a, &a, &err), &err);
	assert_false(a.held);
	assert_true(renew(stores->b, &b));
	/* What another host has is not given up. */
	a.held = true;
	must(store_role_give_up(stores->a, &a, &err), &err);
	assert_true(renew(stores->b, &b));
}

static void after_an_error_it_is_not_held(void **state)
{
	const struct shared_stores *stores = *state;
	struct store_role a = { .name = "test" };
	struct err err = { 0 };

	assert_true(renew(stores->a, &a));
	pg_server_do("ALTER TABLE polytask.meta RENAME TO away");
	a.next_ms = 0;
	assert_false(store_role_renew(stores->a, &a, &err));
	assert_false(a.held);
	pg_server_do("ALTER TABLE polytask.away RENAME TO meta");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHARED_TEST(one_host_has_it),
		SHARED_TEST(it_is_renewed_once_a_second),
		SHARED_TEST(a_silent_host_loses_it),
		SHARED_TEST(a_host_with_beats_keeps_it),
		SHARED_TEST(it_is_given_up_at_once),
		SHARED_TEST(after_an_error_it_is_not_held),
	};

	return CHECK_RUN(tests);
}
