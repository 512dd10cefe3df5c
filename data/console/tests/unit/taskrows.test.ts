/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page, Task } from "../../src/api/types.ts";
import {
	merge,
	NONE,
	pageBefore,
	replaceRows,
	shiftOf,
	withMark,
	type Rows,
} from "../../src/model/taskrows.ts";

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
	assert.deepEqual(
		{ ...all, items: ids(all) },
		{ ...NONE, items: "abc", total: 9, next: "n", etag: "e", limit: 3 },
	);
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

/** Rows with the letters of a text, whose priorities are their places there. */
const ranked = (text: string, priorities: Record<string, number> = {}) =>
	[...text].map((id, place) => ({ id, priority: priorities[id] ?? place, fields: {} }) as unknown as Task);
const SORT = "priority";
const list = (text: string, marks: string[] = [], next: string | null = "far"): Rows => {
	const all: Rows = { ...NONE, items: ranked(text), next };
	return marks.reduce((rows, id) => {
		const until = rows.items.slice(0, text.indexOf(id) + 1);
		return withMark(rows, { items: until, next: `after ${id}` }, SORT);
	}, all);
};

test("the page that begins above a row, as near as one was read", () => {
	const all = list("abcdefghi", ["c", "f"]);
	assert.deepEqual(pageBefore(all, 8, SORT), { at: 6, cursor: "after f" });
	assert.deepEqual(pageBefore(all, 6, SORT), { at: 6, cursor: "after f" });
	assert.deepEqual(pageBefore(all, 5, SORT), { at: 3, cursor: "after c" });
	assert.equal(pageBefore(all, 2, SORT), undefined);
	assert.deepEqual(pageBefore(all, 1000, SORT), { at: 6, cursor: "after f" });
});

test("a row that the order has moved, or that is gone, is the end of no page", () => {
	const all = list("abcdefghi", ["c", "f"]);
	const moved = { ...all, items: ranked("abcdefghi", { f: 100 }) };
	assert.deepEqual(pageBefore(moved, 8, SORT), { at: 3, cursor: "after c" });
	const changed = { ...all, items: all.items.map((task) => ({ ...task, state: "failed" as const })) };
	assert.equal(pageBefore(changed, 8, SORT)?.at, 6, "another change does not matter");
	const gone = withMark({ ...all, items: ranked("abdefghi") }, { items: [], next: "x" }, SORT);
	assert.equal(pageBefore(gone, 2, SORT), undefined);
	const field = { ...NONE, items: [{ id: "a", fields: { x: 1 } }] as unknown as Task[] };
	const marked = withMark(field, { items: field.items, next: "n" }, "-fields.x");
	assert.equal(pageBefore(marked, 1, "-fields.x")?.cursor, "n");
	const other = { ...marked, items: [{ id: "a", fields: { x: 2 } }] as unknown as Task[] };
	assert.equal(pageBefore(other, 1, "-fields.x"), undefined);
});

test("rows in sight are replaced, those before and behind them stay", () => {
	const all = list("abcdefghi");
	const fresh = ranked("abcdefghi").slice(3, 6);
	fresh[1] = { ...fresh[1]!, state: "failed" };
	const next = replaceRows(all, { items: fresh, next: "near" }, 3, SORT);
	assert.equal(ids(next), "abcdefghi");
	assert.equal(next.items[4]!.state, "failed");
	assert.equal(next.next, "far", "the next page is behind the last row");
	assert.equal(next.items[0], all.items[0]);
});

test("among them, removed rows disappear and new ones appear", () => {
	const all = list("abcdefghi");
	const some = (text: string) => ranked("abcdefghi").filter(({ id }) => text.includes(id));
	assert.equal(ids(replaceRows(all, { items: some("df"), next: "n" }, 3, SORT)), "abcdfghi");
	const added = [...some("d"), ...ranked("x"), ...some("e")];
	assert.equal(ids(replaceRows(all, { items: added, next: "n" }, 3, SORT)), "abcdxefghi");
	assert.equal(ids(replaceRows(all, { items: ranked("xy"), next: "n" }, 3, SORT)), "abcxydefghi");
});

test("a row that has come from elsewhere takes no others away", () => {
	const all = list("abcdefghi");
	const fresh = [...ranked("abcd").slice(3), { ...ranked("i")[0]!, priority: 4 }];
	assert.equal(ids(replaceRows(all, { items: fresh, next: "n" }, 3, SORT)), "abcdiefgh");
	const above = [{ ...ranked("a")[0]!, priority: 3 }, ...ranked("abcde").slice(3)];
	assert.equal(ids(replaceRows(all, { items: above, next: "n" }, 3, SORT)), "bcadefghi");
});

test("the last page ends the list", () => {
	const all = list("abcdef");
	const last = replaceRows(all, { items: ranked("abcde").slice(3), next: null }, 3, SORT);
	assert.deepEqual([ids(last), last.next], ["abcde", null]);
	const more = replaceRows(all, { items: ranked("abcdefgh").slice(3), next: "further" }, 3, SORT);
	assert.deepEqual([ids(more), more.next], ["abcdefgh", "further"]);
	const empty = replaceRows(all, { items: [], next: null }, 3, SORT);
	assert.deepEqual([ids(empty), empty.next], ["abc", null]);
});
