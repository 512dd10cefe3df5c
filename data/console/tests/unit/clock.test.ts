/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, duration, exact, relative, zone } from "../../src/model/clock.ts";

const AT = Date.parse("2026-11-28T12:00:00Z");
const before = (ms: number) => relative(new Date(AT - ms).toISOString(), AT);

test("durations have two units at most", () => {
	const cases: [number, string][] = [
		[-5, "0 ms"],
		[0, "0 ms"],
		[0.4, "0 ms"],
		[999.4, "999 ms"],
		[999.6, "1.0 s"],
		[4200, "4.2 s"],
		[59_999, "59 s"],
		[60_000, "1 min"],
		[200_000, "3 min 20 s"],
		[3_605_000, "1 h"],
		[187_200_000, "2 d 4 h"],
		[8.64e15, "100000000 d"],
	];
	for (const [ms, text] of cases) assert.equal(duration(ms), text);
	for (const ms of [NaN, Infinity, -Infinity]) assert.equal(duration(ms), "–");
});

test("relative times have one unit", () => {
	assert.equal(before(0), "now");
	assert.equal(before(999), "now");
	assert.equal(before(-999), "now");
	assert.equal(before(12_000), "12 s ago");
	assert.equal(before(-180_000), "in 3 min");
	assert.equal(before(3_600_000), "1 h ago");
	assert.equal(before(400 * 86_400_000), "400 d ago");
	assert.equal(relative("9999-12-31T23:59:59.999Z", AT).startsWith("in "), true);
});

test("a text that is not a time is returned unchanged", () => {
	for (const text of ["", "never", "2026-13-01T00:00:00Z", "<b>"]) {
		assert.equal(relative(text, AT), text);
		assert.equal(exact(text), text);
		assert.equal(clock(text), text);
	}
});

test("exact times name their zone, clocks have milliseconds", () => {
	assert.ok(exact("2026-11-28T12:00:00.123Z").endsWith(` ${zone}`));
	assert.match(clock("2026-11-28T12:34:56.789Z"), /34\W56\W789/);
	assert.match(clock("2026-11-28T12:34:56Z"), /34\W56\W000/);
});
