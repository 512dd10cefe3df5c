/** The records of the journal about the task: its attempts with their log lines, and its history. */
import { useRef, useState } from "preact/hooks";
import { readHistory } from "../../api/tasks.ts";
import type { Attempt, HistoryEntry, Page, Time } from "../../api/types.ts";
import { duration, now } from "../../model/clock.ts";
import { BASE } from "../../model/routes.ts";
import { eventWords, who } from "../../model/words.ts";
import type { Resource } from "../../model/resource.ts";
import { Action, When } from "../../ui/basics.tsx";
import { Loaded, Section, Text } from "./parts.tsx";

export function WorkerLink({ name }: { name: string }) {
	return <a href={`${BASE}/workers?q=${encodeURIComponent(name)}`}>{name}</a>;
}

function Length({ from, to }: { from: Time; to: Time | null }) {
	return <>{duration((to ? Date.parse(to) : now.value) - Date.parse(from))}</>;
}

function AttemptRow({ attempt }: { attempt: Attempt }) {
	const { number, worker, started_at, ended_at, outcome, error, log } = attempt;
	const text = log?.join("\n");
	return (
		<li>
			<div>
				<b>Attempt {number}</b> {eventWords(outcome)}
				<WorkerLink name={worker} />
				<When time={started_at} none="started earlier" />
				{started_at && <Length from={started_at} to={ended_at} />}
			</div>
			{error && <p>{error}</p>}
			{text && (
				<details open={outcome === "running"}>
					<summary>Log{!attempt.log_complete && ", its last lines"}</summary>
					<Text text={text} label="Copy the log" />
				</details>
			)}
		</li>
	);
}

const INCOMPLETE = <p class="muted">The journal has no earlier entries.</p>;

export function Attempts({ attempts }: { attempts: Resource<{ items: Attempt[]; complete: boolean }> }) {
	return (
		<Section title="Attempts">
			<Loaded resource={attempts}>
				{({ items, complete }) => (
					<>
						{!items.length && <p class="muted">No worker has taken it.</p>}
						<ol class="records">
							{items.map((attempt) => (
								<AttemptRow key={attempt.started_at} attempt={attempt} />
							))}
						</ol>
						{!complete && INCOMPLETE}
					</>
				)}
			</Loaded>
		</Section>
	);
}

function Entry({ entry }: { entry: HistoryEntry }) {
	const { event, at, by, worker, from, to, request_id, revision } = entry;
	return (
		<li>
			<div>
				<When time={at} />
				<b>{eventWords(event)}</b>
				{from !== to && `${from ?? "–"} → ${to}`}
			</div>
			<small>
				by <span title={by}>{worker ?? who(by)}</span>, revision {String(revision)}
				{request_id && `, request ${request_id}`}
			</small>
		</li>
	);
}

export interface HistoryProps {
	id: string;
	history: Resource<Page<HistoryEntry>>;
}

/** Keeps all entries that were read, in whatever order their pages came. */
export function History({ id, history }: HistoryProps) {
	const [older, setOlder] = useState<Page<HistoryEntry>>();
	const known = useRef(new Map<string, HistoryEntry>()).current;
	for (const entry of [...(history.data?.items ?? []), ...(older?.items ?? [])])
		known.set(`${entry.revision} ${entry.event}`, entry);
	const last = older ?? history.data;
	const more = async () => setOlder(await readHistory(id, last!.next!));
	return (
		<Section title="History">
			<Loaded resource={history}>
				{() => (
					<>
						<ol class="records">
							{[...known]
								.sort(([, a], [, b]) => Number(b.revision) - Number(a.revision))
								.map(([key, entry]) => (
									<Entry key={key} entry={entry} />
								))}
						</ol>
						{last?.next && <Action run={more}>Older entries</Action>}
						{last && !last.next && !last.complete && INCOMPLETE}
					</>
				)}
			</Loaded>
		</Section>
	);
}
