/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import { indent } from "../../src/model/indent.ts";
import { processorTime } from "./processor.ts";

test("the layout is that of JSON.stringify", () => {
	const value = { a: [1, { b: [], c: {} }, "x"], d: null, e: '{"[,:]" \\', f: [[true]] };
	assert.equal(indent(JSON.stringify(value)), JSON.stringify(value, null, 2));
	assert.equal(indent(JSON.stringify(value, null, "\t")), JSON.stringify(value, null, 2));
	for (const scalar of ['"a b"', "1", "null", "[]", "{}"]) assert.equal(indent(` ${scalar}\n`), scalar);
	assert.equal(indent("[[ ],{\n}]"), "[\n  [],\n  {}\n]");
});

test("numbers and texts stay as they were written", () => {
	assert.equal(
		indent('[100.0,1e2,18446744073709551615,"\\u00e9 \\/"]'),
		'[\n  100.0,\n  1e2,\n  18446744073709551615,\n  "\\u00e9 \\/"\n]',
	);
});

test("texts that are cut off or deep take linear time", () => {
	const time = processorTime(() => {
		const cut = `["${'\\"'.repeat(100_000)}`;
		assert.equal(indent(cut).replace(/\s/g, ""), cut);
		assert.ok(indent("[".repeat(20_000)).length < 5e6);
	});
	assert.ok(time < 3000, `${time} ms`);
});

test("text that is not JSON is accepted", () => {
	for (const text of ["", '"', "]]]]", '{"a', "[".repeat(10), `"${"\\".repeat(100_001)}`])
		assert.equal(typeof indent(text), "string");
	assert.equal(indent(`["${"a".repeat(300_000)}"]`).length, 300_000 + 8);
});
