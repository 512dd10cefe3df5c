/** One webhook: its settings and state, actions, deliveries. */
import { useState } from "preact/hooks";
import {
	deleteWebhook,
	patchWebhook,
	readDelivery,
	readWebhook,
	rotateSecret,
	testWebhook,
	type Delivery,
	type Webhook,
} from "../../api/webhooks.ts";
import { filterWords } from "../../model/hookstate.ts";
import { usePoll } from "../../model/poll.ts";
import { useResource } from "../../model/resource.ts";
import { isRefusal } from "../../model/retry.ts";
import { go } from "../../model/router.ts";
import { BASE } from "../../model/routes.ts";
import { Action, Field, Loading, Trouble, When } from "../../ui/basics.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Form } from "../../ui/form.tsx";
import { Attempts, Deliveries } from "./deliveries.tsx";
import { HookBadge, HookForm, Secret } from "./parts.tsx";

const READ_MS = 3000;
const TEST_READS = 20; // one a second; a receiver has 15 s to answer

interface DialogProps {
	hook: Webhook;
	close: () => void;
	done: (hook: Webhook) => void;
}

/** Sends a test delivery, and reads it until it has ended, or too often. */
async function runTest(hook: string, signal: AbortSignal): Promise<Delivery> {
	let delivery = await testWebhook(hook, signal);
	let seconds = 1;
	for (let reads = 0; delivery.state === "pending" && reads < TEST_READS; reads++) {
		await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
		try {
			delivery = await readDelivery(hook, delivery.id, signal);
			seconds = 1;
		} catch (error) {
			if (!isRefusal(error)) throw error;
			seconds = error.retryAfter;
		}
	}
	return delivery;
}

function Test({ hook, close }: DialogProps) {
	const { data, problem } = useResource((signal) => runTest(hook.id, signal), [], false);
	return (
		<Dialog title="Test" close={close}>
			{problem && <Trouble problem={problem} />}
			<p role="status">{data ? `Result: ${data.state}` : "The receiver has 15 seconds to answer…"}</p>
			{data && <Attempts {...data} />}
		</Dialog>
	);
}

function Enable({ hook, close, done }: DialogProps) {
	const run = (resume: boolean) => async () => done(await patchWebhook(hook, { enabled: true, resume }));
	return (
		<Dialog title="Enable the webhook" close={close}>
			<p>Pending deliveries continue. Which further events should be delivered?</p>
			<footer>
				<Action run={run(false)}>Events from now on</Action>
				<Action run={run(true)} kind="primary">
					Also those since it was disabled
				</Action>
			</footer>
		</Dialog>
	);
}

function Rotate({ hook, close, done }: DialogProps) {
	const submit = async (data: FormData) => done(await rotateSecret(hook, Number(data.get("hours")) * 3600));
	return (
		<Dialog title="A new secret" close={close}>
			<Form verb="Make a new secret" submit={submit}>
				<label>
					Hours for which the old secret signs as well
					<input name="hours" type="number" min={0} max={168} required defaultValue={24} />
				</label>
				<p>With 0, receivers that still verify with the old secret refuse deliveries at once.</p>
			</Form>
		</Dialog>
	);
}

function Delete({ hook, close }: DialogProps) {
	return (
		<Dialog title="Delete the webhook?" close={close}>
			<p>
				Its log is removed, and its {hook.state.pending.toLocaleString()} pending deliveries are not sent.
			</p>
			<footer>
				<Action kind="danger" run={async () => (await deleteWebhook(hook), go(`${BASE}/webhooks`))}>
					Delete
				</Action>
			</footer>
		</Dialog>
	);
}

const DIALOGS = { Test, Change: HookForm, Enable, "New secret": Rotate, Delete };

function Facts({ hook }: { hook: Webhook }) {
	const { state } = hook;
	return (
		<dl class="card">
			<Field name="State">
				<HookBadge hook={hook} />
			</Field>
			<Field name="URL">
				{hook.method} {hook.url}
			</Field>
			<Field name="Events">{filterWords(hook.filter)}</Field>
			<Field name="Format">{hook.format}</Field>
			<Field name="Also sent">
				{Object.keys({ ...hook.headers, ...hook.query }).join(", ") || "nothing"}
			</Field>
			<Field name="Pending">{state.pending.toLocaleString()}</Field>
			<Field name="Last success">
				<When time={state.last_success_at} />
			</Field>
			<Field name="Last failure">
				<When time={state.last_failure_at} /> {state.last_status && `(last status ${state.last_status})`}
			</Field>
			{hook.old_secret_ends_at && (
				<Field name="Old secret">
					ends <When time={hook.old_secret_ends_at} />
				</Field>
			)}
		</dl>
	);
}

export function WebhookDetails({ id }: { id: string }) {
	const {
		data: hook,
		problem,
		reload,
		refresh,
		set,
	} = useResource((signal) => readWebhook(id, signal), [id]);
	// With the webhook as it was when the dialog was opened: the service refuses a change of another state.
	const [dialog, setDialog] = useState<{ name: keyof typeof DIALOGS; hook: Webhook }>();
	const [secret, setSecret] = useState("");
	usePoll(refresh, READ_MS);
	const done = (next: Webhook) => {
		setDialog(undefined);
		setSecret(next.secret ?? "");
		set(next);
	};
	const close = () => (setDialog(undefined), reload());
	const offered = (Object.keys(DIALOGS) as (keyof typeof DIALOGS)[]).filter((name) =>
		name === "Enable"
			? !hook?.enabled
			: name === "Test"
				? hook?.enabled
				: name !== "New secret" || hook?.format === "standard",
	);
	const Open = dialog && DIALOGS[dialog.name];
	return (
		<div class="page">
			<header>
				<a href={`${BASE}/webhooks`}>Webhooks</a>
				<h1>{hook?.name ?? hook?.url ?? id}</h1>
				{hook?.enabled && (
					<Action run={async () => set(await patchWebhook(hook, { enabled: false }))}>Disable</Action>
				)}
				{hook &&
					offered.map((name) => (
						<Action
							key={name}
							kind={name === "Delete" ? "danger" : "plain"}
							run={() => setDialog({ name, hook })}
						>
							{name}…
						</Action>
					))}
			</header>
			{problem && <Trouble problem={problem} retry={reload} />}
			{!hook && !problem && <Loading lines={10} />}
			{hook && <Facts hook={hook} />}
			{hook && <Deliveries hook={id} />}
			{Open && <Open hook={dialog.hook} close={close} done={done} />}
			{secret && <Secret secret={secret} close={() => setSecret("")} />}
		</div>
	);
}
