/*
 * Several processes change tasks of several tenants, in transactions that take their numbers in
 * another order than they are committed, and some of which are undone. A reader beside them misses
 * no event and sees none twice.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "feed_fixture.h"
#include "race.h"
#include "store/journal/journal.h"

#define ROUNDS	150
#define TASKS	6 /* of each tenant; each writer has its own ones too */
#define OWN	100
#define TENANTS 3

#define DEADLINE_MS 120000

static const char *const tenants[TENANTS] = { "acme", "beta", "gamma" };
static pid_t racers[RACERS]; /* 0: it has ended */

/* ---- writers ---- */

static unsigned draw(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % below;
}

uint64_t __wrap_journal_take_numbers(struct store *store, struct str tenant, uint64_t count);
uint64_t __real_journal_take_numbers(struct store *store, struct str tenant, uint64_t count);

/*
 * Between the number and its entry: once an entry is written, its page is locked, and the next
 * ones of the tenant wait.
 */
uint64_t __wrap_journal_take_numbers(struct store *store, struct str tenant, uint64_t count)
{
	uint64_t number = __real_journal_take_numbers(store, tenant, count);
	unsigned seed = (unsigned)number * 2654435761U + 1;

	if (draw(&seed, 4) == 0)
		usleep(draw(&seed, 3000));
	return number;
}

/* Between the entry and the commit. */
static bool linger(const struct op *op, const struct task *before, const struct task *after,
	struct op *next, struct err *err)
{
	unsigned seed = (unsigned)op->change.priority * 2654435761U + 1;
	unsigned kind = draw(&seed, 8);

	(void)before, (void)after, (void)next;
	if (kind == 0)
		usleep(draw(&seed, 2000));
	return kind != 1 || err_set(err, ERR_INVALID, NULL, NULL);
}

/* Whether it was changed. */
static bool change(struct store *store, const char *tenant, unsigned number, int32_t priority)
{
	struct op op = fixture_op(OP_UPDATE, number);
	struct err err = { 0 };

	op.tenant = str_cstr(tenant);
	op.change.set = CHANGE_PRIORITY;
	op.change.priority = priority;
	op.follow = linger;
	for (;;) {
		if (crowd_apply(store, &op, &err))
			return true;
		if (err.code == ERR_INVALID)
			return false;
		if (err.code != ERR_BUSY)
			_exit(91);
	}
}

/* A transaction of all tenants. */
static void import_tasks(struct store *store, unsigned racer, unsigned round)
{
	struct task tasks[TENANTS];
	struct err err = { 0 };

	for (unsigned i = 0; i < TENANTS; i++)
		tasks[i] = (struct task){ .id = fixture_id(OWN + racer),
			.tenant = str_cstr(tenants[i]),
			.dialect = DIALECT_A,
			.state = TASK_PENDING,
			.priority = (int32_t)round,
			.revision = 1,
			.created = 1000,
			.updated = 1000 };
	while (!store_put_tasks(store, tasks, TENANTS, &err)) {
		if (err.code != ERR_BUSY)
			_exit(92);
	}
}

/* What begins after the place of now was given comes behind it; revision is that of its event. */
static void check_now(struct store *store, unsigned racer, unsigned round, uint64_t revision)
{
	const struct id own = fixture_id(OWN + racer);
	struct op_feed query = { .start = FEED_FROM_NOW, .limit = 1 };
	struct op op = feed_op(&query);
	struct result result = { 0 };
	bool more = true, seen = false;

	race_insist(store, &op, &result);
	query = (struct op_feed){ .start = FEED_FROM_PLACE,
		.after = result.feed->next,
		.limit = FEED_PAGE_MAX,
		.filter = { .ids = &own, .id_count = 1 } };
	store_result_free(&result);
	import_tasks(store, racer, round);
	for (int64_t until = clock_mono_ms() + 20000; more && clock_mono_ms() < until;) {
		race_insist(store, &op, &result);
		for (size_t i = 0; i < result.feed->count; i++)
			seen |= result.feed->events[i].entry.revision == revision;
		more = !seen;
		query.after = result.feed->next;
		store_result_free(&result);
	}
	track->wrong += !seen;
}

static void write_tasks(struct store *store, unsigned racer)
{
	unsigned seed = racer + 1;
	int32_t priority = (int32_t)(racer * 1000000);
	uint64_t revision = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned tenant = draw(&seed, TENANTS);

		if (change(store, tenants[tenant], 1 + draw(&seed, TASKS), ++priority))
			track->made++;
		if (round % 10 == racer) {
			check_now(store, racer, round, ++revision);
			track->made += TENANTS;
		}
	}
	track->given++;
	race_leave(store);
}

/* ---- the reader ---- */

struct follower {
	struct op_feed query;
	uint64_t revisions[OWN + RACERS]; /* of the last event of each task */
	uint64_t seen;
};

static unsigned number_of(const struct id *id)
{
	return (unsigned)id->bytes[14] << 8 | id->bytes[15];
}

static void follow(struct store *store, struct follower *follower, const char *tenant)
{
	struct result result = feed_read(store, tenant, &follower->query);
	uint64_t last = follower->query.after.number;

	for (size_t i = 0; i < result.feed->count; i++) {
		const struct journal_entry *entry = &result.feed->events[i].entry;
		uint64_t *revision = &follower->revisions[number_of(&entry->id)];

		assert_true(entry->number > last);
		last = entry->number;
		assert_int_equal(entry->revision, *revision + 1);
		*revision = entry->revision;
		follower->seen++;
	}
	assert_true(result.feed->next.number >= last);
	follower->query.start = FEED_FROM_PLACE;
	follower->query.after = result.feed->next;
	store_result_free(&result);
}

static void reader_sees_each_event_once(void **state)
{
	static struct follower followers[TENANTS];
	struct store *store = crowd_recover("feed");
	int64_t until = clock_mono_ms() + DEADLINE_MS;
	uint64_t seen = 0, empty = 0;

	(void)state;
	for (unsigned i = 0; i < TENANTS; i++) {
		followers[i] = (struct follower){ .query.limit = 5 };
		for (unsigned n = 1; n <= TASKS; n++) {
			struct op op = fixture_op(OP_CREATE, n);

			op.tenant = str_cstr(tenants[i]);
			claim_apply(store, &op);
		}
	}
	for (unsigned i = 0; i < RACERS; i++)
		racers[i] = crowd_start(write_tasks, i);
	while (track->given < RACERS) {
		assert_true(clock_mono_ms() < until);
		for (unsigned i = 0; i < TENANTS; i++) {
			uint64_t before = followers[i].seen;

			follow(store, &followers[i], tenants[i]);
			empty += followers[i].seen == before;
		}
	}
	for (unsigned i = 0; i < RACERS; i++) {
		race_await(racers[i]);
		racers[i] = 0;
	}
	for (unsigned i = 0; i < TENANTS; i++) {
		for (unsigned pages = 0; pages < 2000; pages++)
			follow(store, &followers[i], tenants[i]);
		seen += followers[i].seen;
	}
	print_message("# %u changes, %u of the attempts found nothing\n", (unsigned)track->made,
		(unsigned)empty);
	assert_int_equal(seen, track->made + TENANTS * TASKS);
	assert_int_equal(track->wrong, 0);
	for (size_t i = 0; i < STORE_PROCESSES; i++)
		assert_int_equal(crowd->store.journal_open[i], 0);
	store_close(store);
}

/* An assertion that fails leaves racers, which would write to the store while it is removed. */
static int end_racers(void **state)
{
	for (unsigned i = 0; i < RACERS; i++) {
		if (racers[i] > 0) {
			kill(racers[i], SIGKILL);
			waitpid(racers[i], NULL, 0);
		}
	}
	return race_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			reader_sees_each_event_once, race_setup, end_racers),
	};

	check_use_disk();
	return CHECK_RUN(tests);
}
