/** The state of a worker, from the tasks that it holds and the time when it was last seen. */
import type { Worker } from "../api/types.ts";
import { relative } from "./clock.ts";

/** A worker that waits for tasks claims again within 50 s; one with tasks sends heartbeats more often. */
const SILENT_MS = 60_000;

export interface WorkerState {
	/** A class of parts.css; empty: no colour. */
	tone: string;
	word: string;
	/** A sentence about the consequences, or empty. */
	about: string;
	/** Sorts the list: 0 for workers with a problem, the highest rank for workers that are gone. */
	rank: number;
}

/** `at` in ms since the epoch. */
export function workerState(worker: Worker, at: number): WorkerState {
	const { last_seen_at: seen, tasks } = worker;
	const isSilent = seen !== null && at - Date.parse(seen) > SILENT_MS;
	const silence = isSilent ? `not seen for ${relative(seen, at).replace(" ago", "")}` : "";
	if (tasks && isSilent)
		return { tone: "failed", word: silence, about: "Others get its tasks when its leases end.", rank: 0 };
	if (worker.drain)
		return {
			tone: "cancelled",
			word: "drained",
			about: tasks ? "It gets no further tasks." : silence,
			rank: 1,
		};
	if (tasks)
		return {
			tone: "running",
			word: "working",
			about: seen ? "" : "Not seen since the service started.",
			rank: 1,
		};
	return isSilent
		? { tone: "", word: silence, about: "", rank: 2 }
		: { tone: "pending", word: "idle", about: "", rank: 1 };
}

/** The workers whose names contain the text, sorted by rank and name. */
export function filterWorkers(workers: Worker[], text: string, at: number): Worker[] {
	const wanted = text.trim().toLowerCase();
	return workers
		.filter(({ name }) => name.toLowerCase().includes(wanted))
		.map((worker) => ({ worker, rank: workerState(worker, at).rank }))
		.sort((a, b) => a.rank - b.rank)
		.map(({ worker }) => worker);
}
