/** Users of the tenant and their credentials. They need the right admin; an older service answers with 404. */
import { call, read } from "./http.ts";
import type { Page, Right, Time } from "./types.ts";

/** `replaced`: a rotated token, which is live until the overlap ends. */
export type AccessState = "live" | "replaced" | "expired" | "revoked";

/** The members that users and credentials have in common. */
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

/** A page of users, sorted by name. */
export function listUsers(cursor?: string | null, signal?: AbortSignal): Promise<Page<User>> {
	return read("/v1/users", { limit: 200, cursor: cursor ?? undefined }, signal);
}

/** Reads a page of a user's credentials, the newest first; with `all` also the credentials that have ended. */
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

/** Sets when a user or a credential ends; null: never. */
export async function setEnd<T extends Access>(of: T, end: Time | null): Promise<T> {
	return (await call<T>("PATCH", path(of), { body: { expires_at: end } })).data;
}

/** Revokes a user or a credential permanently. */
export async function revokeAccess<T extends Access>(of: T): Promise<T> {
	return (await call<T>("POST", `${path(of)}/revoke`)).data;
}
