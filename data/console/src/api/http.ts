/**
 * Requests to the service, with the token that model/session.ts has set. Each failure is thrown as a Problem: that of
 * the response (RFC 9457), or one with the status 0 if the service could not be reached.
 */
import { formatJson, parseJson } from "./json.ts";

export interface Fault {
	pointer?: string;
	parameter?: string;
	header?: string;
	detail: string;
}

function isFault(value: unknown): value is Fault {
	return (
		typeof value === "object" &&
		value !== null &&
		Object.values(value).every((one) => typeof one === "string")
	);
}

export class Problem extends Error {
	readonly status: number;
	readonly type: string;
	readonly faults: Fault[];
	readonly request: string;
	/** Seconds; 0: the response has no Retry-After. */
	readonly retryAfter: number;
	/** When the page repeats the request, by serviceTime(); 0: it does not. Set by who repeats it. */
	retryAt = 0;
	/** The members of the body, for members that only one type of problem has. */
	readonly body: Record<string, unknown>;

	constructor(status: number, body: Record<string, unknown>, retryAfter = 0) {
		const texts = [body.detail, body.title, body.error_description, `The service answered ${status}.`];
		super(texts.find((text) => typeof text === "string"));
		this.status = status;
		this.type = String(body.type ?? "").replace("/v1/problems/", "");
		this.faults = (Array.isArray(body.errors) ? (body.errors as unknown[]) : []).filter(isFault);
		this.request = String(body.instance ?? "").replace("/v1/requests/", "");
		this.retryAfter = retryAfter;
		this.body = body;
	}
}

export interface Answer<T> {
	status: number;
	data: T;
	etag: string | null;
	headers: Headers;
}

export interface Options {
	body?: unknown;
	/** An array becomes a repeated parameter; undefined is left out. */
	query?: Record<string, unknown>;
	headers?: Record<string, string>;
	signal?: AbortSignal | undefined;
}

const RETRY_AFTER_MAX = 300; // seconds; a longer Retry-After counts as this
const SKEW_LEAST = 5000; // ms: Date has whole seconds, and an answer takes time

/** The service's clock minus the clock of this machine, in ms; 0 if they nearly agree. */
let ahead = 0;
let token = "";
let replaceToken: (problem: Problem) => Promise<void> = async () => {};

export function setToken(text: string): void {
	token = text;
}

/** Sets the function that is called after each 401, to set another token or to end the session. */
export function onRefused(callback: (problem: Problem) => Promise<void>): void {
	replaceToken = callback;
}

/** The present time of the service in ms since the epoch. The clock of this machine may be wrong. */
export function serviceTime(): number {
	return Date.now() + ahead;
}

function noteDate(response: Response): void {
	const skew = Date.parse(response.headers.get("Date") ?? "") - Date.now();
	if (!Number.isNaN(skew)) ahead = Math.abs(skew) < SKEW_LEAST ? 0 : skew;
}

export function address(path: string, query: Options["query"] = {}): string {
	const text = new URLSearchParams();
	for (const [name, value] of Object.entries(query))
		for (const one of Array.isArray(value) ? value : [value])
			if (one !== undefined) text.append(name, String(one));
	const all = text.toString();
	return all ? `${path}?${all}` : path;
}

function asObject(text: string): Record<string, unknown> {
	try {
		const value = parseJson(text);
		return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
	} catch {
		return {};
	}
}

/** Retry-After in seconds, which proxies also send as a date (RFC 9110 section 10.2.3). */
function retryAfterOf(response: Response): number {
	const text = response.headers.get("Retry-After") ?? "";
	const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - serviceTime()) / 1000;
	return Math.min(Math.max(Math.ceil(seconds), 0) || 0, RETRY_AFTER_MAX);
}

export async function problemOf(response: Response): Promise<Problem> {
	return new Problem(response.status, asObject(await response.text()), retryAfterOf(response));
}

/** fetch() without a token. Throws a Problem if the service cannot be reached, or an AbortError. */
export async function send(url: string, init: RequestInit): Promise<Response> {
	try {
		const response = await fetch(url, { cache: "no-store", credentials: "omit", redirect: "error", ...init });
		noteDate(response);
		return response;
	} catch (error) {
		if (init.signal?.aborted) throw error;
		throw new Problem(0, { title: "The service cannot be reached." });
	}
}

/** Sends the token. Returns every response, whatever its status. */
export function sendOnce(url: string, init: RequestInit): Promise<Response> {
	return send(url, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } });
}

/**
 * With the token; sent again, at most `left` times, if that has ended and was replaced: meanwhile the next may have
 * ended, too, but a service that refuses each must not be asked for ever. Throws a Problem or an AbortError.
 */
export async function sendWithToken(url: string, init: RequestInit, left = 2): Promise<Response> {
	const used = token;
	const response = await sendOnce(url, init);
	if (response.ok || response.status === 304) return response;
	const problem = await problemOf(response);
	if (response.status !== 401 || !left) throw problem;
	if (used === token) await replaceToken(problem);
	if (used === token || !token) throw problem;
	return sendWithToken(url, init, left - 1);
}

/** undefined: an empty body. A proxy or a portal in between may answer with anything. */
async function dataOf(response: Response): Promise<unknown> {
	try {
		const text = await response.text();
		return text ? parseJson(text) : undefined;
	} catch (error) {
		if (isAbort(error)) throw error;
		throw new Problem(0, { title: "The answer was cut off, or is not of the service." });
	}
}

/** A request of the native API. 304 has no data. */
export async function call<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
	const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
	const init: RequestInit = { method, headers, signal: options.signal ?? null };
	if (options.body !== undefined) {
		headers["Content-Type"] = method === "PATCH" ? "application/merge-patch+json" : "application/json";
		init.body = formatJson(options.body);
	}
	const response = await sendWithToken(address(path, options.query), init);
	return {
		status: response.status,
		data: (await dataOf(response)) as T,
		etag: response.headers.get("ETag"),
		headers: response.headers,
	};
}

export async function read<T>(path: string, query?: Options["query"], signal?: AbortSignal): Promise<T> {
	const { data } = await call<T>("GET", path, { query: query ?? {}, signal });
	if (typeof data !== "object" || data === null) throw new Problem(0, { title: "The answer has no data." });
	return data;
}

export function isAbort(error: unknown): boolean {
	return error instanceof DOMException && error.name === "AbortError";
}
