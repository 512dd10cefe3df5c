/** Sums of the counts of GET /v1/stats, by state, dialect and kind. */
import { KINDS_MAX, readStats, type Conditions } from "../api/tasks.ts";
import type { KindCounts, State } from "../api/types.ts";

/** The rows of all kinds. */
export async function readCounts(signal: AbortSignal): Promise<KindCounts[]> {
	return (await readStats(signal)).items;
}

/** The number of tasks with these states, dialects and kinds, without archived ones; an empty list means all. */
export function countOf(
	rows: KindCounts[],
	states: readonly string[],
	dialects: readonly string[],
	kinds: readonly string[] = [],
): number {
	let sum = 0;
	for (const row of rows) {
		if (dialects.length && !dialects.includes(row.dialect)) continue;
		if (kinds.length && !kinds.includes(row.kind ?? "")) continue;
		for (const [state, count] of Object.entries(row.states) as [State, number][])
			if (!states.length || states.includes(state)) sum += count;
	}
	return sum;
}

const COUNTED = ["state", "dialect", "kind"];

/** The number of tasks that match the conditions; undefined if the counts do not say it. */
export function countWhere(rows: KindCounts[] | undefined, conditions: Conditions): number | undefined {
	const isKnown =
		rows && rows.length < KINDS_MAX && Object.keys(conditions).every((name) => COUNTED.includes(name));
	const { state = [], dialect = [], kind = [] } = conditions;
	return isKnown ? countOf(rows, state, dialect, kind) : undefined;
}

/** The kinds, those with the most tasks first. */
export function kindsOf(rows: KindCounts[]): string[] {
	const sums = new Map<string, number>();
	for (const row of rows)
		if (row.kind)
			sums.set(row.kind, (sums.get(row.kind) ?? 0) + Object.values(row.states).reduce((a, b) => a + b, 0));
	return [...sums].sort((a, b) => b[1] - a[1]).map(([kind]) => kind);
}
