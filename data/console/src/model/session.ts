/**
 * The session of this tab. The token is in memory and in sessionStorage, so that it lives as long as the tab. A login
 * by password also has a refresh token, with which both are replaced before the access token ends.
 */
import { computed, signal } from "@preact/signals";
import { onRefused, Problem, setToken } from "../api/http.ts";
import { logIn, refresh, revoke, type Tokens } from "../api/login.ts";
import { readCaller } from "../api/me.ts";
import type { Caller, Right } from "../api/types.ts";
import { isRefusal } from "./retry.ts";

interface Kept {
	token: string;
	/** The same in all tabs of a login, also after its tokens were replaced: a digest of the first token. */
	login?: string | undefined;
	/** Absent: the token was pasted. */
	refresh?: string | undefined;
	/** When to replace the token, in ms since the epoch. */
	renewAt?: number | undefined;
	/** The latest refresh tokens that this login had before. */
	past?: string[] | undefined;
}

const STORE = "polytask.session";
const EARLY = 60_000; // ms between the replacement of a token and its end
const TELLING = 200; // ms in which other tabs tell of new tokens
const PAST = 50; // refresh tokens that are known to be replaced

/** The user of the session; undefined without a session. */
export const caller = signal<Caller | undefined>(undefined);
/** The reason why the last session ended, shown on the login page. */
export const farewell = signal("");
/** False until a session of this tab has been tried. */
export const ready = signal(false);

const kept = signal<Kept | undefined>(undefined);
export const isPasted = computed(() => kept.value !== undefined && !kept.value.refresh);
let timer = 0;
/** Refused requests ask for no new tokens before this time, in ms since the epoch: the service is busy. */
let notBefore = 0;

export function may(right: Right): boolean {
	return caller.value?.rights.includes(right) ?? false;
}

function keep(next: Kept | undefined): void {
	clearTimeout(timer);
	notBefore = 0;
	kept.value = next;
	setToken(next?.token ?? "");
	if (!next) return sessionStorage.removeItem(STORE);
	sessionStorage.setItem(STORE, JSON.stringify(next));
	if (next.refresh)
		timer = window.setTimeout(() => void renew(), Math.max((next.renewAt ?? 0) - Date.now(), 0));
}

function keepTokens(tokens: Tokens, login: string | undefined, past: string[] = []): void {
	const { access_token: token, refresh_token } = tokens;
	const renewAt = Date.now() + Math.max(tokens.expires_in * 1000 - EARLY, EARLY);
	keep({ token, login, refresh: refresh_token, renewAt, past: past.slice(-PAST) });
}

/** Identifies the login in messages between tabs without the token: its SHA-256 in hexadecimal. */
async function digestOf(token: string): Promise<string> {
	const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

interface Message {
	/** A refresh token. With `next` it was replaced by these tokens; without, it is a question for them. */
	replaced?: string;
	next?: Kept;
	/** The login that a person has ended. */
	ended?: string;
}

/**
 * A tab that was duplicated has the same login, and one that the browser had closed comes back with old tokens. A
 * refresh token that is used twice ends the login. So one tab replaces the tokens, under a lock, after it has asked the
 * others.
 */
const tabs = new BroadcastChannel(STORE);

tabs.onmessage = ({ data: { replaced, next, ended } }: MessageEvent<Message>) => {
	const mine = kept.value;
	if (ended) leave(ended);
	else if (next && mine?.refresh === replaced) keep(next);
	else if (replaced && !next && mine?.past?.includes(replaced)) tabs.postMessage({ replaced, next: mine });
};

/** Ends the session if it is of the login that was ended in another tab. */
function leave(ended: string): void {
	const mine = kept.value;
	if (!mine || mine.login !== ended) return;
	end("You have logged out in another tab.");
	// These tokens may be newer than those that the other tab has revoked.
	if (mine.refresh) revoke(mine.token).catch(() => {});
}

/** Changes nothing if `last` is not the present session any more: it has ended, or another login has begun. */
async function replaceTokens(last: Kept & { refresh: string }): Promise<void> {
	tabs.postMessage({ replaced: last.refresh });
	await new Promise((resolve) => setTimeout(resolve, TELLING));
	if (kept.value !== last) return;
	try {
		const tokens = await refresh(last.refresh);
		// Who has logged out meanwhile revoked the old tokens: the new ones must end as well.
		if (kept.value !== last) return await revoke(tokens.access_token);
		keepTokens(tokens, last.login, [...(last.past ?? []), last.refresh]);
	} catch (error) {
		if (kept.value !== last) return;
		// A refusal ends the session. Otherwise the present token may last until the service is back.
		if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429)
			return end("Your session has ended. Log in again.");
		const wait = isRefusal(error) ? error.retryAfter * 1000 : 0;
		notBefore = Date.now() + wait;
		clearTimeout(timer);
		timer = window.setTimeout(() => void renew(), Math.max(wait, EARLY / 6));
		return;
	}
	tabs.postMessage({ replaced: last.refresh, next: kept.value });
}

/** Replaces the tokens soon before their end, or because this one has ended. */
async function renew(ended?: string): Promise<void> {
	await navigator.locks.request(STORE, async () => {
		const last = kept.value;
		if (!last?.refresh || (ended && Date.now() < notBefore)) return;
		if (last.token === ended || Date.now() + EARLY / 2 >= (last.renewAt ?? Infinity))
			await replaceTokens(last as Kept & { refresh: string });
	});
}

function end(reason: string): void {
	keep(undefined);
	caller.value = undefined;
	farewell.value = reason;
}

/** Reads the user of the token. If the service refuses the token, the session has none. */
async function enter(): Promise<void> {
	try {
		caller.value = await readCaller();
		farewell.value = "";
	} catch (error) {
		if (error instanceof Problem && (error.status === 401 || error.status === 403)) keep(undefined);
		throw error;
	}
}

/** Without success nothing is kept: a page that shows the form has no token. */
async function begin(): Promise<void> {
	try {
		await enter();
	} catch (error) {
		logOut().catch(() => {});
		throw error;
	}
}

/** Throws a Problem. */
export async function logInWithPassword(name: string, password: string): Promise<void> {
	const tokens = await logIn(name, password);
	keepTokens(tokens, await digestOf(tokens.access_token));
	await begin();
}

/** Throws a Problem. */
export async function logInWithToken(token: string): Promise<void> {
	keep({ token, login: await digestOf(token) });
	await begin();
}

/** Ends the session. If it is of a login, or if `andToken`, the token ends as well, and so do other tabs with it. */
export async function logOut(andToken = false): Promise<void> {
	const last = kept.value;
	end("");
	if (!last || !(last.refresh || andToken)) return;
	if (last.login) tabs.postMessage({ ended: last.login });
	await revoke(last.token);
}

/** Reads again what the service knows of the caller: rights, rate, quota. */
export async function reloadCaller(): Promise<void> {
	caller.value = await readCaller();
}

/** Goes on with the session of this tab, if there is one. Throws a Problem if the service cannot be reached. */
export async function resume(): Promise<void> {
	onRefused(async (problem) => {
		if (kept.value?.refresh) await renew(kept.value.token);
		else end(problem.message);
	});
	const text = sessionStorage.getItem(STORE);
	try {
		if (text) {
			const last = JSON.parse(text) as Kept;
			// An earlier version of this page kept none.
			keep({ ...last, login: last.login ?? (await digestOf(last.token)) });
			await enter();
		}
	} finally {
		ready.value = true;
	}
}
