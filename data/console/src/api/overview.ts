/** What the overview reads: counts and workers, what happened over time, and what an administrator looks after. */
import { Problem, read, serviceTime } from "./http.ts";
import type { Time } from "./types.ts";

/** How many tasks were created and ended in each step. */
export interface SeriesItem {
	dialect: string;
	created: number[];
	succeeded: number[];
	failed: number[];
	cancelled: number[];
}

export interface Series {
	from: Time;
	/** The end of the last step, which may not be over. */
	to: Time;
	step_seconds: number;
	items: SeriesItem[];
	at: Time;
}

export interface Health {
	/** `advice` is there if a person has to do or to know something. */
	checks: { name: string; advice?: string }[];
}

/** Of a webhook, what says whether it works. */
export interface WebhookHealth {
	id: string;
	name: string | null;
	url: string;
	enabled: boolean;
	/** Why the service has disabled it. */
	reason: string | null;
	state: { failing_since: Time | null; last_status: number | null; missed: boolean };
}

/** undefined if the service has no such address, or the caller may not read it. */
export async function readIfAvailable<T>(reading: Promise<T>): Promise<T | undefined> {
	try {
		return await reading;
	} catch (error) {
		if (error instanceof Problem && (error.status === 404 || error.status === 403)) return undefined;
		throw error;
	}
}

/** The last `seconds`, in steps of `step` seconds. */
export function readSeries(seconds: number, step: number, signal: AbortSignal): Promise<Series> {
	return read(
		"/v1/stats/series",
		{ from: new Date(serviceTime() - seconds * 1000).toISOString(), step },
		signal,
	);
}

export function readHealth(signal: AbortSignal): Promise<Health> {
	return read("/v1/health", {}, signal);
}

export async function readWebhooks(signal: AbortSignal): Promise<WebhookHealth[]> {
	return (await read<{ items: WebhookHealth[] }>("/v1/webhooks", {}, signal)).items;
}
