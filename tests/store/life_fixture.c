#include "life_fixture.h"

#include <stdlib.h>

#define HOUR ((int64_t)3600 * 1000)

const char *const life_kinds[LIFE_KINDS] = { "", "a", "ab", "b" };

unsigned life_kind(unsigned number)
{
	return number % LIFE_KINDS;
}

static uint8_t dialect_of(unsigned number)
{
	return number % 3 == 0 ? DIALECT_B : DIALECT_A;
}

bool life_read(struct store *store, unsigned number, struct task *task)
{
	struct op op = fixture_op(OP_READ, number);
	struct result result = { 0 };
	struct err err = { 0 };
	bool ok;

	op.dialect = 0;
	ok = store_apply(store, &op, &result, &err);
	if (!ok)
		assert_err(&err, ERR_NOT_FOUND);
	*task = result.task;
	store_result_free(&result);
	return ok;
}

static void create(struct store *store, unsigned number, int64_t now)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.dialect = dialect_of(number);
	op.now = now;
	op.change.set = CHANGE_KIND | CHANGE_PRIORITY;
	op.change.kind = str_cstr(life_kinds[life_kind(number)]);
	op.change.priority = rand() % 3 - 1;
	if (rand() % 4 == 0) {
		op.change.set |= CHANGE_NOT_BEFORE;
		op.change.not_before = optional_time(now + rand() % HOUR);
	}
	fixture_error(store, &op);
}

static void claim_some(struct store *store, int64_t now)
{
	struct op_claim claim = claim_any(1 + (unsigned)rand() % 4);
	struct op op = claim_op(&claim);

	claim.worker = rand() % 2 ? STR("w1") : STR("w2");
	op.now = now;
	claim_apply(store, &op);
}

static void report(struct store *store, unsigned number, int64_t now)
{
	static const enum report_kind reports[] = { REPORT_HEARTBEAT, REPORT_COMPLETE, REPORT_FAIL,
		REPORT_RELEASE, REPORT_UNDO };
	struct op op = claim_report(reports[rand() % 5], number, 0);
	struct arena arena = { 0 };
	struct task task;

	op.now = now;
	op.arena = &arena;
	if (life_read(store, number, &task))
		op.report.token = task.lease.token;
	fixture_error(store, &op);
	arena_free(&arena);
}

static void change_state(struct store *store, unsigned number, int64_t now)
{
	struct op op = fixture_op(OP_UPDATE, number);

	op.dialect = 0;
	op.now = now;
	op.change.state = (enum task_state)(TASK_PENDING + rand() % 5);
	if (rand() % 4 == 0) {
		op.change.set = CHANGE_ARCHIVED;
		op.change.archived = rand() % 2;
	}
	fixture_error(store, &op);
}

static void end(struct store *store, unsigned number)
{
	struct op op = fixture_op(rand() % 3 ? OP_ARCHIVE : OP_REMOVE, number);

	op.dialect = 0;
	fixture_error(store, &op);
}

void life_change(struct store *store, int64_t now)
{
	unsigned number = (unsigned)rand() % LIFE_TASKS;

	switch (rand() % 8) {
	case 0:
	case 1:
	case 2:
		create(store, number, now);
		break;
	case 3:
		claim_some(store, now);
		break;
	case 4:
	case 5:
		report(store, number, now);
		break;
	case 6:
		change_state(store, number, now);
		break;
	default:
		if (rand() % 3 == 0)
			end(store, number);
		break;
	}
}
