/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HistoryEntry, Task } from "../../src/api/types.ts";
import { periods } from "../../src/model/timeline.ts";
import { at, historyOf, taskWith, time } from "./task.ts";

/** "Pending 0-2 claimed": names, seconds since the creation, what ended it. */
function shown(task: Task, entries: HistoryEntry[], now = 100): string[] {
	const second = (ms: number) => (ms - at(0)) / 1000;
	return periods(task, entries, at(now)).map(({ name, from, to, end }) =>
		`${name} ${second(from)}-${second(to)} ${end}`.trim(),
	);
}

const ended = { state: "succeeded", finished_at: time(20) } as const;
const life = historyOf(
	[0, "created", null, "pending"],
	[2, "claimed", "pending", "running", 1],
	[3, "progress", "running", "running", 1],
	[5, "failed", "running", "pending", 1],
	[8, "ready", "pending", "pending"],
	[9, "claimed", "pending", "running", 2],
	[20, "completed", "running", "succeeded", 2],
);

test("attempts, and the delay between them", () => {
	assert.deepEqual(shown(taskWith(ended), life), [
		"Pending 0-2 claimed",
		"Attempt 1 2-5 failed",
		"Delay 5-8 ready",
		"Pending 8-9 claimed",
		"Attempt 2 9-20 completed",
	]);
});

test("the last period ends now, or at the end of the task", () => {
	assert.equal(shown(taskWith({ state: "running" }), life.slice(1)).at(-1), "Attempt 2 9-100");
	assert.equal(shown(taskWith(ended), life.slice(1)).at(-1), "Attempt 2 9-20");
	const delayed = taskWith({ ready_after: time(130) });
	assert.deepEqual(shown(delayed, life.slice(-1)), ["Delay 0-100"]);
});

test("a clock that is behind does not cause negative durations", () => {
	assert.equal(shown(taskWith({ state: "running" }), life.slice(-2), 1).at(-1), "Attempt 1 2-2");
});

test("a failed task that was retried", () => {
	const again = historyOf(
		[0, "created", null, "pending"],
		[4, "changed", "pending", "failed"],
		[50, "retried", "failed", "pending"],
	);
	assert.deepEqual(shown(taskWith({}), again), [
		"Pending 0-4 changed",
		"Ended 4-50 retried",
		"Pending 50-100",
	]);
});

test("a task whose history is incomplete or gone", () => {
	assert.deepEqual(shown(taskWith(ended), life.slice(0, 2)), [
		"Earlier 0-9 claimed",
		"Attempt 2 9-20 completed",
	]);
	assert.deepEqual(shown(taskWith({ ...ended, started_at: time(7) }), []), [
		"Pending 0-7 changed",
		"Running 7-20 changed",
	]);
	assert.deepEqual(shown(taskWith({}), []), ["Pending 0-100"]);
	assert.equal(
		shown(taskWith({ ...ended, finished_at: time(0) }), historyOf([0, "created", null, "succeeded"])).length,
		1,
	);
});
