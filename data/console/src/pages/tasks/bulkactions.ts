/** The actions on several tasks, and how they are carried out on selected ones. */
import { archiveTask, deleteTask, patchTask, retryTask } from "../../api/tasks.ts";
import type { BulkAction, State, Task } from "../../api/types.ts";

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
}

const PARALLEL = 4;

/** Carries the action out for each task, and goes on after refusals. `report` is called after each one. */
export async function runForEach(
	action: BulkActionInfo,
	tasks: Task[],
	priority: number,
	report: (outcome: Outcome) => void,
): Promise<Outcome> {
	const outcome: Outcome = { done: 0, refusals: new Map() };
	const queue = [...tasks];
	const work = async () => {
		for (let task = queue.shift(); task; task = queue.shift()) {
			try {
				await action.run(task, priority);
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
