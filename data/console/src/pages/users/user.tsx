/** One user: rights, end, password, credentials. */
import { useState } from "preact/hooks";
import {
	listCredentials,
	type Access,
	type AccessState,
	type Credential,
	type User,
} from "../../api/users.ts";
import { now } from "../../model/clock.ts";
import { caller } from "../../model/session.ts";
import { dialectName } from "../../model/states.ts";
import { Badge, Field, Loading, Trouble, When } from "../../ui/basics.tsx";
import { Fold } from "../../ui/fold.tsx";
import { More, usePages } from "../../ui/pages.tsx";
import { Ending } from "./dialogs.tsx";

/** The tones of the states of tasks (parts.css). */
const TONES: Record<AccessState, string> = {
	live: "succeeded",
	replaced: "pending",
	expired: "cancelled",
	revoked: "failed",
};

function AccessBadge({ state }: { state: AccessState }) {
	return (
		<span>
			<Badge tone={TONES[state]} word={state} />
		</span>
	);
}

function End({ of }: { of: Access }) {
	if (of.state === "revoked") return <span />;
	if (!of.expires_at) return <span class="muted">no end</span>;
	return (
		<span>
			{Date.parse(of.expires_at) > now.value ? "ends" : "ended"} <When time={of.expires_at} />
		</span>
	);
}

const MEANINGS = {
	user:
		"Its password and all of its tokens, logins and keys are refused, and its name cannot be used again. " +
		"Its tasks stay.",
	token: "Requests with this token are refused.",
	login: "The access and the refresh token of this login are refused; the user can log in again.",
	key: "Requests signed with this key are refused.",
};

function CredentialRow({ of, done }: { of: Credential; done: (next: Credential) => void }) {
	const { type, state } = of;
	return (
		<li>
			<span>
				{type} {type !== "login" && <strong>{of.label}</strong>}
			</span>
			<AccessBadge state={state} />
			<span>
				{of.rights.join(", ")}{" "}
				<small>{of.dialects ? of.dialects.map(dialectName).join(", ") : "all APIs"}</small>
			</span>
			<span>
				created <When time={of.created_at} />
			</span>
			<End of={of} />
			<Ending
				of={of}
				name={`${type} ${of.label}`}
				about={MEANINGS[type]}
				hasEnd={type === "key" || (type === "token" && state === "live")}
				done={done}
			/>
		</li>
	);
}

function Credentials({ of }: { of: User }) {
	const [all, setAll] = useState(false);
	const pages = usePages(
		(cursor, signal) => listCredentials(of.id, all, cursor, signal),
		[of.id, of.state, all],
	);
	const { data, problem } = pages;
	return (
		<section>
			<header>
				<h2>Credentials</h2>
				<label>
					<input type="checkbox" checked={all} onChange={() => setAll(!all)} /> Include ended ones
				</label>
			</header>
			{problem && <Trouble problem={problem} retry={pages.reload} />}
			{!data && !problem && <Loading lines={2} />}
			{data && !data.items.length && !data.next && (
				<p class="muted">{all ? "No credentials." : "No live credentials."}</p>
			)}
			<ul class="credentials">
				{data?.items.map((one) => (
					<CredentialRow key={one.id} of={one} done={pages.replace} />
				))}
			</ul>
			<More of={pages} />
		</section>
	);
}

function About({ of, done }: { of: User; done: (next: User) => void }) {
	const { password } = of;
	return (
		<div class="user">
			<dl>
				<Field name="Id">
					<code>{of.id}</code>
				</Field>
				<Field name="Created">
					<When time={of.created_at} />
				</Field>
				<Field name="Password">
					{password ? (
						<>
							<AccessBadge state={password.state} />, set <When time={password.changed_at} />, ends{" "}
							<When time={password.expires_at} none="never" />
						</>
					) : (
						"none: the user cannot log in"
					)}
				</Field>
			</dl>
			{of.id === caller.value?.user && (
				<p class="muted">This is your own user: another administrator or the operator can end it.</p>
			)}
			<Ending of={of} name={of.name} about={MEANINGS.user} hasEnd done={done} />
			<Credentials of={of} />
		</div>
	);
}

export function UserRow({ of, done }: { of: User; done: (next: User) => void }) {
	const head = (
		<>
			<strong>{of.name}</strong> <AccessBadge state={of.state} /> <span>{of.rights.join(", ")}</span>{" "}
			<End of={of} />
		</>
	);
	return (
		<li class="card">
			<Fold head={head}>{() => <About of={of} done={done} />}</Fold>
		</li>
	);
}
