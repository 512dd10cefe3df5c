/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMarkdown } from "../../src/model/markdown.ts";
import { processorTime } from "./processor.ts";

test("paragraphs end at empty lines", () => {
	assert.deepEqual(parseMarkdown(""), []);
	assert.deepEqual(parseMarkdown("\n \n"), []);
	assert.deepEqual(parseMarkdown("a\n  b\r\n\r\nc"), [
		{ isList: false, items: [[{ text: "a b" }]] },
		{ isList: false, items: [[{ text: "c" }]] },
	]);
});

test("lists, with items of more than one line", () => {
	assert.deepEqual(parseMarkdown("before\n- a\n  more\n- `b`\n\nafter\n1. x\n2. y"), [
		{ isList: false, items: [[{ text: "before" }]] },
		{ isList: true, items: [[{ text: "a more" }], [{ text: "b", isCode: true }]] },
		{ isList: false, items: [[{ text: "after" }]] },
		{ isList: true, items: [[{ text: "x" }], [{ text: "y" }]] },
	]);
	assert.deepEqual(parseMarkdown("-no item")[0], { isList: false, items: [[{ text: "-no item" }]] });
});

test("code and links", () => {
	assert.deepEqual(parseMarkdown("see `a[b](c)` and [RFC 9457](https://example.com/a?b#c).")[0]?.items[0], [
		{ text: "see " },
		{ text: "a[b](c)", isCode: true },
		{ text: " and " },
		{ text: "RFC 9457", link: "https://example.com/a?b#c" },
		{ text: "." },
	]);
});

test("anything else is plain text", () => {
	const texts = [
		"<script>alert(1)</script>",
		"[x](javascript:alert(1))",
		"[x](data:text/html,x)",
		"[x](//example.com)",
		"[x](https://)",
		"[](https://example.com)",
		"`open",
		"``",
		"**bold** _x_",
		"# no heading",
		"| a | b |",
		"![x](/y)",
		"\u202ereversed",
	];
	for (const text of texts)
		assert.deepEqual(parseMarkdown(text), [{ isList: false, items: [[{ text }]] }], text);
});

test("long texts are parsed in linear time", () => {
	for (const part of [
		"[",
		"`",
		"[x](",
		"[x](https://",
		"- ",
		"- a\n",
		"\n",
		"a\nb",
		"`a`",
		"[".repeat(50) + "](",
	]) {
		const time = processorTime(() => parseMarkdown(part.repeat(2e5 / part.length)));
		assert.ok(time < 1000, `${part}: ${time} ms`);
	}
});
