/** The rows of a list of tasks that were read so far, when the first ones, or those in sight, are read again. */
import { formatJson } from "../api/json.ts";
import type { Page, Task } from "../api/types.ts";

/** The page that begins behind a row, while the row has this key: a cursor is a position; a change may move the row. */
interface Mark {
	cursor: string;
	key: string;
}

export interface Rows {
	items: Task[];
	total: number | null | undefined;
	next: string | null;
	etag: string | undefined;
	/** The limit that the ETag is of. */
	limit: number;
	/** By the id of a row. */
	marks: ReadonlyMap<string, Mark>;
}

export const NONE: Rows = {
	items: [],
	total: undefined,
	next: null,
	etag: undefined,
	limit: 0,
	marks: new Map(),
};

/** What the sort order compares. */
function keyOf(task: Task, sort: string): string {
	const name = sort.replace(/^-/, "");
	if (name.startsWith("fields.")) return formatJson(task.fields[name.slice(7)] ?? null);
	return formatJson(task[(/^(created|updated)$/.test(name) ? `${name}_at` : name) as keyof Task] ?? null);
}

/** Takes note of where the next page begins. */
export function withMark(rows: Rows, page: Page<Task>, sort: string): Rows {
	const last = page.items.at(-1);
	if (!last || !page.next) return rows;
	const known = new Set(rows.items.map(({ id }) => id));
	const marks = new Map([...rows.marks].filter(([id]) => known.has(id)));
	return { ...rows, marks: marks.set(last.id, { cursor: page.next, key: keyOf(last, sort) }) };
}

/** The last page that begins at row `first` or above it: the index of its first row, and its cursor. */
export function pageBefore(
	rows: Rows,
	first: number,
	sort: string,
): { at: number; cursor: string } | undefined {
	for (let at = Math.min(first, rows.items.length); at > 0; at--) {
		const task = rows.items[at - 1]!;
		const mark = rows.marks.get(task.id);
		if (mark?.key === keyOf(task, sort)) return { at, cursor: mark.cursor };
	}
	return undefined;
}

/** Replaces the rows from `at` on by those of a page, up to its last row that has kept its place. */
export function replaceRows(rows: Rows, page: Page<Task>, at: number, sort: string): Rows {
	const { items } = rows;
	const places = new Map(items.map(({ id }, index) => [id, index]));
	const ends = page.items.map((task) => {
		const index = places.get(task.id) ?? -1;
		return index >= at && keyOf(items[index]!, sort) === keyOf(task, sort) ? index + 1 : at;
	});
	const end = page.next === null ? items.length : Math.max(at, ...ends);
	const fresh = new Set(page.items.map(({ id }) => id));
	const keep = (some: Task[]) => some.filter(({ id }) => !fresh.has(id));
	return {
		...rows,
		items: [...keep(items.slice(0, at)), ...page.items, ...keep(items.slice(end))],
		next: end === items.length ? page.next : rows.next,
	};
}

/**
 * The fresh first rows, and of those read before the ones behind the last of these. A page with fewer rows than it
 * may have, and others behind it, ends where the service stopped looking: an earlier read has looked further.
 */
export function merge(last: Rows, page: Page<Task>, limit: number, etag: string | null): Rows {
	const tail = page.items.at(-1);
	const behind = tail ? last.items.findIndex(({ id }) => id === tail.id) : -1;
	const isShort = page.next !== null && page.items.length < limit && last.limit > 0;
	const isKept = page.next !== null && (behind >= 0 || isShort);
	const kept = isKept ? last.items.slice(behind + 1) : [];
	const fresh = new Set(page.items.map(({ id }) => id));
	const items = [...page.items, ...kept.filter(({ id }) => !fresh.has(id))];
	return {
		...last,
		items,
		total: page.total,
		next: kept.length || isShort ? last.next : page.next,
		etag: etag ?? undefined,
		limit,
	};
}

/** By how many rows most of the `count` ones from `at` have moved, such as by new ones above them. */
export function shiftOf(before: Task[], after: Task[], at: number, count: number): number {
	const places = new Map(after.map(({ id }, index) => [id, index]));
	const shifts = before
		.slice(at, at + count)
		.map(({ id }, index) => (places.get(id) ?? NaN) - at - index)
		.filter((shift) => !Number.isNaN(shift))
		.sort((a, b) => a - b);
	return shifts[shifts.length >> 1] ?? 0;
}
