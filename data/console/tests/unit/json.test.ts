/// <reference types="node" />
/** JSON whose integers stay exact, where the machine has the reviver's source text. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatJson, parseJson } from "../../src/api/json.ts";

const isExact = "rawJSON" in JSON;

test("values are unchanged after formatting and parsing", () => {
	for (const text of [
		'{"a":[1,-1,0.5,1e3,true,null,"x"]}',
		'"\\ud83d"',
		"[]",
		"{}",
		"0",
		'{"":{"":""}}',
		'"</script>"',
	])
		assert.deepEqual(parseJson(text), JSON.parse(text));
	assert.equal(formatJson({ a: [1, "x", null] }), '{"a":[1,"x",null]}');
	assert.equal(formatJson({ a: 1 }, 2), '{\n  "a": 1\n}');
});

test("__proto__ is an ordinary member", () => {
	const value = parseJson('{"__proto__":{"x":1},"constructor":2,"toJSON":"no"}') as Record<string, unknown>;
	assert.deepEqual(Object.keys(value), ["__proto__", "constructor", "toJSON"]);
	assert.equal(value.x, undefined);
	assert.equal(formatJson(value), '{"__proto__":{"x":1},"constructor":2,"toJSON":"no"}');
});

test("text that is not JSON is rejected", () => {
	for (const text of ["", "{", "undefined", "[1,]", "01", "'a'", "NaN", "{}{}"])
		assert.throws(() => parseJson(text));
	assert.throws(() => parseJson("[".repeat(1e6)));
});

test("large integers stay exact", { skip: !isExact && "no JSON.rawJSON here" }, () => {
	for (const digits of [
		"9007199254740993",
		"-9223372036854775808",
		"18446744073709551615",
		"1".repeat(400),
	]) {
		assert.equal(parseJson(digits), BigInt(digits));
		assert.equal(formatJson(parseJson(`{"n":[${digits}]}`)), `{"n":[${digits}]}`);
	}
	assert.equal(parseJson("9007199254740991"), 9007199254740991);
	assert.equal(parseJson("1e20"), 1e20);
	assert.equal(parseJson('"9007199254740993"'), "9007199254740993");
});

test("without exact integers they are rounded, not lost", () => {
	assert.equal(Number(parseJson("9007199254740993")), 9007199254740992);
	assert.equal(formatJson(10n), "10");
});
