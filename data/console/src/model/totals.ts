/** Counts for the overview: sums over kinds, and the lines of the chart. */
import type { Series } from "../api/overview.ts";
import type { KindCounts, Time } from "../api/types.ts";

export interface Totals {
	pending: number;
	running: number;
	failed: number;
	ready: number;
	delayed: number;
	failedHour: number;
	failedDay: number;
	succeededHour: number;
	endedMinute: number;
	/** The time since which the oldest ready task is ready. */
	oldest: Time | null;
}

export function totalsOf(rows: KindCounts[]): Totals {
	const sum = (of: (row: KindCounts) => number) => rows.reduce((all, row) => all + of(row), 0);
	return {
		pending: sum((row) => row.states.pending),
		running: sum((row) => row.states.running),
		failed: sum((row) => row.states.failed),
		ready: sum((row) => row.ready),
		delayed: sum((row) => row.delayed),
		failedHour: sum((row) => row.failed.last_hour),
		failedDay: sum((row) => row.failed.last_day),
		succeededHour: sum((row) => row.succeeded.last_hour),
		endedMinute: sum((row) => row.succeeded.last_minute + row.failed.last_minute),
		oldest: rows.flatMap((row) => row.oldest_waiting_at ?? []).sort()[0] ?? null,
	};
}

/** The rows grouped by dialect. */
export function byDialect(rows: KindCounts[]): [string, KindCounts[]][] {
	const dialects = [...new Set(rows.map(({ dialect }) => dialect))];
	return dialects.map((dialect) => [dialect, rows.filter((row) => row.dialect === dialect)]);
}

export interface Line {
	/** A dialect; empty: the failures of all. */
	dialect: string;
	/** Tasks in each step. */
	counts: number[];
	/** Tasks per minute; null for a step that has just begun. */
	rates: (number | null)[];
}

const EARLY = 1 / 6; // of a step: a rate of a shorter time means little

/**
 * A line of the ended tasks of each dialect, and one of all failed tasks; lines without a task are left out. `times`
 * are the begins of the steps, in seconds since the epoch.
 */
export function linesOf(series: Series): { times: number[]; lines: Line[] } {
	const { items, step_seconds: step } = series;
	const [from = 0, to = 0, at = 0] = [series.from, series.to, series.at].map(
		(time) => Date.parse(time) / 1000,
	);
	const times = Array.from({ length: (to - from) / step }, (_, index) => from + index * step);
	const lines: Line[] = [];
	const add = (dialect: string, ended: (index: number) => number) => {
		const counts = times.map((_, index) => ended(index));
		const rates = counts.map((count, index) => {
			const length = Math.min(at - times[index]!, step);
			return length < step * EARLY ? null : (count * 60) / length;
		});
		if (counts.some(Boolean)) lines.push({ dialect, counts, rates });
	};
	for (const { dialect, succeeded, failed, cancelled } of items)
		add(dialect, (index) => succeeded[index]! + failed[index]! + cancelled[index]!);
	add("", (index) => items.reduce((all, { failed }) => all + failed[index]!, 0));
	return { times, lines };
}
