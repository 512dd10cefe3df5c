/** Webhooks, and the deliveries of events to them. */
import { call, Problem, read } from "./http.ts";
import type { Integer, Page, State, Time } from "./types.ts";

export interface HookFilter {
	dialects: string[] | null;
	/** null in it: tasks without a kind. */
	kinds: (string | null)[] | null;
	states: State[] | null;
	types: string[] | null;
}

export interface Webhook {
	id: string;
	name: string | null;
	url: string;
	format: string;
	method: string;
	/** The service does not show the values. */
	headers: Record<string, string>;
	query: Record<string, string>;
	filter: HookFilter;
	max_parallel: number;
	enabled: boolean;
	/** Why the service has disabled it. */
	reason: string | null;
	/** Only of a creation and a rotation. */
	secret?: string;
	old_secret_ends_at: Time | null;
	created_at: Time;
	updated_at: Time;
	revision: Integer;
	state: {
		pending: number;
		last_success_at: Time | null;
		last_failure_at: Time | null;
		last_status: number | null;
		failing_since: Time | null;
		missed: boolean;
	};
}

export type DeliveryState = "pending" | "delivered" | "failed";

export interface Delivery {
	id: string;
	state: DeliveryState;
	/** null: a test. */
	event: { type: string; at: Time; task_id: string; dialect: string | null; kind: string | null } | null;
	created_at: Time;
	next_attempt_at: Time | null;
	ended_at: Time | null;
	attempts: number;
	/** The oldest of the newest attempts first. */
	log: { at: Time; took_ms: number; status: number | null; error: string | null; answer: string | null }[];
	/** Only of one delivery. */
	body?: unknown;
}

export interface Redelivered {
	redelivered: number;
	more: boolean;
	next: string | null;
}

/** A webhook without what the service sets. */
export type HookChange = Partial<Pick<Webhook, "name" | "url" | "format" | "enabled">> & {
	filter?: Partial<HookFilter>;
	/** With `enabled`: also the events that it was not told of meanwhile. */
	resume?: boolean;
};

const ALL = "/v1/webhooks";
const path = (id: string, rest = "") => `${ALL}/${encodeURIComponent(id)}${rest}`;

/** A change of a webhook that is as it was read. */
async function change(method: string, hook: Webhook, rest: string, body?: unknown): Promise<Webhook> {
	const headers = { "If-Match": `"${hook.revision}"` };
	try {
		return (await call<Webhook>(method, path(hook.id, rest), { body, headers })).data;
	} catch (error) {
		if (!(error instanceof Problem) || error.status !== 412) throw error;
		throw new Problem(412, { title: "It has been changed meanwhile. Close this, and look at it again." });
	}
}

export function listWebhooks(signal: AbortSignal): Promise<{ items: Webhook[] }> {
	return read(ALL, {}, signal);
}

export function readWebhook(id: string, signal: AbortSignal): Promise<Webhook> {
	return read(path(id), {}, signal);
}

/** With its secret, if the format is signed. */
export async function addWebhook(body: HookChange): Promise<Webhook> {
	return (await call<Webhook>("POST", ALL, { body })).data;
}

export const patchWebhook = (hook: Webhook, body: HookChange) => change("PATCH", hook, "", body);
export const deleteWebhook = (hook: Webhook) => change("DELETE", hook, "");
export const rotateSecret = (hook: Webhook, keep_seconds: number) =>
	change("POST", hook, "/rotate-secret", { keep_seconds });

/** A delivery that is tried once. */
export async function testWebhook(id: string, signal: AbortSignal): Promise<Delivery> {
	return (await call<Delivery>("POST", path(id, "/test"), { signal })).data;
}

/** The newest first. A page may be empty though others follow. */
export function listDeliveries(id: string, state: string, before: string | undefined, signal: AbortSignal) {
	return read<Page<Delivery>>(path(id, "/deliveries"), { state: state || undefined, before }, signal);
}

export function readDelivery(id: string, delivery: string, signal: AbortSignal): Promise<Delivery> {
	return read(path(id, `/deliveries/${encodeURIComponent(delivery)}`), {}, signal);
}

/** Sends deliveries again: these, or those that failed in a time. */
export async function redeliver(id: string, body: Record<string, unknown>): Promise<Redelivered> {
	return (await call<Redelivered>("POST", path(id, "/redeliver"), { body })).data;
}
