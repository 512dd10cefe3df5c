/** The rows of a list of tasks that were read so far, when the first ones are read again. */
import type { Page, Task } from "../api/types.ts";

export interface Rows {
	items: Task[];
	total: number | null | undefined;
	next: string | null;
	etag: string | undefined;
	/** The limit that the ETag is of. */
	limit: number;
}

export const NONE: Rows = { items: [], total: undefined, next: null, etag: undefined, limit: 0 };

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
