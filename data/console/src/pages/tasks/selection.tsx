/** Actions on selected rows or on all tasks that match. The dialog names the number of tasks before it is confirmed. */
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../../api/http.ts";
import { countBulk, startBulk, type Conditions } from "../../api/tasks.ts";
import type { BulkDryRun, Task } from "../../api/types.ts";
import { now } from "../../model/clock.ts";
import { asProblem } from "../../model/resource.ts";
import { taskPage } from "../../model/routes.ts";
import { countTasks } from "../../model/states.ts";
import { may } from "../../model/session.ts";
import { Action, Bar, Loading, Trouble, When } from "../../ui/basics.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { PriorityField } from "../../ui/priority.tsx";
import { BULK_ACTIONS, runForEach, type BulkActionInfo, type Outcome } from "./bulkactions.ts";

interface ConfirmProps {
	action: BulkActionInfo;
	close: () => void;
}

/** Changes the rows one by one, each only if it has not changed since it was read. */
function ConfirmRows({ action, tasks, close, done }: ConfirmProps & { tasks: Task[]; done: () => void }) {
	const [priority, setPriority] = useState(0);
	const [outcome, setOutcome] = useState<Outcome>();
	const [isOver, setOver] = useState(false);
	const run = async () => {
		await runForEach(action, tasks, priority, setOutcome);
		setOver(true);
	};
	const leave = () => (outcome ? done() : close());
	const refused = outcome ? [...outcome.refusals.values()].reduce((a, b) => a + b, 0) : 0;
	return (
		<Dialog title={`${action.verb} ${countTasks(tasks.length)}?`} close={leave}>
			<p>{action.about}</p>
			{!outcome && action.do === "set_priority" && <PriorityField priority={priority} set={setPriority} />}
			{outcome && (
				<>
					<Bar share={(outcome.done + refused) / tasks.length} label="Tasks processed" />
					<p role="status">
						{countTasks(outcome.done)} done{refused ? `, ${refused.toLocaleString()} refused` : ""}.
					</p>
					{outcome.until > now.value && !isOver && (
						<p>
							The service is busy. It goes on <When time={new Date(outcome.until).toISOString()} />.
						</p>
					)}
					<ul>
						{[...outcome.refusals].map(([message, count]) => (
							<li key={message}>
								{count.toLocaleString()} × {message}
							</li>
						))}
					</ul>
				</>
			)}
			<footer>
				{!outcome && (
					<Action run={run} kind={action.isDangerous ? "danger" : "primary"}>
						{action.verb} {countTasks(tasks.length)}
					</Action>
				)}
				{isOver && (
					<button type="button" class="primary" onClick={done}>
						Close
					</button>
				)}
			</footer>
		</Dialog>
	);
}

/** For all that match, as a bulk: the service counts them first, and starts only if their number is still the same. */
function ConfirmAll({
	action,
	filter,
	close,
	done,
}: ConfirmProps & { filter: Conditions; done: () => void }) {
	const [priority, setPriority] = useState(0);
	const [dry, setDry] = useState<BulkDryRun>();
	const [problem, setProblem] = useState<Problem>();
	const [bulk, setBulk] = useState<Task>();
	const request = { filter, do: action.do, priority: action.do === "set_priority" ? priority : undefined };
	useEffect(() => {
		setDry(undefined);
		setProblem(undefined);
		countBulk(request).then(setDry, (error: unknown) => setProblem(asProblem(error)));
	}, [priority]);
	if (bulk)
		return (
			<Dialog title="The bulk has started" close={done}>
				<p>
					The service carries it out, also when you leave this page.{" "}
					<a href={taskPage(bulk.id)}>Show its progress.</a>
				</p>
			</Dialog>
		);
	return (
		<Dialog title={`${action.verb} all tasks that match?`} close={close}>
			<p>{action.about}</p>
			{action.do === "set_priority" && <PriorityField priority={priority} set={setPriority} />}
			{problem && <Trouble problem={problem} />}
			{!dry && !problem && <Loading lines={1} />}
			{dry && (
				<footer>
					<Action
						run={async () => setBulk(await startBulk(request, dry.token))}
						kind={action.isDangerous ? "danger" : "primary"}
						disabled={dry.count === 0}
					>
						{action.verb} {countTasks(dry.count)}
					</Action>
				</footer>
			)}
		</Dialog>
	);
}

export interface SelectionBarProps {
	tasks: Task[];
	/** How many match; null: unknown. */
	total: number | null | undefined;
	/** The conditions of a bulk; the service refuses one without any. */
	filter: Conditions;
	clear: () => void;
	done: () => void;
}

/** The button that had the focus is gone with the bar. */
function backToRows(): void {
	if (document.activeElement === document.body) document.querySelector<HTMLElement>(".rows")?.focus();
}

/** The bar that appears while rows are selected. */
export function SelectionBar({ tasks, total, filter, clear, done }: SelectionBarProps) {
	const [isAll, setAll] = useState(false);
	const [action, setAction] = useState<BulkActionInfo>();
	const hasCondition = Object.keys(filter).some((name) => name !== "archived");
	const canSelectAll = hasCondition && (total === null || (total ?? 0) > tasks.length);
	/** False for an action that no selected task accepts, or that needs a right which the user lacks. */
	const isAvailable = ({ do: name, states }: BulkActionInfo) =>
		isAll ? name !== "delete" || may("admin") : !states || tasks.some(({ state }) => states.includes(state));
	useEffect(() => () => void setTimeout(backToRows), []);
	const close = () => setAction(undefined);
	const finish = () => (close(), done());
	return (
		<div class="many" role="region" aria-label="Selection">
			<strong>
				{isAll ? `All ${total?.toLocaleString() ?? ""} that match` : `${tasks.length} selected`}
			</strong>
			{canSelectAll && !isAll && (
				<button type="button" class="quiet" onClick={() => setAll(true)}>
					Select all {total?.toLocaleString() ?? ""} that match
				</button>
			)}
			{BULK_ACTIONS.filter(isAvailable).map((one) => (
				<button
					key={one.do}
					type="button"
					class={one.isDangerous ? "danger" : "plain"}
					onClick={() => setAction(one)}
				>
					{one.do === "set_priority" ? "Priority…" : `${one.verb}…`}
				</button>
			))}
			<button type="button" class="quiet" onClick={() => (setAll(false), clear())}>
				Clear
			</button>
			{action && !isAll && <ConfirmRows action={action} tasks={tasks} close={close} done={finish} />}
			{action && isAll && <ConfirmAll action={action} filter={filter} close={close} done={finish} />}
		</div>
	);
}
