/** Users of the tenant and their credentials: right admin. A service before this API answers with 404. */
import { call, read } from "./http.ts";
import type { Page, Right, Time } from "./types.ts";

/** `replaced`: a token that is live until its successor is in use. */
export type AccessState = "live" | "replaced" | "expired" | "revoked";

/** What a user and a credential have in common. */
export interface Access {
	id: string;
	rights: Right[];
	state: AccessState;
	created_at: Time;
	expires_at: Time | null;
}

export interface User extends Access {
	name: string;
	password: { changed_at: Time | null; expires_at: Time | null; state: AccessState } | null;
}

export interface Credential extends Access {
	/** The tokens of one login are one credential. */
	type: "token" | "login" | "key";
	label: string;
	/** null: all. */
	dialects: string[] | null;
}

/** By name. */
export function listUsers(cursor?: string | null, signal?: AbortSignal): Promise<Page<User>> {
	return read("/v1/users", { limit: 200, cursor: cursor ?? undefined }, signal);
}

/** The newest first; `all`: also those that have ended. */
export function listCredentials(
	user: string,
	all: boolean,
	cursor?: string | null,
	signal?: AbortSignal,
): Promise<Page<Credential>> {
	const state = all ? undefined : "live,replaced";
	return read("/v1/credentials", { user, state, cursor: cursor ?? undefined }, signal);
}

const path = (of: Access) => `/v1/${"name" in of ? "users" : "credentials"}/${encodeURIComponent(of.id)}`;

/** null: never. */
export async function setEnd<T extends Access>(of: T, end: Time | null): Promise<T> {
	return (await call<T>("PATCH", path(of), { body: { expires_at: end } })).data;
}

/** For ever. */
export async function revokeAccess<T extends Access>(of: T): Promise<T> {
	return (await call<T>("POST", `${path(of)}/revoke`)).data;
}
