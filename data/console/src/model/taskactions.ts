/** The actions that the service accepts for a task in its present state. */
import type { BulkAction, Task } from "../api/types.ts";
import { hasEnded } from "./states.ts";

export type TaskAction = BulkAction | "unarchive";

/** Whether it is the task of a bulk, which has other rules. */
export function isBulk(task: Task): boolean {
	return task.dialect === "native" && task.kind === "bulk" && typeof task.fields.do === "string";
}

/** The number of tasks that a bulk has changed, that refused it, and that matched when it started. */
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
 * Whether the task still is as a person has seen it, in the members that matter for a decision. Progress does not: a
 * worker may report it each second.
 */
export function isUnchanged(seen: Task, task: Task): boolean {
	return COMPARED.every((member) => seen[member] === task[member]);
}
