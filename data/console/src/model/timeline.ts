/** The periods of a task, from its history; without one, from the times of the task itself. */
import type { HistoryEntry, State, Task } from "../api/types.ts";
import { hasEnded } from "./states.ts";

export interface Period {
	state: State;
	/** Both in ms since the epoch. */
	from: number;
	to: number;
	/** "Attempt 2", "Delay", …; "Earlier" before the first entry of an incomplete history. */
	name: string;
	/** The event that ended it; empty: it has not ended. */
	end: string;
}

const NAMES = {
	pending: "Pending",
	running: "Running",
	succeeded: "Ended",
	failed: "Ended",
	cancelled: "Ended",
};

/** Entries made from the task's own times. */
function fromTaskTimes(task: Task): HistoryEntry[] {
	const entry = (event: string, at: string, to: State) => ({ event, at, to }) as HistoryEntry;
	const entries = [entry("created", task.created_at, "pending")];
	if (task.started_at) entries.push(entry("changed", task.started_at, "running"));
	if (task.finished_at) entries.push(entry("changed", task.finished_at, task.state));
	return entries;
}

/** Whether an entry begins a period: another state, another attempt, or the end of a delay. */
function begins(entry: HistoryEntry, last: Period): boolean {
	return entry.to !== last.state || entry.event === "claimed" || entry.event === "ready";
}

/** `entries` of the history, the newest first. The oldest period is the first. */
export function periods(task: Task, entries: HistoryEntry[], now: number): Period[] {
	const found: Period[] = [];
	let last: Period | undefined;
	const add = (state: State, at: string, name: string) =>
		found.push((last = { state, from: Date.parse(at), to: 0, name, end: "" }));
	const sorted = entries.length ? entries.toReversed() : fromTaskTimes(task);
	if (sorted[0]!.event !== "created") add(sorted[0]!.from ?? "pending", task.created_at, "Earlier");
	for (const entry of sorted) {
		if (last && !begins(entry, last)) continue;
		if (last) {
			last.to = Math.max(Date.parse(entry.at), last.from);
			last.end = entry.event;
			if (entry.event === "ready") last.name = "Delay";
		}
		const isAttempt = entry.to === "running" && entry.attempt;
		add(entry.to, entry.at, isAttempt ? `Attempt ${entry.attempt}` : NAMES[entry.to]);
	}
	if (last && task.ready_after && Date.parse(task.ready_after) > now) last.name = "Delay";
	const end = hasEnded(task) && task.finished_at ? Date.parse(task.finished_at) : now;
	if (last) last.to = Math.max(end, last.from);
	// The end itself is no period.
	if (hasEnded(task) && last?.state === task.state && found.length > 1) found.pop();
	return found;
}
