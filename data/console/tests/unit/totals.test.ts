/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import { byDialect, totalsOf, linesOf } from "../../src/model/totals.ts";
import { kind } from "./counts.ts";

test("sums over kinds, and the oldest of them", () => {
	const totals = totalsOf([
		kind("native", { pending: 3, failedHour: 2, succeededHour: 5, oldest: "2026-11-28T10:00:00.000Z" }),
		kind("idol", { pending: 4, running: 1, failedHour: 1, oldest: "2026-11-28T09:59:59.999Z" }),
		kind("idol", {}),
	]);
	assert.equal(totals.pending, 7);
	assert.equal(totals.running, 1);
	assert.equal(totals.failedHour, 3);
	assert.equal(totals.succeededHour, 5);
	assert.equal(totals.oldest, "2026-11-28T09:59:59.999Z");
	assert.equal(totalsOf([]).oldest, null);
});

test("rows are grouped by dialect in their order", () => {
	const rows = [kind("virtshell", {}), kind("native", {}), kind("native", { pending: 1 })];
	const groups = byDialect(rows).map(([dialect, own]) => [dialect, own.length]);
	assert.deepEqual(groups, [
		["virtshell", 1],
		["native", 2],
	]);
});

const FROM = Date.parse("2026-11-28T10:00:00Z");
const none = [0, 0, 0];
const series = (minutes: number, items: object[]) => ({
	at: new Date(FROM + minutes * 60_000).toISOString(),
	from: "2026-11-28T10:00:00.000Z",
	to: "2026-11-28T10:15:00.000Z",
	step_seconds: 300,
	items: items.map((item) => ({
		created: none,
		succeeded: none,
		failed: none,
		cancelled: none,
		...item,
	})) as never,
});

test("one line of ended tasks per dialect, then one of failed tasks", () => {
	const read = series(15, [
		{ dialect: "native", succeeded: [5, 0, 10], failed: [5, 0, 0], cancelled: [0, 5, 0] },
		{ dialect: "idol", created: [9, 9, 9] },
		{ dialect: "virtshell", failed: [0, 5, 0] },
	]);
	const { times, lines } = linesOf(read);
	assert.deepEqual(times, [FROM / 1000, FROM / 1000 + 300, FROM / 1000 + 600]);
	assert.deepEqual(
		lines.map(({ dialect, counts, rates }) => [dialect, counts, rates]),
		[
			["native", [10, 5, 10], [2, 1, 2]],
			["virtshell", [0, 5, 0], [0, 1, 0]],
			["", [5, 5, 0], [1, 1, 0]],
		],
	);
});

test("the rate of an unfinished step uses its length so far", () => {
	const rates = (minutes: number) =>
		linesOf(series(minutes, [{ dialect: "native", succeeded: [0, 0, 10] }])).lines[0]!.rates;
	assert.deepEqual(rates(12.5), [0, 0, 4]);
	assert.deepEqual(rates(10.5), [0, 0, null]);
	assert.deepEqual(linesOf(series(1, [])).lines, []);
});
