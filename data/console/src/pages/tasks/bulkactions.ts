/** The actions on several tasks, and how they are carried out on selected ones. */
import { serviceTime } from "../../api/http.ts";
import { archiveTask, deleteTask, patchTask, retryTask } from "../../api/tasks.ts";
import type { BulkAction, State, Task } from "../../api/types.ts";
import { isRefusal } from "../../model/retry.ts";

export interface BulkActionInfo {
	do: BulkAction;
	/** "Cancel 5 tasks" */
	verb: string;
	isDangerous: boolean;
	/** On one task; fails with 412 if it has changed since it was read. */
	run: (task: Task, priority: number) => Promise<unknown>;
	/** Tasks in other states would be refused. */
	states?: State[];
	about: string;
}

export const BULK_ACTIONS: BulkActionInfo[] = [
	{
		do: "retry",
		verb: "Retry",
		isDangerous: false,
		run: retryTask,
		states: ["failed", "cancelled"],
		about: "Failed and cancelled tasks start again, with all their attempts. Others are refused.",
	},
	{
		do: "cancel",
		verb: "Cancel",
		isDangerous: true,
		run: (task) => patchTask(task, { state: "cancelled" }),
		states: ["pending", "running"],
		about: "Pending and running tasks end as cancelled. Tasks that have ended are refused.",
	},
	{
		do: "set_priority",
		verb: "Set the priority of",
		isDangerous: false,
		run: (task, priority) => patchTask(task, { priority }),
		about: "Workers are given tasks of a higher priority first.",
	},
	{
		do: "archive",
		verb: "Archive",
		isDangerous: false,
		run: archiveTask,
		about: "Lists leave archived tasks out by default. They can be read by their ids.",
	},
	{
		do: "delete",
		verb: "Delete",
		isDangerous: true,
		run: deleteTask,
		about: "The tasks are removed permanently, with their histories.",
	},
];

export interface Outcome {
	done: number;
	/** Messages, with how often each occurred. */
	refusals: Map<string, number>;
	/** By serviceTime(): no request is sent before, because the service has asked to wait. */
	until: number;
}

const PARALLEL = 4;
const TRIES = 5; // of one task, while there are too many requests

/**
 * Carries the action out for each task, and goes on after refusals, but not before Retry-After. `report` is called
 * after each answer.
 */
export async function runForEach(
	action: BulkActionInfo,
	tasks: Task[],
	priority: number,
	report: (outcome: Outcome) => void,
): Promise<Outcome> {
	const outcome: Outcome = { done: 0, refusals: new Map(), until: 0 };
	const queue = [...tasks];
	const send = async (task: Task, tries = TRIES): Promise<unknown> => {
		for (let wait; (wait = outcome.until - serviceTime()) > 0;)
			await new Promise((resolve) => setTimeout(resolve, wait));
		try {
			return await action.run(task, priority);
		} catch (error) {
			if (!isRefusal(error)) throw error;
			outcome.until = Math.max(outcome.until, serviceTime() + error.retryAfter * 1000);
			// After 503 the change may have been made.
			if (error.status !== 429 || tries === 1) throw error;
			report({ ...outcome });
			return send(task, tries - 1);
		}
	};
	const work = async () => {
		for (let task = queue.shift(); task; task = queue.shift()) {
			try {
				await send(task);
				outcome.done++;
			} catch (error) {
				const message = error instanceof Error ? error.message : String(error);
				outcome.refusals.set(message, (outcome.refusals.get(message) ?? 0) + 1);
			}
			report({ ...outcome });
		}
	};
	await Promise.all(Array.from({ length: PARALLEL }, work));
	return outcome;
}
