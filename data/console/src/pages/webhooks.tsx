/** The webhooks of the tenant, or one of them. */
import { useState } from "preact/hooks";
import { listWebhooks, type Webhook } from "../api/webhooks.ts";
import { filterWords } from "../model/hookstate.ts";
import { usePoll } from "../model/poll.ts";
import { useResource } from "../model/resource.ts";
import { go } from "../model/router.ts";
import { BASE } from "../model/routes.ts";
import { Action, Empty, Loading, Trouble, When } from "../ui/basics.tsx";
import { WebhookDetails } from "./webhooks/webhook.tsx";
import { HookBadge, HookForm, Secret } from "./webhooks/parts.tsx";

const READ_MS = 5000;

const page = ({ id }: Webhook) => `${BASE}/webhooks/${id}`;

function Row({ hook }: { hook: Webhook }) {
	const { state } = hook;
	return (
		<tr>
			<th scope="row">
				<a href={page(hook)}>{hook.name ?? hook.url}</a>
				{hook.name && <small class="under">{hook.url}</small>}
				<small class="under">{filterWords(hook.filter)}</small>
			</th>
			<td>
				<HookBadge hook={hook} />
			</td>
			<td class="number">{state.pending.toLocaleString()}</td>
			<td class="wide">
				<When time={state.last_success_at} />
			</td>
			<td class="wide">
				<When time={state.last_failure_at} />
			</td>
		</tr>
	);
}

function WebhookList() {
	const { data, problem, reload, refresh } = useResource(listWebhooks, []);
	const [isNew, setNew] = useState(false);
	const [added, setAdded] = useState<Webhook>();
	usePoll(refresh, READ_MS);
	const done = (hook: Webhook) => {
		setNew(false);
		if (hook.secret) setAdded(hook);
		else go(page(hook));
	};
	return (
		<div class="page">
			<header>
				<h1>
					Webhooks <small>{data?.items.length}</small>
				</h1>
				<Action kind="primary" run={() => setNew(true)}>
					Add…
				</Action>
			</header>
			{problem && <Trouble problem={problem} retry={reload} />}
			{!data && !problem && <Loading />}
			{data && !data.items.length && (
				<Empty title="There are no webhooks">The service sends events of tasks to the URL of each one.</Empty>
			)}
			{data && data.items.length > 0 && (
				<table class="card list">
					<thead>
						<tr>
							<th>Webhook</th>
							<th>State</th>
							<th class="number">Pending</th>
							<th class="wide">Last success</th>
							<th class="wide">Last failure</th>
						</tr>
					</thead>
					<tbody>
						{data.items.map((hook) => (
							<Row key={hook.id} hook={hook} />
						))}
					</tbody>
				</table>
			)}
			{isNew && <HookForm close={() => setNew(false)} done={done} />}
			{added && <Secret secret={added.secret ?? ""} close={() => go(page(added))} />}
		</div>
	);
}

export function WebhooksPage({ id }: { id: string }) {
	return id ? <WebhookDetails id={id} /> : <WebhookList />;
}
