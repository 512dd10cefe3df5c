/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page, Task } from "../../src/api/types.ts";
import { merge, NONE, shiftOf, type Rows } from "../../src/model/taskrows.ts";

const tasks = (ids: string) => [...ids].map((id) => ({ id }) as Task);
const page = (ids: string, next: string | null, total: number | null = null): Page<Task> => ({
	items: tasks(ids),
	next,
	total,
});
const rows = (ids: string, next: string | null): Rows => ({ ...NONE, items: tasks(ids), next });
const ids = (all: Rows) => all.items.map(({ id }) => id).join("");

test("the first page", () => {
	const all = merge(NONE, page("abc", "n", 9), 3, "e");
	assert.deepEqual({ ...all, items: ids(all) }, { items: "abc", total: 9, next: "n", etag: "e", limit: 3 });
	assert.deepEqual(merge(NONE, page("", null, 0), 3, null), { ...NONE, total: 0, limit: 3 });
});

test("earlier rows after the new ones stay, with the cursor of the next page", () => {
	const all = merge(rows("abcdef", "far"), page("xab", "near"), 3, null);
	assert.equal(ids(all), "xabcdef");
	assert.equal(all.next, "far");
});

test("a complete list stays complete", () => {
	assert.equal(merge(rows("abcdef", null), page("abc", "near"), 3, null).next, null);
});

test("removed rows disappear", () => {
	assert.equal(ids(merge(rows("abcdef", "far"), page("acd", "near"), 3, null)), "acdef");
	assert.equal(ids(merge(rows("abc", "far"), page("ab", null), 3, null)), "ab");
	assert.equal(ids(merge(rows("abc", "far"), page("", null), 3, null)), "");
});

test("no row is duplicated", () => {
	assert.equal(ids(merge(rows("abcdef", "far"), page("fab", "near"), 3, null)), "fabcde");
	assert.equal(ids(merge(rows("abcdef", null), page("fedc", "near"), 4, null)), "fedc");
});

test("earlier rows are dropped if the new ones do not reach them", () => {
	const all = merge(rows("abcdef", "far"), page("xyz", "near"), 3, null);
	assert.equal(ids(all), "xyz");
	assert.equal(all.next, "near");
});

test("a page that ends where the service stopped looking says nothing of the rows behind", () => {
	const last = { ...rows("abc", "far"), limit: 9 };
	for (const [fresh, want] of [
		["", "abc"],
		["a", "abc"],
		["xb", "xbc"],
		["x", "xabc"],
	] as const) {
		const all = merge(last, page(fresh, "near"), 9, null);
		assert.equal(ids(all), want);
		assert.equal(all.next, "far");
	}
	assert.equal(merge({ ...last, next: null }, page("", "near"), 9, null).next, null, "all was looked at");
	assert.equal(merge(NONE, page("", "near"), 9, null).next, "near", "nothing was");
});

test("by how much the rows in sight have moved", () => {
	assert.equal(shiftOf(tasks("abcdef"), tasks("xyabcdef"), 2, 3), 2);
	assert.equal(shiftOf(tasks("abcdef"), tasks("abcdef"), 2, 3), 0);
	assert.equal(shiftOf(tasks("abcdef"), tasks("cabdef"), 2, 3), 0, "one that has moved to the top");
	assert.equal(shiftOf(tasks("abcdef"), tasks("bdef"), 3, 9), -2, "others were removed");
	assert.equal(shiftOf(tasks("abc"), tasks("xyz"), 1, 2), 0, "none is left");
});
