/** One task of any API: its members, its history, and the actions on it. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { serviceTime } from "../api/http.ts";
import { formatJson } from "../api/json.ts";
import { readAttempts, readHistory, readTask } from "../api/tasks.ts";
import type { Task, TaskEvent, Time } from "../api/types.ts";
import { useEvents } from "../model/live.ts";
import { bulkCounts, isBulk } from "../model/taskactions.ts";
import { cameFrom, go } from "../model/router.ts";
import { tasksPage, filteredTasksPage } from "../model/routes.ts";
import { may } from "../model/session.ts";
import { dialectName, hasEnded, share, summary } from "../model/states.ts";
import { FAILURE_WORDS, who } from "../model/words.ts";
import { Bar, Copy, Field, Loading, StateBadge, Trouble, When } from "../ui/basics.tsx";
import { Json } from "../ui/json.tsx";
import { useShortcuts } from "../ui/keys.ts";
import { Actions } from "./task/actions.tsx";
import { Section, useTaskResource } from "./task/parts.tsx";
import { Attempts, History, WorkerLink } from "./task/records.tsx";
import { Timeline } from "./task/timeline.tsx";
import { Views } from "./task/views.tsx";

const LEASE_MS = 2000; // at least, between two reads of a task whose lease has ended

/** The address of the list, with the search from which the person came. */
function listBefore(): string {
	const all = tasksPage("");
	return cameFrom().split("?")[0] === all ? cameFrom() : all;
}

function back(): void {
	if (cameFrom() === listBefore()) history.back();
	else go(listBefore());
}

interface ValueProps {
	title: string;
	value: unknown;
	children?: ComponentChildren;
}

function Value({ title, value, children }: ValueProps) {
	if (value === null) return null;
	return (
		<Section title={title} extra={<Copy text={formatJson(value, 2)} label={`Copy as JSON: ${title}`} />}>
			{children}
			<Json value={value} />
		</Section>
	);
}

/** With a bar if the share is known; the task of a bulk has its counts in words instead. */
function Progress({ task }: { task: Task }) {
	if (isBulk(task)) {
		const [done, refused, total] = bulkCounts(task);
		return (
			<Section title="Progress">
				<Bar share={(done + refused) / (total || 1)} label="Tasks processed" />
				<p>
					{done.toLocaleString()} tasks done, {refused.toLocaleString()} refused, of {total.toLocaleString()}.
				</p>
			</Section>
		);
	}
	const done = hasEnded(task) ? undefined : share(task.progress);
	return (
		<Value title="Progress" value={task.progress}>
			{done !== undefined && <Bar share={done} label={`Progress ${Math.round(done * 100)} %`} />}
		</Value>
	);
}

function Facts({ task }: { task: Task }) {
	const { kind, dialect, number, lease, max_attempts, not_before, ready_after, traceparent } = task;
	const when = (time: Time | null | undefined) => time && <When time={time} />;
	const facts: Record<string, ComponentChildren> = {
		API: dialectName(dialect),
		Kind: kind && <a href={filteredTasksPage({ dialect: [dialect], kind: [kind] })}>{kind}</a>,
		Number: number !== null && String(number),
		Priority: String(task.priority),
		Attempts: `${task.attempt - task.attempts_before}${max_attempts ? ` of ${max_attempts}` : ""}`,
		Created: [when(task.created_at), " by ", who(task.created_by)],
		Changed: [when(task.updated_at), " by ", who(task.updated_by)],
		Worker: lease && <WorkerLink name={lease.worker} />,
		"Lease ends": lease && when(lease.expires_at),
		"Not before": when(not_before),
		"Ready after": ready_after !== not_before && when(ready_after),
		"Kept until": when(task.kept_until),
		Trace: traceparent && <code>{traceparent}</code>,
	};
	for (const [name, value] of Object.entries(task.policy ?? {}))
		facts[name.replaceAll("_", " ")] = String(value);
	return (
		<Section title="Facts">
			<dl>
				{Object.entries(facts).map(
					([name, value]) =>
						value && (
							<Field key={name} name={name}>
								{value}
							</Field>
						),
				)}
			</dl>
		</Section>
	);
}

/** A heartbeat that only extends the lease causes no event: reads the task again when the known lease has ended. */
function useLease(task: Task | undefined, refresh: () => void): void {
	useEffect(() => {
		if (!task?.lease) return undefined;
		const timer = setTimeout(refresh, Math.max(Date.parse(task.lease.expires_at) - serviceTime(), LEASE_MS));
		return () => clearTimeout(timer);
	}, [task]);
}

export function TaskPage({ id }: { id: string }) {
	const { data: task, problem, reload, refresh } = useTaskResource(id, (signal) => readTask(id, signal));
	useLease(task, refresh);
	const attempts = useTaskResource(id, (signal) => readAttempts(id, signal));
	const history = useTaskResource(id, (signal) => readHistory(id, undefined, signal));
	const [removal, setRemoval] = useState<TaskEvent>();
	useEvents((events) => {
		const found = events?.find((event) => event.task_id === id && event.type === "task.removed");
		if (found) setRemoval(found);
	});
	useShortcuts([
		{ key: "u", about: "Back to the list", run: back },
		{ key: "Escape", about: "Back to the list", run: back },
	]);
	const isGone = problem?.status === 404;
	if (!task) {
		if (isGone)
			return (
				<div class="page">
					<h1>There is no such task</h1>
					<div>It was removed, or never existed.</div>
					<a href={listBefore()}>← Tasks</a>
				</div>
			);
		return problem ? <Trouble problem={problem} retry={reload} /> : <Loading lines={12} />;
	}
	return (
		<div class="page task">
			<header>
				<div>
					<a href={listBefore()}>← Tasks</a>
					<h1 title={summary(task)}>{summary(task) || task.kind || "Task"}</h1>
					<div class="action">
						<StateBadge state={task.state} status={task.status} />
						<code>{task.id}</code>
						<Copy text={task.id} label="Copy the id" />
					</div>
				</div>
				{may("write") && !isGone && <Actions task={task} done={reload} />}
			</header>
			{isGone && (
				<p class="card" role="status">
					This task was removed{removal && [" ", <When time={removal.at} />, " by ", who(removal.by)]}. This
					page shows its last state.
				</p>
			)}
			{problem && !isGone && <Trouble problem={problem} retry={reload} />}
			<div class="columns">
				<div class="page">
					<Timeline task={task} entries={history.data?.items ?? []} />
					{(task.failure || task.error) && (
						<Section title="Error">
							{task.failure && <p>{FAILURE_WORDS[task.failure] ?? task.failure}</p>}
							{task.error && <pre>{task.error}</pre>}
						</Section>
					)}
					<Progress task={task} />
					<Value title="Result" value={task.result} />
					<Value title="Fields" value={task.fields} />
					{!isBulk(task) && <Attempts attempts={attempts} />}
				</div>
				<Facts task={task} />
			</div>
			<Views task={task} />
			<History id={id} history={history} />
		</div>
	);
}
