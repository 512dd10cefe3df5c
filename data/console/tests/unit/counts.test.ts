/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KindCounts, State } from "../../src/api/types.ts";
import { countOf, countWhere, kindsOf, readCounts } from "../../src/model/counts.ts";
import { dialectName, hasEnded, share, summary } from "../../src/model/states.ts";
import type { Task } from "../../src/api/types.ts";

function row(dialect: string, kind: string | null, states: Partial<Record<State, number>>): KindCounts {
	const none = { last_minute: 0, last_hour: 0, last_day: 0 };
	const all = { pending: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, ...states };
	return {
		dialect,
		kind,
		states: all,
		ready: 0,
		delayed: 0,
		oldest_waiting_at: null,
		succeeded: none,
		failed: none,
	};
}

const ROWS = [
	row("native", "a", { pending: 1, failed: 2 }),
	row("native", "b", { pending: 10 }),
	row("idol", null, { failed: 100 }),
	row("fourhse", "a", { running: 8 }),
];

test("counts by state, dialect and kind", () => {
	assert.equal(countOf([], [], []), 0);
	assert.equal(countOf(ROWS, [], []), 121);
	assert.equal(countOf(ROWS, ["pending"], []), 11);
	assert.equal(countOf(ROWS, ["pending", "failed"], ["native"]), 13);
	assert.equal(countOf(ROWS, ["pending", "failed"], [], ["a"]), 3);
	assert.equal(countOf(ROWS, [], ["native"], ["a", "b"]), 13);
	assert.equal(countOf(ROWS, ["constructor"], []), 0);
	assert.equal(countOf(ROWS, [], ["__proto__"]), 0);
});

test("a list with counted conditions has the counted total", () => {
	assert.equal(countWhere(ROWS, { kind: ["a"] }), 11);
	assert.equal(countWhere(ROWS, { kind: ["a"], state: ["failed"], dialect: ["native"] }), 2);
	assert.equal(countWhere(ROWS, { kind: ["c"] }), 0);
	assert.equal(countWhere(ROWS, {}), 121);
	assert.equal(countWhere(ROWS, { kind: ["a"], archived: ["any"] }), undefined);
	assert.equal(countWhere(undefined, {}), undefined);
	assert.equal(
		countWhere(Array<KindCounts>(10_000).fill(ROWS[0]!), {}),
		undefined,
		"some kinds were not read",
	);
});

test("kinds are sorted by their number of tasks", () => {
	assert.deepEqual(kindsOf(ROWS), ["a", "b"]);
	assert.deepEqual(kindsOf([row("native", "__proto__", { failed: 1 }), row("native", "", { failed: 1 })]), [
		"__proto__",
	]);
});

test("all pages of the counts are read, up to a limit", async (context) => {
	const addresses: string[] = [];
	context.mock.method(globalThis, "fetch", (address: string) => {
		addresses.push(address);
		const next = address.includes("endless") || addresses.length < 3 ? "endless" : null;
		return Promise.resolve(Response.json({ items: [ROWS[0]], next: addresses.length === 1 ? "c&1" : next }));
	});
	const rows = await readCounts(new AbortController().signal);
	assert.equal(addresses[0], "/v1/stats");
	assert.equal(addresses[1], "/v1/stats?cursor=c%261");
	assert.equal(rows.length, 10);
});

const task = (fields: Record<string, unknown>) => ({ fields }) as Task;

test("the summary of a task is its most descriptive field", () => {
	assert.equal(summary(task({})), "");
	assert.equal(summary(task({ url: "u", name: "n" })), "n");
	assert.equal(summary(task({ name: " ", title: 5, url: " u " })), "u");
	assert.equal(summary(task({ name: { toString: "x" }, description: null })), "");
	assert.equal(summary(task({ name: "x".repeat(1e6) })).length, 300);
	assert.equal(summary(task(JSON.parse('{"__proto__":{"name":"x"}}') as Record<string, unknown>)), "");
});

test("progress as a share", () => {
	const cases: [unknown, number | undefined][] = [
		[50, 0.5],
		[-5, 0],
		[500, 1],
		[{ percent: 25 }, 0.25],
		[{ done: 1, total: 4 }, 0.25],
		[{ percent: "25", done: 1, total: 2 }, 0.5],
		[{ done: 1, total: 0 }, undefined],
		[{ done: 1n, total: 2n }, undefined],
		["50", undefined],
		[null, undefined],
		[[], undefined],
		[undefined, undefined],
	];
	for (const [progress, wanted] of cases) assert.equal(share(progress), wanted);
});

test("words of tasks", () => {
	assert.equal(dialectName("idol"), "IDOL");
	assert.equal(dialectName("external"), "external");
	assert.equal(dialectName("constructor"), "constructor");
	assert.equal(hasEnded({ state: "failed" }), true);
	assert.equal(hasEnded({ state: "running" }), false);
});
