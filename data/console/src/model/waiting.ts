/** The reason why a pending task has not started, as far as counts and workers show it. */
import type { Stats, Task } from "../api/types.ts";
import { duration, relative } from "./clock.ts";

const SILENT = 300_000; // ms; a worker that was seen later counts as asking for tasks

const isAhead = (time: string | null, now: number): time is string => time !== null && Date.parse(time) > now;

/** `stats` are those of the task's dialect and kind, at the time `stats.at`, which may be some seconds before `now`. */
export function whyWaiting(task: Task, stats: Stats, now: number): string {
	if (task.archived) return "It is archived: workers get no archived tasks.";
	if (isAhead(task.not_before, now))
		return `It begins ${relative(task.not_before, now)}, at the time of not_before.`;
	if (isAhead(task.ready_after, now)) return `It is tried again ${relative(task.ready_after, now)}.`;
	const { workers, items } = stats;
	const counts = items[0];
	if (workers?.drain_all) return "All workers are drained: they get no tasks.";
	const at = Date.parse(stats.at);
	const asks = workers?.items.filter(
		({ last_seen_at }) => last_seen_at && at - Date.parse(last_seen_at) < SILENT,
	);
	if (workers?.complete && !asks?.length) return "No worker has asked for tasks in the last 5 minutes.";
	if (asks?.length && asks.every(({ drain }) => drain)) return "The workers that ask for tasks are drained.";
	if (!counts) return "";
	const { ready, states, oldest_waiting_at: since, succeeded, failed } = counts;
	const ahead =
		ready > 1
			? `${ready.toLocaleString()} tasks of its kind are ready; higher priorities go first, then older ones.`
			: "";
	const isIdle = !states.running && !succeeded.last_minute && !failed.last_minute;
	const wait = since ? at - Date.parse(since) : 0;
	if (isIdle && wait > 60_000)
		return `No worker has taken a task of its kind for ${duration(wait)}: perhaps none asks for it. ${ahead}`.trim();
	return ahead || "It is the only one of its kind that is ready.";
}
