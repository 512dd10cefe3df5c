/** The login: with a name and a password, or with a token. */
import { useState } from "preact/hooks";
import type { Problem } from "../api/http.ts";
import { asProblem } from "../model/resource.ts";
import { farewell, logInWithPassword, logInWithToken } from "../model/session.ts";
import { Trouble } from "../ui/basics.tsx";

function PasswordFields() {
	return (
		<>
			<label>
				Name
				<input
					name="name"
					autocomplete="username"
					autocapitalize="off"
					spellcheck={false}
					required
					autofocus
				/>
			</label>
			<label>
				Password
				<input name="password" type="password" autocomplete="current-password" required />
			</label>
		</>
	);
}

function TokenField() {
	return (
		<label>
			Token
			<input name="token" type="password" autocomplete="off" spellcheck={false} required autofocus />
		</label>
	);
}

export function Login() {
	const [withToken, setWithToken] = useState(false);
	const [problem, setProblem] = useState<Problem>();
	const [isBusy, setBusy] = useState(false);

	const submit = async (event: SubmitEvent) => {
		event.preventDefault();
		const form = new FormData(event.currentTarget as HTMLFormElement);
		const text = (name: string) => String(form.get(name) ?? "");
		setBusy(true);
		setProblem(undefined);
		try {
			if (withToken) await logInWithToken(text("token").trim());
			else await logInWithPassword(text("name"), text("password"));
		} catch (error) {
			setProblem(asProblem(error));
			setBusy(false);
		}
	};
	return (
		<main class="login">
			<form onSubmit={submit} aria-labelledby="login">
				<h1 id="login">Polytask</h1>
				{farewell.value && !problem && <p role="status">{farewell.value}</p>}
				{problem && <Trouble problem={problem} />}
				{withToken ? <TokenField /> : <PasswordFields />}
				<button type="submit" class="primary" disabled={isBusy} aria-busy={isBusy}>
					Log in
				</button>
				<button type="button" class="quiet" onClick={() => setWithToken(!withToken)}>
					{withToken ? "Use a name and a password" : "Use a token"}
				</button>
				<p class="muted">The token stays in this tab. It is forgotten when you log out or close the tab.</p>
			</form>
		</main>
	);
}
