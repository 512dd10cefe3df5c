/** The workers: when they were seen, which tasks they hold, and drains. */
import { useState } from "preact/hooks";
import { hasAddress, readWorkers, setDrain } from "../api/workers.ts";
import type { Worker, Workers } from "../api/types.ts";
import { now } from "../model/clock.ts";
import { useReload } from "../model/live.ts";
import { usePoll } from "../model/poll.ts";
import { useResource } from "../model/resource.ts";
import { go, place } from "../model/router.ts";
import { BASE, filteredTasksPage, MENU } from "../model/routes.ts";
import { may } from "../model/session.ts";
import { dialectName } from "../model/states.ts";
import { workerState, filterWorkers } from "../model/workerstate.ts";
import { Action, Badge, Copy, Empty, Loading, Trouble, When } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { useShortcuts } from "../ui/keys.ts";

const POLL_MS = 5000; // a heartbeat that changes no task causes no event
const EVENTS_MS = 2000;
const ROWS_MAX = 200; // rows that are drawn; those with problems are the first
const SEARCH_FROM = 10; // with more workers there is a search

const ALL = "*";
const PAGE = BASE + MENU.workers.path;

function Holds({ holds }: Worker) {
	return (
		<ul>
			{holds.map(({ dialect, kind, tasks, oldest_started_at: since }) => (
				<li key={`${dialect} ${kind}`}>
					<a href={filteredTasksPage({ state: ["running"], dialect: [dialect], kind: [kind ?? ""] })}>
						{tasks} × {dialectName(dialect)} {kind}
					</a>
					<small class="under">
						oldest began <When time={since} />
					</small>
				</li>
			))}
		</ul>
	);
}

function StateCell({ worker }: { worker: Worker }) {
	const { tone, word, about } = workerState(worker, now.value);
	return (
		<>
			<Badge tone={tone} word={word} />
			{about && <small class="under">{about}</small>}
		</>
	);
}

interface DrainProps {
	/** The name of the worker, or ALL. */
	name: string;
	close: () => void;
	done: () => void;
}

function DrainDialog({ name, close, done }: DrainProps) {
	const isAll = name === ALL;
	return (
		<Dialog title={isAll ? "Drain all workers?" : `Drain ${name}?`} close={close}>
			<p>
				{isAll
					? "No worker gets further tasks, not even one that starts later."
					: "It gets no further tasks."}{" "}
				Running tasks continue. The drain lasts until it is ended here, also after a restart of the service.
			</p>
			<footer>
				<Action kind="danger" run={async () => (await setDrain(name, true), done())}>
					Drain
				</Action>
			</footer>
		</Dialog>
	);
}

interface TableProps {
	data: Workers;
	drain: (name: string) => void;
	reload: () => void;
}

function Row({ worker, data, drain, reload }: TableProps & { worker: Worker }) {
	const { name } = worker;
	const change = async () => {
		if (!worker.drain) return drain(name);
		await setDrain(name, false);
		reload();
	};
	return (
		<tr>
			<th scope="row">
				{name}
				<small class="under">
					first seen <When time={worker.first_seen_at} />
				</small>
			</th>
			<td>
				<StateCell worker={worker} />
			</td>
			<td>
				<Holds {...worker} />
			</td>
			<td class="wide">
				<When time={worker.last_seen_at} />
			</td>
			<td>
				{/* While all are drained, the service does not say which are drained by name. */}
				{may("admin") && !data.drain_all && hasAddress(name) && (
					<Action run={change} label={`${worker.drain ? "End the drain of" : "Drain"} ${name}`}>
						{worker.drain ? "End drain" : "Drain…"}
					</Action>
				)}
			</td>
		</tr>
	);
}

function NoWorkers() {
	const line = `polytaskctl work --url ${location.origin} --token-file FILE --kind KIND -- COMMAND`;
	return (
		<Empty title="No worker was seen in the last 24 hours">
			<p>A worker asks for tasks of its kinds. This one runs a command for each:</p>
			<pre>{line}</pre>
			<Copy text={line} label="Copy the command" />
		</Empty>
	);
}

function WorkerTable(props: TableProps) {
	const { items, complete } = props.data;
	const text = place.value.query.get("q") ?? "";
	const found = filterWorkers(items, text, now.value);
	const search = (next: string) => go(`${PAGE}${next && `?q=${encodeURIComponent(next)}`}`, true);
	useShortcuts([{ key: "/", about: "Search", run: () => document.getElementById("name")?.focus() }]);
	return (
		<>
			{(items.length > SEARCH_FROM || text) && (
				<input
					id="name"
					type="search"
					aria-label="Name"
					placeholder="Name"
					value={text}
					onInput={(event) => search(event.currentTarget.value)}
				/>
			)}
			{!found.length && <Empty title="No worker of the last 24 hours has such a name" />}
			<table class="card list" hidden={!found.length}>
				<thead>
					<tr>
						<th>Worker</th>
						<th>State</th>
						<th>Holds</th>
						<th class="wide">Last seen</th>
						<th>
							<span class="hidden">Drain</span>
						</th>
					</tr>
				</thead>
				<tbody>
					{found.slice(0, ROWS_MAX).map((worker) => (
						<Row key={worker.name} worker={worker} {...props} />
					))}
				</tbody>
			</table>
			<p class="muted">
				{found.length > ROWS_MAX &&
					`${ROWS_MAX} of ${found.length.toLocaleString()} are shown: search by name. `}
				{!complete && "Some kinds of held tasks are left out. "}
				The service keeps the times in memory: after its restart a worker has none until it is seen again.
			</p>
		</>
	);
}

export function WorkersPage() {
	const { data, problem, reload, refresh } = useResource(readWorkers, []);
	const [draining, setDraining] = useState("");
	usePoll(refresh, POLL_MS);
	useReload(refresh, EVENTS_MS);
	const close = () => setDraining("");
	return (
		<div class="page">
			<header>
				<h1>
					Workers{" "}
					<small>
						{data && `${data.seen.toLocaleString()} seen, ${data.busy.toLocaleString()} with tasks`}
					</small>
				</h1>
				{may("admin") && data && !data.drain_all && (
					<Action kind="danger" run={() => setDraining(ALL)}>
						Drain all…
					</Action>
				)}
			</header>
			{problem && <Trouble problem={problem} retry={reload} />}
			{data?.drain_all && (
				<div class="card notice">
					<strong>All workers are drained.</strong> Workers that are also drained by name stay drained after
					this ends.{" "}
					{may("admin") && (
						<Action run={async () => (await setDrain(ALL, false), reload())}>End drain</Action>
					)}
				</div>
			)}
			{!data && !problem && <Loading lines={8} />}
			{data &&
				(data.items.length ? <WorkerTable data={data} drain={setDraining} reload={reload} /> : <NoWorkers />)}
			{draining && <DrainDialog name={draining} close={close} done={() => (close(), reload())} />}
		</div>
	);
}
