/** The newest events that match a filter: those of the feed, and earlier ones from the histories of tasks. */
import { Problem } from "../api/http.ts";
import { listTasks, readHistory } from "../api/tasks.ts";
import type { HistoryEntry, Task, TaskEvent } from "../api/types.ts";

/** Events that are kept; older ones are dropped. */
export const EVENTS_MAX = 500;
const TASKS = 20; // whose histories are read

/** The types of events, without "task." */
export const TYPES =
	"created started requeued progress ready succeeded failed cancelled changed archived removed".split(" ");

/** The required value of each member; empty: any. */
export type EventFilter = Record<"type" | "dialect" | "state" | "kind", string>;

export function matches(event: TaskEvent, wanted: EventFilter): boolean {
	const has = { ...event, type: event.type.slice(5) };
	return (Object.keys(wanted) as (keyof EventFilter)[]).every(
		(name) => !wanted[name] || has[name] === wanted[name],
	);
}

/** Identifies an event, also one of a history, which has no id: each event of a task has another revision. */
export function keyOf({ task_id, revision }: TaskEvent): string {
	return `${task_id} ${revision}`;
}

/** Joins lists with the newest first. Of an event in both, that of `first` is kept. */
function join(first: TaskEvent[], rest: TaskEvent[]): TaskEvent[] {
	const known = new Set(first.map(keyOf));
	return [...first, ...rest.filter((event) => !known.has(keyOf(event)))];
}

function byTime(a: TaskEvent, b: TaskEvent): number {
	return Date.parse(b.at) - Date.parse(a.at) || Number(b.revision) - Number(a.revision);
}

export class EventLog {
	/** The newest first. */
	shown: TaskEvent[] = [];
	/** The number of matching events since the last take(). */
	waiting = 0;
	/** The number of matching events that were dropped. */
	dropped = 0;
	/** The newest events since the last take(), the newest first. */
	private fresh: TaskEvent[] = [];

	/** Events of the feed, the oldest first. Returns whether one matches. */
	add(events: TaskEvent[], wanted: EventFilter): boolean {
		const found = events.filter((event) => matches(event, wanted)).reverse();
		this.waiting += found.length;
		this.fresh = [...found, ...this.fresh].slice(0, EVENTS_MAX);
		return found.length > 0;
	}

	/** Moves the new events to `shown`. */
	take(): void {
		const all = join(this.fresh, this.shown);
		this.dropped += this.waiting - this.fresh.length + Math.max(all.length - EVENTS_MAX, 0);
		this.shown = all.slice(0, EVENTS_MAX);
		this.fresh = [];
		this.waiting = 0;
	}

	/** Applies another filter. */
	filter(wanted: EventFilter): void {
		const keep = (event: TaskEvent) => matches(event, wanted);
		this.shown = this.shown.filter(keep);
		this.fresh = this.fresh.filter(keep);
		this.waiting = this.fresh.length;
		this.dropped = 0;
	}

	/** Events of histories: from before the feed began, or from a gap in it. */
	append(events: TaskEvent[], wanted: EventFilter): void {
		const found = events.filter((event) => matches(event, wanted));
		this.shown = join(this.shown, found).sort(byTime).slice(0, EVENTS_MAX);
	}
}

/** The type that the feed has for an entry of a history, without "task." */
export function typeOf({ event, from, to }: Pick<HistoryEntry, "event" | "from" | "to">): string {
	if (!from && (to === "pending" || to === "running")) return "created";
	if (from !== to) return to === "pending" ? "requeued" : to === "running" ? "started" : to;
	return ["archived", "ready", "progress"].includes(event) ? event : "changed";
}

function toEvent(task: Task, { to, ...entry }: HistoryEntry): TaskEvent {
	const { id, dialect, kind, number } = task;
	return {
		...entry,
		id: "",
		type: `task.${typeOf({ ...entry, to })}`,
		task_id: id,
		dialect,
		kind,
		number,
		state: to,
	};
}

/** A task may have been removed meanwhile: it has no history any more. */
function ofRemoved(error: unknown): TaskEvent[] {
	if (error instanceof Problem && error.status === 404) return [];
	throw error;
}

/**
 * The latest events, without those of removed tasks. The feed can only be read forwards from its oldest event, so these
 * come from the histories of the tasks that changed last; they are complete back to the oldest change of these tasks.
 */
export async function readLatest({ dialect, kind }: EventFilter, signal: AbortSignal): Promise<TaskEvent[]> {
	const conditions = {
		archived: ["any"],
		...(dialect && { dialect: [dialect] }),
		...(kind && { kind: [kind] }),
	};
	const { items, next } = (await listTasks({ conditions, sort: "-updated", limit: TASKS }, signal)).data;
	let since = next ? items.at(-1)!.updated_at : "";
	const read = async (task: Task) => {
		const history = await readHistory(task.id, undefined, signal);
		const oldest = history.items.at(-1);
		if (history.next && oldest && oldest.at > since) since = oldest.at;
		return history.items.map((entry) => toEvent(task, entry));
	};
	const histories = await Promise.all(items.map((task) => read(task).catch(ofRemoved)));
	return histories
		.flat()
		.filter(({ at }) => at >= since)
		.sort(byTime);
}
