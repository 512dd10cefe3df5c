/// <reference types="node" />
/** Texts of the search box, also hostile ones: they come from an address that anybody can send. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { complete, parseSearch, termValues, terms, withTerm } from "../../src/model/search.ts";
import { processorTime } from "./processor.ts";

const NOW = Date.parse("2026-11-28T12:00:00Z");
const ID = "01a22282-b044-704f-b9e7-5b24d4d6dc08";
const parse = (text: string) => parseSearch(text, NOW);
const conditions = (text: string) => ({ ...parse(text).conditions });

/** The start of a day in the zone of this machine. */
const day = (year: number, month: number, date: number) => new Date(year, month - 1, date).toISOString();

test("no text has no conditions", () => {
	for (const text of ["", " ", "\t\n\u00a0"])
		assert.deepEqual(parse(text), { conditions: {}, sort: "-created", id: "", fault: "" });
});

test("qualifiers become conditions", () => {
	const search = parse(
		'state:failed,cancelled dialect:idol kind:"two words" kind:b archived:any sort:-updated',
	);
	assert.equal(search.fault, "");
	assert.equal(search.sort, "-updated");
	assert.deepEqual(search.conditions, {
		state: ["failed", "cancelled"],
		dialect: ["idol"],
		kind: ["two words", "b"],
		archived: ["any"],
	});
	assert.deepEqual(conditions("kind:"), { kind: [""] });
	assert.deepEqual(conditions("fields.product-id:7 dialect:idol"), {
		"fields.product-id": ["7"],
		dialect: ["idol"],
	});
});

test("an id leads to its task", () => {
	assert.equal(parse(ID.toUpperCase()).id, ID);
	assert.equal(parse(`${ID}x`).id, "");
	assert.notEqual(parse(`${ID}x`).fault, "");
});

test("ages and dates", () => {
	assert.deepEqual(conditions("created:<2h"), { created_from: ["2026-11-28T10:00:00.000Z"] });
	assert.deepEqual(conditions("created:2h"), { created_from: ["2026-11-28T10:00:00.000Z"] });
	assert.deepEqual(conditions("updated:>7d"), { updated_to: ["2026-11-21T12:00:00.000Z"] });
	assert.deepEqual(conditions("created:>2026-11-01"), { created_from: [day(2026, 11, 1)] });
	assert.deepEqual(conditions("created:<2026-11-01"), { created_to: [day(2026, 11, 1)] });
	assert.deepEqual(conditions("created:2026-11-01"), {
		created_from: [day(2026, 11, 1)],
		created_to: [day(2026, 11, 2)],
	});
	assert.deepEqual(conditions("created:2026-11-01..2h"), {
		created_from: [day(2026, 11, 1)],
		created_to: ["2026-11-28T10:00:00.000Z"],
	});
	assert.deepEqual(conditions("created:>2026-11-01T10:00+02:00"), {
		created_from: ["2026-11-01T08:00:00.000Z"],
	});
	assert.deepEqual(conditions("created:>2026-11-01T10:00"), {
		created_from: [new Date(2026, 10, 1, 10).toISOString()],
	});
});

test("days that do not exist are faults", () => {
	const wrong = [
		"2026-02-29",
		"2026-02-31",
		"2026-04-31",
		"2026-13-01",
		"2026-00-10",
		"2026-01-00",
		"2026-01-01T25:00",
	];
	for (const text of [
		...wrong,
		"",
		"<",
		"..",
		"2h..",
		"2h..1h..30m",
		"-1h",
		"1.5h",
		"1y",
		"1234567w",
		"now",
		"<>2h",
	]) {
		const search = parse(`created:${text}`);
		assert.match(search.fault, /^created: is an age/, text);
		assert.deepEqual(search.conditions, {}, text);
	}
	for (const text of ["2028-02-29", "2026-12-31", "2000-02-29"])
		assert.equal(parse(`created:${text}`).fault, "", text);
});

test("times outside the service's range are clamped", () => {
	assert.deepEqual(conditions("created:>999999w"), { created_to: ["1970-01-01T00:00:00.000Z"] });
	assert.deepEqual(conditions("created:<0000-01-01"), { created_to: ["1970-01-01T00:00:00.000Z"] });
	assert.equal(conditions("created:9999-12-31").created_to?.[0]?.slice(0, 10), "9999-12-31");
});

test("values that the service would refuse are faults", () => {
	const wrong = [
		"state:",
		"state:,",
		"state:done",
		"state:failed,x",
		'state:"failed "',
		"dialect:other",
		"failure:x",
	];
	const more = [
		"archived:",
		"archived:yes",
		"priority:1.5",
		"priority:2147483648",
		"priority:",
		"number:-1",
		"sort:foo",
	];
	for (const text of [...wrong, ...more, "sort:--created", "nothing:x", "word", ":", "::", ":x", '"', '""'])
		assert.notEqual(parse(text).fault, "", text);
	for (const text of [
		"priority:-2147483648",
		"priority:2147483647",
		"number:18446744073709551615",
		"sort:fields.a",
	])
		assert.equal(parse(text).fault, "", text);
	assert.equal(parse("created:<2h created:<3h").fault, "created: is given twice");
	assert.equal(parse("archived:any archived:true").fault, "archived: is given twice");
	assert.equal(parse("created:>2026-01-01 created:<2026-02-01").fault, "");
});

test("constructor and __proto__ are not qualifiers", () => {
	for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "__defineGetter__"]) {
		const search = parse(`${name}:x`);
		assert.match(search.fault, /^there is no qualifier/, name);
		assert.deepEqual(search.conditions, {});
		assert.deepEqual(complete(`${name}:`, name.length + 1, []), []);
	}
	assert.deepEqual(Object.keys(parse("fields.__proto__:x").conditions), ["fields.__proto__"]);
	assert.equal(({} as Record<string, unknown>).x, undefined);
});

test("terms cover any text", () => {
	const texts = [
		'a"b',
		'kind:"a\\',
		'kind:"\\\n',
		'kind:"a"b',
		"\ud83d",
		"état:x",
		"a:b:c",
		'\\"',
		"kind:\u202eabc",
		"\0",
	];
	for (const text of texts) {
		const found = terms(text);
		assert.ok(found.length > 0);
		assert.equal(found.map(({ start, end }) => text.slice(start, end)).join(""), text, text);
	}
	assert.equal(terms('kind:"a\\')[0]?.value, "a");
	assert.equal(terms('kind:"a\\"b"')[0]?.value, 'a"b');
});

test("a term that is set can be read back", () => {
	const values = [
		"",
		"a",
		"two words",
		'say "hi"',
		"a\\b",
		'a\\ "b',
		"ünï 😀",
		"a:b",
		":",
		"a,b",
		'"',
		"\\",
		"a\nb",
		"x".repeat(1e5),
	];
	for (const before of ["", "state:failed", "word", 'kind:"open', 'kind:"open\\', '"open', "kind:"])
		for (const value of values) {
			const text = withTerm(before, "status", [value]);
			assert.deepEqual(termValues(text, "status"), [value], text.slice(0, 80));
			assert.equal(terms(text).length, terms(before).length + 1, text.slice(0, 80));
			assert.deepEqual(terms(withTerm(text, "status", [])).length, terms(before).length);
		}
	assert.equal(
		withTerm("state:failed kind:a", "state", ["pending", "running"]),
		"kind:a state:pending,running",
	);
	assert.equal(withTerm("state:failed", "state", []), "");
});

test("completions follow the cursor", () => {
	const labels = (text: string, cursor = text.length) =>
		complete(text, cursor, ["report", "two words"]).map(({ label }) => label);
	assert.ok(labels("").includes("state:"));
	assert.deepEqual(labels("sta"), ["state:", "status:"]);
	assert.deepEqual(labels("state:p"), ["pending"]);
	assert.deepEqual(labels("state:pending,"), ["running", "succeeded", "failed", "cancelled"]);
	assert.deepEqual(labels("kind:two"), ["two words"]);
	assert.equal(complete("kind:two", 8, ["two words"])[0]?.text, 'kind:"two words" ');
	assert.deepEqual(labels("unknown:"), []);
	assert.ok(labels("state:failed  kind:a", 13).includes("dialect:"));
});

test("long texts are parsed in linear time", () => {
	const texts = [
		"x".repeat(1e6),
		'"' + "a".repeat(1e6),
		'"' + "\\".repeat(1e6),
		"a:".repeat(5e5),
		":".repeat(1e6),
		" ".repeat(1e6),
		"kind:x ".repeat(2e4),
		"state:failed ".repeat(2e4),
		`state:${"failed,".repeat(2e5)}`,
		".".repeat(1e6),
	];
	for (const text of texts) {
		const time = processorTime(() => {
			const search = parse(text);
			complete(text, text.length, []);
			withTerm(text, "status", ["x"]);
			assert.ok(search.fault.length < 200, search.fault.slice(0, 200));
		});
		assert.ok(time < 2000, `${text.slice(0, 20)}: ${time} ms`);
	}
});
