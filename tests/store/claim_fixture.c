#include "claim_fixture.h"

#include <stdio.h>

#include "store/due.h"

void claim_create(struct store *store, unsigned number, const char *kind, int32_t priority)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.change.set = CHANGE_PRIORITY;
	op.change.priority = priority;
	if (kind) {
		op.change.set |= CHANGE_KIND;
		op.change.kind = str_cstr(kind);
	}
	claim_apply(store, &op);
}

struct op_claim claim_any(unsigned max)
{
	return (struct op_claim){
		.worker = STR("w1"), .max = max, .lease_ms = 60000, .confirm_ms = 800
	};
}

struct op_claim claim_kinds(unsigned max, const struct str *kinds, size_t count)
{
	struct op_claim claim = claim_any(max);

	claim.kinds = kinds;
	claim.kind_count = count;
	return claim;
}

struct op claim_op(const struct op_claim *claim)
{
	struct op op = fixture_op(OP_CLAIM, 0);

	op.dialect = 0;
	op.now = CLAIM_NOW;
	op.claim = claim;
	return op;
}

void claim_numbers(
	struct store *store, const struct op_claim *claim, int64_t now, char *text, size_t size)
{
	struct op op = claim_op(claim);
	struct result result = { 0 };
	struct err err = { 0 };
	size_t used = 0;

	op.now = now;
	text[0] = '\0';
	must(store_apply(store, &op, &result, &err), &err);
	assert_int_equal(result.nothing, result.claimed_count == 0);
	for (size_t i = 0; i < result.claimed_count; i++) {
		const uint8_t *bytes = result.claimed[i].task.id.bytes;

		assert_int_equal(result.claimed[i].task.state, TASK_RUNNING);
		assert_true(result.claimed[i].task.lease.token != 0);
		used += (size_t)snprintf(
			text + used, size - used, "%s%d", i ? " " : "", bytes[14] << 8 | bytes[15]);
		assert_true(used < size);
	}
	store_result_free(&result);
}

void claim_expect(struct store *store, const struct op_claim *claim, const char *numbers)
{
	char text[1000];

	claim_numbers(store, claim, CLAIM_NOW, text, sizeof(text));
	assert_string_equal(text, numbers);
}

uint64_t claim_one(struct store *store, unsigned number)
{
	struct op_claim claim = claim_any(1);
	char text[12];

	snprintf(text, sizeof(text), "%u", number);
	claim_expect(store, &claim, text);
	return claim_read(store, number).lease.token;
}

struct op claim_report(enum report_kind kind, unsigned number, uint64_t token)
{
	struct op op = fixture_op(OP_UPDATE, number);

	op.dialect = 0;
	op.now = CLAIM_NOW;
	op.report = (struct op_report){ .kind = kind, .token = token };
	return op;
}

void claim_apply(struct store *store, const struct op *op)
{
	struct result result = { 0 };
	struct err err = { 0 };

	must(store_apply(store, op, &result, &err), &err);
	store_result_free(&result);
}

void claim_set_state(struct store *store, unsigned number, enum task_state state)
{
	struct op op = fixture_op(OP_UPDATE, number);

	op.leave_end = true;
	op.now = CLAIM_NOW;
	op.change.state = state;
	claim_apply(store, &op);
}

/* All leases, or all delays. */
static unsigned run_due(struct store *store, int64_t now, bool leases)
{
	struct buf place = BUF_INIT;
	struct arena arena = { 0 };
	struct err err = { 0 };
	unsigned count = 0;
	bool found = true;

	while (found) {
		struct op op = claim_report(REPORT_DUE, 0, 0);

		op.arena = &arena;
		op.now = now;
		must(store_next_due(store, now, leases, &place, &op.tenant, &op.id, &found, &err),
			&err);
		if (!found)
			break;
		claim_apply(store, &op);
		count++;
	}
	buf_free(&place);
	arena_free(&arena);
	return count;
}

unsigned claim_run_due(struct store *store, int64_t now)
{
	unsigned leases = run_due(store, now, true);

	return leases + run_due(store, now, false);
}

struct task claim_read(struct store *store, unsigned number)
{
	struct op op = fixture_op(OP_READ, number);
	struct result result = { 0 };
	struct err err = { 0 };
	struct task task;

	op.dialect = 0;
	must(store_apply(store, &op, &result, &err), &err);
	task = result.task;
	store_result_free(&result);
	return task;
}

size_t claim_put_worker(const struct worker_row *row, bool first, char *text, size_t size)
{
	size_t used = (size_t)snprintf(
		text, size, "%s%.*s", first ? "" : " ", STR_ARGS(worker_name(row)));

	if (row->tasks > 0)
		used += (size_t)snprintf(text + used, size - used, ":%d", (int)row->tasks);
	return used;
}
