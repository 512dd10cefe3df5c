/** A task for tests, as the service shows one. */
import { parseJson } from "../../src/api/json.ts";
import type { HistoryEntry, Stats, Task } from "../../src/api/types.ts";

export const ID = "018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e";

/** ms since the epoch, of a second after the creation of the task. */
export const at = (second: number) => Date.parse("2026-11-28T10:00:00.000Z") + second * 1000;
export const time = (second: number) => new Date(at(second)).toISOString();

const NATIVE = `{"id": "${ID}", "dialect": "native", "kind": "encode", "number": null, "state": "pending",
	"status": "pending", "archived": false, "revision": 1, "created_at": "${time(0)}", "updated_at": "${time(0)}",
	"started_at": null, "finished_at": null, "created_by": "u", "updated_by": "u", "priority": 0, "not_before": null,
	"ready_after": null, "attempt": 0, "max_attempts": 0, "attempts_before": 0, "policy": null, "lease": null,
	"failure": null, "error": null, "progress": null, "result": null, "fields": {}, "links": {"self": "/"}}`;

export function taskWith(members: Partial<Task>): Task {
	return { ...(parseJson(NATIVE) as Task), ...members };
}

/** Entries of a history, given from the oldest one, returned from the newest one. */
export function historyOf(...entries: [number, string, HistoryEntry["from"], HistoryEntry["to"], number?][]) {
	return entries
		.map(([second, event, from, to, attempt]) => ({
			event,
			at: time(second),
			from,
			to,
			attempt: attempt ?? null,
			worker: attempt ? "w" : null,
		}))
		.toReversed() as HistoryEntry[];
}

export function statsWith(
	ready: number,
	seenSecond: number | null,
	members: Partial<Stats["items"][0]> = {},
): Stats {
	const none = { last_minute: 0, last_hour: 0, last_day: 0 };
	const counts = { ready, delayed: 0, oldest_waiting_at: null, succeeded: none, failed: none };
	const states = { pending: ready, running: 1, succeeded: 0, failed: 0, cancelled: 0 };
	const last_seen_at = seenSecond === null ? null : time(seenSecond);
	const worker = { name: "w", first_seen_at: last_seen_at, last_seen_at, drain: false, tasks: 0, holds: [] };
	return {
		items: [{ dialect: "native", kind: "encode", states, ...counts, ...members }],
		totals: { states, ...counts },
		at: time(1000),
		exact: true,
		workers: { items: [worker], seen: 1, busy: 0, drain_all: false, complete: true },
		next: null,
	};
}
