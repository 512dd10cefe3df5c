/** What may be done with a task, by its state: requests that the service would refuse are not offered. */
import type { BulkAction, Task } from "../api/types.ts";
import { hasEnded } from "./states.ts";

export type TaskAction = BulkAction | "unarchive";

/** The task of a bulk, which has rules of its own. */
export function isBulk(task: Task): boolean {
	return task.dialect === "native" && task.kind === "bulk" && typeof task.fields.do === "string";
}

/** How many tasks a bulk has changed, how many refused it, and how many matched when it began. */
export function bulkCounts(bulk: Task): [number, number, number] {
	const counts = (bulk.progress ?? {}) as Record<string, unknown>;
	const count = (name: string) => (typeof counts[name] === "number" ? counts[name] : 0);
	return [count("done"), count("refused"), count("total")];
}

export function allowedActions(task: Task): TaskAction[] {
	const ended = hasEnded(task);
	if (isBulk(task)) return ended ? [...(task.archived ? [] : (["archive"] as const)), "delete"] : ["cancel"];
	const actions: TaskAction[] = [];
	if (!ended) actions.push("cancel", "set_priority");
	else if (task.state !== "succeeded") actions.push("retry");
	return [...actions, task.archived ? "unarchive" : "archive", "delete"];
}

const COMPARED = [
	"state",
	"status",
	"archived",
	"priority",
	"attempt",
	"max_attempts",
	"not_before",
] as const;

/**
 * Whether what a person has seen of a task still holds. A worker that reports progress changes the task each
 * second; a decision to cancel it is not about that.
 */
export function isUnchanged(seen: Task, task: Task): boolean {
	return COMPARED.every((member) => seen[member] === task[member]);
}
