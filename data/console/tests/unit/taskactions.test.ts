/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import type { State } from "../../src/api/types.ts";
import { bulkCounts, isUnchanged, isBulk, allowedActions } from "../../src/model/taskactions.ts";
import { taskWith } from "./task.ts";

const actions = (state: State, more = {}) => allowedActions(taskWith({ state, ...more })).join(" ");

test("the actions of each state", () => {
	assert.equal(actions("pending"), "cancel set_priority archive delete");
	assert.equal(actions("running"), "cancel set_priority archive delete");
	assert.equal(actions("failed"), "retry archive delete");
	assert.equal(actions("cancelled", { archived: true }), "retry unarchive delete");
	assert.equal(actions("succeeded"), "archive delete");
});

test("a running bulk can only be cancelled", () => {
	const bulk = { kind: "bulk", fields: { do: "cancel" } };
	assert.ok(isBulk(taskWith(bulk)));
	assert.ok(!isBulk(taskWith({ kind: "bulk" })) && !isBulk(taskWith({ ...bulk, dialect: "fourhse" })));
	assert.equal(actions("running", bulk), "cancel");
	assert.equal(actions("cancelled", bulk), "archive delete");
	assert.equal(actions("succeeded", { ...bulk, archived: true }), "delete");
});

test("counts of a bulk", () => {
	assert.deepEqual(bulkCounts(taskWith({ progress: { done: 3, refused: 1, total: 9 } })), [3, 1, 9]);
	for (const progress of [null, "done", 5, { done: { valueOf: 1, toString: 1 }, total: "9" }])
		assert.deepEqual(bulkCounts(taskWith({ progress })), [0, 0, 0]);
});

test("progress does not change a decision, another attempt does", () => {
	const seen = taskWith({ state: "running", attempt: 1 });
	assert.ok(isUnchanged(seen, { ...seen, revision: 9, progress: 50, updated_at: "later" }));
	assert.ok(!isUnchanged(seen, { ...seen, attempt: 2 }));
	assert.ok(!isUnchanged(seen, { ...seen, archived: true }));
	assert.ok(!isUnchanged(seen, { ...seen, status: "received" }));
});
