/** Actions on the task. Each is confirmed, and carried out only on the state of the task that the person has seen. */
import { useState } from "preact/hooks";
import { Problem } from "../../api/http.ts";
import { archiveTask, deleteTask, patchTask, readTask, retryTask } from "../../api/tasks.ts";
import type { Task } from "../../api/types.ts";
import { isUnchanged, allowedActions, type TaskAction } from "../../model/taskactions.ts";
import { Action, StateBadge } from "../../ui/basics.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { PriorityField } from "../../ui/priority.tsx";
import { useShortcuts } from "../../ui/keys.ts";

interface ActionInfo {
	name: string;
	key: string;
	about: string;
	isDangerous?: boolean;
	run: (task: Task, priority: number) => Promise<unknown>;
}

const ACTIONS: Record<TaskAction, ActionInfo> = {
	retry: {
		name: "Retry",
		key: "r",
		about: "It starts again, with all its attempts. Its error and its result are removed.",
		run: retryTask,
	},
	cancel: {
		name: "Cancel",
		key: "c",
		about: "It ends as cancelled. A worker that has it learns this from its next heartbeat.",
		isDangerous: true,
		run: (task) => patchTask(task, { state: "cancelled" }),
	},
	set_priority: {
		name: "Prioritize",
		key: "p",
		about: "Workers are given tasks of a higher priority first.",
		run: (task, priority) => patchTask(task, { priority }),
	},
	unarchive: {
		name: "Unarchive",
		key: "a",
		about: "Lists have it again.",
		run: (task) => patchTask(task, { archived: false }),
	},
	archive: {
		name: "Archive",
		key: "a",
		about: "Lists leave it out by default, and no worker gets it. It can be read by its id.",
		run: archiveTask,
	},
	delete: {
		name: "Delete",
		key: "d",
		about: "The task and its history are removed permanently.",
		isDangerous: true,
		run: deleteTask,
	},
};

const KEYS = [...new Map(Object.values(ACTIONS).map(({ key, name }) => [key, name]))];
const MAX_RETRIES = 5; // after 412, while a worker reports all the time

interface ConfirmProps {
	action: TaskAction;
	task: Task;
	close: () => void;
	done: () => void;
}

function Confirm({ action, task, close, done }: ConfirmProps) {
	const [seen, setSeen] = useState(task);
	const [hasChanged, setChanged] = useState(false);
	const [priority, setPriority] = useState(task.priority);
	const { name, about, isDangerous, run } = ACTIONS[action];
	const press = async () => {
		let present = seen;
		for (let left = MAX_RETRIES; ; left--)
			try {
				await run(present, priority);
				return done();
			} catch (error) {
				if (!(error instanceof Problem && error.status === 412)) throw error;
				present = await readTask(task.id);
				if (isUnchanged(seen, present) && left) continue;
				setSeen(present);
				return setChanged(true);
			}
	};
	return (
		<Dialog title={`${name} this task?`} close={close}>
			{hasChanged && (
				<p role="alert">
					The task has changed since you opened this. It is now as shown here: confirm again.
				</p>
			)}
			<p>
				<StateBadge state={seen.state} status={seen.status} />, priority {seen.priority}, attempt{" "}
				{seen.attempt}
				{seen.archived && ", archived"}
			</p>
			<p>{about}</p>
			{action === "set_priority" && <PriorityField priority={priority} set={setPriority} />}
			<footer>
				{allowedActions(seen).includes(action) ? (
					<Action run={press} kind={isDangerous ? "danger" : "primary"}>
						{name} the task
					</Action>
				) : (
					"This is no longer possible."
				)}
			</footer>
		</Dialog>
	);
}

export interface ActionsProps {
	task: Task;
	/** The task has changed. */
	done: () => void;
}

export function Actions({ task, done }: ActionsProps) {
	const [open, setOpen] = useState<TaskAction>();
	const allowed = allowedActions(task);
	const all = Object.keys(ACTIONS) as TaskAction[];
	useShortcuts(
		KEYS.map(([key, about]) => ({
			key,
			about,
			run: () => setOpen(allowed.find((action) => ACTIONS[action].key === key)),
		})),
	);
	const close = () => setOpen(undefined);
	return (
		<div class="action">
			{all.map(
				(action) =>
					allowed.includes(action) && (
						<button
							key={action}
							type="button"
							class={ACTIONS[action].isDangerous ? "danger" : "plain"}
							aria-keyshortcuts={ACTIONS[action].key}
							onClick={() => setOpen(action)}
						>
							{ACTIONS[action].name}…
						</button>
					),
			)}
			{open && <Confirm action={open} task={task} close={close} done={() => (close(), done())} />}
		</div>
	);
}
