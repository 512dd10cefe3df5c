/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import { whyWaiting } from "../../src/model/waiting.ts";
import { at, statsWith, taskWith, time } from "./task.ts";

const why = (task: Parameters<typeof taskWith>[0], stats = statsWith(1, 999)) =>
	whyWaiting(taskWith(task), stats, at(1000));

test("reasons in the task itself take precedence", () => {
	assert.match(why({ archived: true, not_before: time(9999) }), /archived/);
	assert.match(why({ not_before: time(1090), ready_after: time(1090) }), /in 1 min/);
	assert.match(why({ ready_after: time(1012) }), /tried again in 12 s/);
	assert.doesNotMatch(why({ not_before: time(999), ready_after: time(1000) }), /not_before|again/);
});

test("workers that do not ask", () => {
	assert.match(why({}, statsWith(1, null)), /No worker has asked/);
	assert.match(why({}, statsWith(1, 600)), /No worker has asked/);
	const all = statsWith(1, 999);
	all.workers!.drain_all = true;
	assert.match(why({}, all), /All workers are drained/);
	const one = statsWith(1, 999);
	one.workers!.items[0]!.drain = true;
	assert.match(why({}, one), /drained/);
	const many = statsWith(1, null);
	many.workers!.complete = false;
	assert.doesNotMatch(why({}, many), /No worker has asked/);
});

test("other tasks of its kind", () => {
	assert.match(why({}, statsWith(1200, 999)), /^1.200 tasks of its kind are ready/);
	assert.match(why({}), /only one/);
	const states = { pending: 2, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
	assert.match(
		why({}, statsWith(2, 999, { states, oldest_waiting_at: time(700) })),
		/for 5 min: perhaps none asks.*2 tasks/,
	);
	assert.equal(why({}, { ...statsWith(1, 999), items: [] }), "");
});
