/** Webhooks, and the deliveries of events to them. */
import { call, Problem, read } from "./http.ts";
import type { Integer, Page, State, Time } from "./types.ts";

export interface HookFilter {
	dialects: string[] | null;
	/** An element null: tasks without a kind. */
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
	/** The service does not return the values. */
	headers: Record<string, string>;
	query: Record<string, string>;
	filter: HookFilter;
	max_parallel: number;
	enabled: boolean;
	/** The reason why the service has disabled it. */
	reason: string | null;
	/** Only in the responses to a creation and a rotation. */
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
	/** The latest attempts, the oldest first. */
	log: { at: Time; took_ms: number; status: number | null; error: string | null; answer: string | null }[];
	/** Only if one delivery is read. */
	body?: unknown;
}

export interface Redelivered {
	redelivered: number;
	more: boolean;
	next: string | null;
}

/** The members that a client can set. */
export type HookChange = Partial<Pick<Webhook, "name" | "url" | "format" | "enabled">> & {
	filter?: Partial<HookFilter>;
	/** With `enabled`: also delivers the events that happened while it was disabled. */
	resume?: boolean;
};

const ALL = "/v1/webhooks";
const path = (id: string, rest = "") => `${ALL}/${encodeURIComponent(id)}${rest}`;

/** Sends a change, which fails with 412 if the webhook has changed since it was read. */
async function change(method: string, hook: Webhook, rest: string, body?: unknown): Promise<Webhook> {
	const headers = { "If-Match": `"${hook.revision}"` };
	try {
		return (await call<Webhook>(method, path(hook.id, rest), { body, headers })).data;
	} catch (error) {
		if (!(error instanceof Problem) || error.status !== 412) throw error;
		throw new Problem(412, {
			title: "The webhook has been changed since you opened this. Close this and check it again.",
		});
	}
}

export function listWebhooks(signal: AbortSignal): Promise<{ items: Webhook[] }> {
	return read(ALL, {}, signal);
}

export function readWebhook(id: string, signal: AbortSignal): Promise<Webhook> {
	return read(path(id), {}, signal);
}

/** Returns the webhook with its secret, if its format is signed. */
export async function addWebhook(body: HookChange): Promise<Webhook> {
	return (await call<Webhook>("POST", ALL, { body })).data;
}

export const patchWebhook = (hook: Webhook, body: HookChange) => change("PATCH", hook, "", body);
export const deleteWebhook = (hook: Webhook) => change("DELETE", hook, "");
export const rotateSecret = (hook: Webhook, keep_seconds: number) =>
	change("POST", hook, "/rotate-secret", { keep_seconds });

/** Sends a test delivery, which is tried once. */
export async function testWebhook(id: string, signal: AbortSignal): Promise<Delivery> {
	return (await call<Delivery>("POST", path(id, "/test"), { signal })).data;
}

/** A page of deliveries, the newest first. It may be empty although another page follows. */
export function listDeliveries(id: string, state: string, before: string | undefined, signal: AbortSignal) {
	return read<Page<Delivery>>(path(id, "/deliveries"), { state: state || undefined, before }, signal);
}

export function readDelivery(id: string, delivery: string, signal: AbortSignal): Promise<Delivery> {
	return read(path(id, `/deliveries/${encodeURIComponent(delivery)}`), {}, signal);
}

/** Sends deliveries again: those with the ids, or those of a time that failed. */
export async function redeliver(id: string, body: Record<string, unknown>): Promise<Redelivered> {
	return (await call<Redelivered>("POST", path(id, "/redeliver"), { body })).data;
}
