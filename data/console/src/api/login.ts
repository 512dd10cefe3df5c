/** The token endpoint: RFC 6749 sections 4.3 and 6, RFC 7009. */
import { problemOf, send } from "./http.ts";

export interface Tokens {
	access_token: string;
	refresh_token?: string;
	/** Seconds. */
	expires_in: number;
}

async function post(path: string, form: Record<string, string>): Promise<Response> {
	const response = await send(path, {
		method: "POST",
		headers: { Accept: "application/json" },
		body: new URLSearchParams(form),
	});
	if (!response.ok) throw await problemOf(response);
	return response;
}

async function grant(form: Record<string, string>): Promise<Tokens> {
	return (await post("/v1/token", form)).json() as Promise<Tokens>;
}

export function logIn(username: string, password: string): Promise<Tokens> {
	return grant({ grant_type: "password", username, password });
}

/** Replaces both tokens of a login; the old ones end. */
export function refresh(token: string): Promise<Tokens> {
	return grant({ grant_type: "refresh_token", refresh_token: token });
}

export async function revoke(token: string): Promise<void> {
	await post("/v1/revoke", { token });
}
