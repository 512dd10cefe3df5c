/** States, dialects and summaries of tasks in words. */
import type { State, Task } from "../api/types.ts";

export const STATES: State[] = ["pending", "running", "succeeded", "failed", "cancelled"];

export function hasEnded(task: { state: State }): boolean {
	return task.state !== "pending" && task.state !== "running";
}

/** The names of the dialects as their makers write them. */
export const DIALECTS: Record<string, string> = {
	virtshell: "VirtShell",
	vionlabs: "Vionlabs",
	uplynk: "Uplynk",
	fourhse: "4HSE",
	idol: "IDOL",
	native: "Native",
};

export function dialectName(dialect: string): string {
	return Object.hasOwn(DIALECTS, dialect) ? DIALECTS[dialect]! : dialect;
}

/** "1 task", "2,000 tasks" */
export function countTasks(count: number): string {
	return `${count.toLocaleString()} ${count === 1 ? "task" : "tasks"}`;
}

/** Fields that describe a task, the most descriptive first. */
const SUMMARY_FIELDS = [
	"description",
	"name",
	"title",
	"inventory_id",
	"handler",
	"endpoint_name",
	"url",
	"file",
	"ingest_point",
];

const SUMMARY_MAX = 300; // characters of a line: a field can have a megabyte

/** One line about a task: the first of these fields that it has, or empty. */
export function summary(task: Task): string {
	for (const name of SUMMARY_FIELDS) {
		const value = task.fields[name];
		if (typeof value === "string" && value.trim()) return value.trim().slice(0, SUMMARY_MAX);
	}
	return "";
}

/** The progress as a share from 0 to 1, if it is a number in percent, or has `percent`, or `done` and `total`. */
export function share(progress: unknown): number | undefined {
	const of = (part: unknown, all: unknown) =>
		typeof part === "number" && typeof all === "number" && all > 0
			? Math.min(Math.max(part / all, 0), 1)
			: undefined;
	if (typeof progress === "number") return of(progress, 100);
	if (typeof progress !== "object" || progress === null) return undefined;
	const { percent, done, total } = progress as Record<string, unknown>;
	return of(percent, 100) ?? of(done, total);
}
