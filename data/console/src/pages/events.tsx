/** Events of tasks, as they happen. A burst is drawn twice a second at most, and only its newest events. */
import { useEffect, useRef, useState } from "preact/hooks";
import { formatJson } from "../api/json.ts";
import type { TaskEvent } from "../api/types.ts";
import { clock, exact } from "../model/clock.ts";
import { kindsOf, readCounts } from "../model/counts.ts";
import { EventLog, EVENTS_MAX, keyOf, readLatest, TYPES, type EventFilter } from "../model/eventlog.ts";
import { connection, connectionError, useEvents } from "../model/live.ts";
import { useResource } from "../model/resource.ts";
import { go, place } from "../model/router.ts";
import { BASE, taskPage } from "../model/routes.ts";
import { dialectName, DIALECTS, STATES } from "../model/states.ts";
import { who } from "../model/words.ts";
import { Empty, Loading, StateBadge, Trouble } from "../ui/basics.tsx";
import { useShortcuts } from "../ui/keys.ts";

const DRAW_MS = 500;
const LIVE_ROWS = 100; // while paused, all rows are drawn
const SPEAK_MS = 10_000; // between two messages to a screen reader

const today = () => new Date().toDateString();

function Time({ at }: { at: string }) {
	const date = new Date(at);
	return (
		<time dateTime={at} title={exact(at)}>
			{date.toDateString() !== today() && `${date.toLocaleDateString()} `}
			{clock(at)}
		</time>
	);
}

function Line({ event }: { event: TaskEvent }) {
	const { task_id: id, from, state, error, log } = event;
	const type = event.type.slice(5);
	// The first digits of an id are its time and the last ones name a process of the service: both repeat.
	const name = event.number === null ? id.slice(9, 23) : `#${event.number}`;
	return (
		<li>
			<Time at={event.at} />
			<span title={event.event}>
				<b>{type}</b> {event.event !== type && <small>{event.event}</small>}
			</span>
			{type === "removed" ? (
				<span>{name}</span>
			) : (
				<a href={taskPage(id)} title={id}>
					{name}
				</a>
			)}
			<span>
				{dialectName(event.dialect)} <small>{event.kind}</small>
			</span>
			<span>
				{from && from !== state && <small>{from} → </small>}
				<StateBadge state={state} status={event.status} />
			</span>
			<small title={`by ${event.by}`}>{event.worker ?? `by ${who(event.by)}`}</small>
			{(error !== null || log) && (
				<details>
					<summary>
						{error !== null
							? typeof error === "string"
								? error
								: formatJson(error)
							: `${log!.length} log lines`}
					</summary>
					{log && <pre>{log.join("\n")}</pre>}
				</details>
			)}
		</li>
	);
}

interface FilterProps {
	wanted: EventFilter;
	set: (wanted: EventFilter) => void;
}

const LABELS = { type: "type", dialect: "API", state: "state" };
const CHOICES = { type: TYPES, dialect: Object.keys(DIALECTS), state: STATES };

function Filters({ wanted, set }: FilterProps) {
	const kinds = kindsOf(useResource(readCounts, []).data ?? []);
	return (
		<div class="filters" role="group" aria-label="Filter">
			{(Object.keys(CHOICES) as (keyof typeof CHOICES)[]).map((name) => (
				<select
					key={name}
					aria-label={LABELS[name]}
					value={wanted[name]}
					onChange={(event) => set({ ...wanted, [name]: event.currentTarget.value })}
				>
					<option value="">any {LABELS[name]}</option>
					{CHOICES[name].map((value) => (
						<option key={value} value={value}>
							{dialectName(value)}
						</option>
					))}
				</select>
			))}
			<input
				aria-label="kind"
				placeholder="any kind"
				list="kinds"
				key={wanted.kind}
				defaultValue={wanted.kind}
				onChange={(event) => set({ ...wanted, kind: event.currentTarget.value.trim() })}
			/>
			<datalist id="kinds">
				{kinds.map((kind) => (
					<option key={kind} value={kind} />
				))}
			</datalist>
		</div>
	);
}

/** The events that match the filter. While paused, new ones are counted but not shown. */
function useLog(wanted: EventFilter, isPaused: boolean) {
	const log = useRef(new EventLog()).current;
	const timer = useRef(0);
	const held = useRef(isPaused);
	held.current = isPaused;
	const [, setDrawn] = useState({});
	const inputs = Object.values(wanted);
	const latest = useResource((signal) => readLatest(wanted, signal), inputs);
	const draw = () => {
		timer.current = 0;
		if (!held.current) log.take();
		setDrawn({});
	};
	useEvents((events) => {
		if (!events) latest.refresh();
		else if (log.add(events, wanted)) timer.current ||= window.setTimeout(draw, DRAW_MS);
	});
	useEffect(() => (log.filter(wanted), draw()), inputs);
	useEffect(() => (log.append(latest.data ?? [], wanted), draw()), [latest.data]);
	useEffect(draw, [isPaused]);
	useEffect(() => () => clearTimeout(timer.current), []);
	return { log, latest };
}

/** Tells a screen reader how many events came, every SPEAK_MS. */
function Spoken({ count }: { count: number }) {
	const [text, setText] = useState("");
	const now = useRef(count);
	now.current = count;
	useEffect(() => {
		let last = now.current;
		const timer = setInterval(() => {
			setText(now.current > last ? `${now.current - last} more events` : "");
			last = now.current;
		}, SPEAK_MS);
		return () => clearInterval(timer);
	}, []);
	return (
		<p class="hidden" role="status">
			{text}
		</p>
	);
}

export function EventsPage() {
	const { query } = place.value;
	const [isPaused, setPaused] = useState(false);
	const given = (name: string) => query.get(name) ?? "";
	const wanted = {
		type: given("type"),
		dialect: given("dialect"),
		state: given("state"),
		kind: given("kind"),
	};
	const { log, latest } = useLog(wanted, isPaused);
	const { shown: events, dropped, waiting } = log;
	const drawn = events.slice(0, isPaused ? EVENTS_MAX : LIVE_ROWS);
	const toggle = () => setPaused(!isPaused);
	useShortcuts([{ key: " ", about: "Pause or resume", run: toggle }]);
	const set = (next: EventFilter) => {
		const text = new URLSearchParams(Object.entries(next).filter(([, value]) => value)).toString();
		go(`${BASE}/events${text && `?${text}`}`, true);
	};
	const isOff = connection.value === "off";
	return (
		<div class="page">
			<header>
				<h1>
					Events{" "}
					<small>
						{events.length} kept{dropped > 0 && `, ${dropped.toLocaleString()} older ones dropped`}
					</small>
				</h1>
				<Filters wanted={wanted} set={set} />
				<button type="button" onClick={toggle}>
					{isPaused ? `Resume (${waiting.toLocaleString()} new)` : "Pause"}
				</button>
			</header>
			{isOff && <Empty title="There is no feed of events">{connectionError.value}</Empty>}
			{latest.problem && !isOff && <Trouble problem={latest.problem} retry={latest.reload} />}
			{!events.length &&
				!isOff &&
				(latest.isLoading ? <Loading lines={12} /> : <Empty title="Nothing yet" />)}
			<ol class="card feed" aria-label="Events, the newest first" hidden={!events.length}>
				{drawn.map((event) => (
					<Line key={keyOf(event)} event={event} />
				))}
			</ol>
			{events.length > 0 && (
				<p class="muted">
					{drawn.length < events.length
						? "Pause to see all events that are kept."
						: "Earlier events are in the histories of the tasks."}
				</p>
			)}
			<Spoken count={events.length + dropped} />
		</div>
	);
}
