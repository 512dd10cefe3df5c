/** The deliveries of a webhook, each with its attempts and its body. */
import { useRef, useState } from "preact/hooks";
import { serviceTime } from "../../api/http.ts";
import { listDeliveries, readDelivery, redeliver, type Delivery } from "../../api/webhooks.ts";
import { localTime } from "../../model/clock.ts";
import { DELIVERY_TONES } from "../../model/hookstate.ts";
import { useReload } from "../../model/live.ts";
import { usePoll } from "../../model/poll.ts";
import { useResource } from "../../model/resource.ts";
import { go, place } from "../../model/router.ts";
import { taskPage } from "../../model/routes.ts";
import { Action, Badge, Empty, Loading, Trouble, When } from "../../ui/basics.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Form } from "../../ui/form.tsx";
import { Json } from "../../ui/json.tsx";

const READ_MS = 3000;
const STATES = Object.keys(DELIVERY_TONES);
const DAY = 86_400_000;

/** Reads the newest pages; more while they are empty, because a page may be empty although others follow. */
async function readPages(id: string, state: string, pages: number, signal: AbortSignal) {
	const items: Delivery[] = [];
	let next: string | null | undefined;
	for (let page = 0; page < pages || (!items.length && next); page++) {
		const more = await listDeliveries(id, state, next ?? undefined, signal);
		items.push(...more.items);
		next = more.next;
		if (!next) break;
	}
	return { items, next };
}

/** The attempts of a delivery. Answers of receivers are shown as text, whatever their type. */
export function Attempts({ log }: Delivery) {
	return (
		<ol>
			{log.map(({ at, took_ms, status, error, answer }) => (
				<li key={at}>
					<When time={at} />, {took_ms} ms: <b>{status ?? error}</b> {status !== null && error}
					{answer && <pre>{answer}</pre>}
				</li>
			))}
		</ol>
	);
}

interface RowProps {
	hook: string;
	delivery: Delivery;
	reload: () => void;
}

function Details({ hook, delivery, reload }: RowProps) {
	const { id, state, attempts, event } = delivery;
	const { data, problem } = useResource((signal) => readDelivery(hook, id, signal), [id, state, attempts]);
	const redeliverOne = async () => (await redeliver(hook, { ids: [id] }), reload());
	if (problem) return <Trouble problem={problem} />;
	if (!data) return <Loading lines={2} />;
	return (
		<div class="dialog">
			<p>
				{event && <a href={taskPage(event.task_id)}>Task {event.task_id}</a>} <small>webhook-id {id}</small>
			</p>
			<Attempts {...data} />
			<Json value={data.body} />
			{state !== "pending" && <Action run={redeliverOne}>Deliver again</Action>}
		</div>
	);
}

function Row(props: RowProps) {
	const { state, event, created_at, next_attempt_at: next, attempts, log } = props.delivery;
	const [isOpen, setOpen] = useState(false);
	const last = log.at(-1);
	return (
		<li>
			<details onToggle={(toggle) => setOpen(toggle.currentTarget.open)}>
				<summary>
					<Badge tone={DELIVERY_TONES[state]} word={state} />
					<b>{event?.type ?? "test"}</b>
					<span>{event?.kind}</span>
					<When time={created_at} />
					<span>
						{attempts} {attempts === 1 ? "attempt" : "attempts"}
						{state === "pending" && attempts > 0 && (
							<>
								, next <When time={next} />
							</>
						)}
					</span>
					<small>{last && (last.error ?? last.status)}</small>
				</summary>
				{isOpen && <Details {...props} />}
			</details>
		</li>
	);
}

function RedeliverDialog({ hook, close }: { hook: string; close: () => void }) {
	const [count, setCount] = useState<number>();
	const submit = async (data: FormData) => {
		const time = (name: string) => new Date(String(data.get(name))).toISOString();
		const range = { from: time("from"), to: time("to"), states: ["failed"] };
		let sum = 0;
		for (let after: string | null = null; ;) {
			const { redelivered, next } = await redeliver(hook, after ? { ...range, after } : range);
			setCount((sum += redelivered));
			if (!next) break;
			after = next;
		}
	};
	return (
		<Dialog title="Deliver failed ones again" close={close}>
			<Form verb="Deliver again" submit={submit}>
				<label>
					Created from
					<input name="from" type="datetime-local" required defaultValue={localTime(serviceTime() - DAY)} />
				</label>
				<label>
					to
					<input name="to" type="datetime-local" required defaultValue={localTime(serviceTime() + 60_000)} />
				</label>
				<p role="status">
					{count !== undefined && `${count.toLocaleString()} deliveries will be sent again.`}
				</p>
			</Form>
		</Dialog>
	);
}

export function Deliveries({ hook }: { hook: string }) {
	const { path, query } = place.value;
	const state = query.get("state") ?? "";
	const pages = useRef(1);
	const [isRedelivering, setRedelivering] = useState(false);
	const list = useResource((signal) => readPages(hook, state, pages.current, signal), [hook, state]);
	const { data, problem, reload, refresh } = list;
	useReload(refresh, READ_MS);
	usePoll(refresh, READ_MS);
	const choose = (next: string) => {
		pages.current = 1;
		go(next ? `${path}?state=${next}` : path, true);
	};
	return (
		<>
			<header>
				<h2>Deliveries</h2>
				<select aria-label="State" value={state} onChange={(event) => choose(event.currentTarget.value)}>
					<option value="">any state</option>
					{STATES.map((one) => (
						<option key={one}>{one}</option>
					))}
				</select>
				<Action run={() => setRedelivering(true)}>Deliver failed ones again…</Action>
			</header>
			{problem && <Trouble problem={problem} retry={reload} />}
			{!data && !problem && <Loading />}
			{data && !data.items.length && (
				<Empty title="No deliveries">They are kept for 7 days after their end.</Empty>
			)}
			<ol class="card feed deliveries" hidden={!data?.items.length}>
				{data?.items.map((delivery) => (
					<Row key={delivery.id} hook={hook} delivery={delivery} reload={reload} />
				))}
			</ol>
			{data?.next && (
				<Action run={() => (pages.current++, reload())} disabled={list.isLoading}>
					Older deliveries
				</Action>
			)}
			{isRedelivering && <RedeliverDialog hook={hook} close={() => (setRedelivering(false), reload())} />}
		</>
	);
}
