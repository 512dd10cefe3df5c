/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import type { State } from "../../src/api/types.ts";
import { bulkCounts, isAsSeen, isBulk, offersOf } from "../../src/model/offers.ts";
import { taskWith } from "./task.ts";

const offers = (state: State, more = {}) => offersOf(taskWith({ state, ...more })).join(" ");

test("the state decides", () => {
	assert.equal(offers("pending"), "cancel set_priority archive delete");
	assert.equal(offers("running"), "cancel set_priority archive delete");
	assert.equal(offers("failed"), "retry archive delete");
	assert.equal(offers("cancelled", { archived: true }), "retry unarchive delete");
	assert.equal(offers("succeeded"), "archive delete");
});

test("a bulk that runs is cancelled only", () => {
	const bulk = { kind: "bulk", fields: { do: "cancel" } };
	assert.ok(isBulk(taskWith(bulk)));
	assert.ok(!isBulk(taskWith({ kind: "bulk" })) && !isBulk(taskWith({ ...bulk, dialect: "fourhse" })));
	assert.equal(offers("running", bulk), "cancel");
	assert.equal(offers("cancelled", bulk), "archive delete");
	assert.equal(offers("succeeded", { ...bulk, archived: true }), "delete");
});

test("counts of a bulk", () => {
	assert.deepEqual(bulkCounts(taskWith({ progress: { done: 3, refused: 1, total: 9 } })), [3, 1, 9]);
	for (const progress of [null, "done", 5, { done: { valueOf: 1, toString: 1 }, total: "9" }])
		assert.deepEqual(bulkCounts(taskWith({ progress })), [0, 0, 0]);
});

test("progress does not change a decision, another attempt does", () => {
	const seen = taskWith({ state: "running", attempt: 1 });
	assert.ok(isAsSeen(seen, { ...seen, revision: 9, progress: 50, updated_at: "later" }));
	assert.ok(!isAsSeen(seen, { ...seen, attempt: 2 }));
	assert.ok(!isAsSeen(seen, { ...seen, archived: true }));
	assert.ok(!isAsSeen(seen, { ...seen, status: "received" }));
});
