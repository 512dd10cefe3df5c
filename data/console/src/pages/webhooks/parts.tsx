/** Parts of the list and of the page of one webhook: the state, the form, the secret. */
import { addWebhook, patchWebhook, type Webhook } from "../../api/webhooks.ts";
import { TYPES } from "../../model/eventlog.ts";
import { hookState } from "../../model/hookstate.ts";
import { DIALECTS, dialectName } from "../../model/states.ts";
import { Badge, Copy, When } from "../../ui/basics.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Form } from "../../ui/form.tsx";

const DEFAULT_TYPES = ["succeeded", "failed", "cancelled"];

export function HookBadge({ hook }: { hook: Webhook }) {
	const [tone, word] = hookState(hook);
	const { failing_since: since, missed } = hook.state;
	return (
		<>
			<Badge tone={tone} word={word} />
			{hook.reason && <small class="under">{hook.reason}</small>}
			{hook.enabled && since && (
				<small class="under">
					First failure <When time={since} />. The service tries again after growing delays.
				</small>
			)}
			{missed && (
				<small class="under">Events may have been lost before they were delivered: read the tasks.</small>
			)}
		</>
	);
}

interface ChecksProps {
	name: string;
	legend: string;
	values: string[];
	checked: string[];
}

function Checks({ name, legend, values, checked }: ChecksProps) {
	return (
		<fieldset>
			<legend>{legend}</legend>
			{values.map((value) => (
				<label key={value}>
					<input type="checkbox" name={name} value={value} defaultChecked={checked.includes(value)} />
					{dialectName(value)}
				</label>
			))}
		</fieldset>
	);
}

interface FormProps {
	/** undefined: a new one. */
	hook?: Webhook;
	close: () => void;
	done: (hook: Webhook) => void;
}

/** Settings that the form does not have, such as kinds and header fields, are not changed. */
export function HookForm({ hook, close, done }: FormProps) {
	const submit = async (data: FormData) => {
		const text = (name: string) => String(data.get(name) ?? "").trim();
		const list = (name: string, prefix = "") => {
			const values = data.getAll(name).map((value) => `${prefix}${String(value)}`);
			return values.length ? values : null;
		};
		const filter = { types: list("types", "task."), dialects: list("dialects") };
		const body = { name: text("name") || null, url: text("url"), filter };
		done(hook ? await patchWebhook(hook, body) : await addWebhook({ ...body, format: text("format") }));
	};
	const types = hook?.filter.types?.map((type) => type.slice(5)) ?? DEFAULT_TYPES;
	return (
		<Dialog title={hook ? "Change the webhook" : "Add a webhook"} close={close}>
			<Form verb={hook ? "Save" : "Add"} submit={submit}>
				<label>
					URL
					<input
						name="url"
						type="url"
						required
						maxLength={2048}
						placeholder="https://"
						defaultValue={hook?.url}
					/>
				</label>
				<label>
					Name
					<input name="name" maxLength={100} defaultValue={hook?.name ?? ""} />
				</label>
				{!hook && (
					<label>
						Format
						<select name="format">
							<option value="standard">standard: JSON, signed (Standard Webhooks)</option>
							<option value="vionlabs">vionlabs: as Vionlabs calls back, not signed</option>
						</select>
					</label>
				)}
				<Checks name="types" legend="Events" values={TYPES} checked={types} />
				<Checks
					name="dialects"
					legend="APIs (none: all)"
					values={Object.keys(DIALECTS)}
					checked={hook?.filter.dialects ?? []}
				/>
			</Form>
		</Dialog>
	);
}

export function Secret({ secret, close }: { secret: string; close: () => void }) {
	return (
		<Dialog title="The secret" close={close}>
			<p>The receiver verifies signatures with it. It is shown now only.</p>
			<pre>{secret}</pre>
			<footer>
				<Copy text={secret} label="Copy the secret" />
			</footer>
		</Dialog>
	);
}
