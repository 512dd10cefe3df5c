/** Data of the overview: counts by time, the health of the service and of webhooks. */
import { Problem, read, serviceTime } from "./http.ts";
import type { Time } from "./types.ts";

/** The number of tasks that were created and ended in each step. */
export interface SeriesItem {
	dialect: string;
	created: number[];
	succeeded: number[];
	failed: number[];
	cancelled: number[];
}

export interface Series {
	from: Time;
	/** The end of the last step, which may be in the future. */
	to: Time;
	step_seconds: number;
	items: SeriesItem[];
	at: Time;
}

export interface Health {
	/** `advice` is present if a person has to do or to know something. */
	checks: { name: string; advice?: string }[];
}

/** The members of a webhook that tell whether it works. */
export interface WebhookHealth {
	id: string;
	name: string | null;
	url: string;
	enabled: boolean;
	/** The reason why the service has disabled it. */
	reason: string | null;
	state: { failing_since: Time | null; last_status: number | null; missed: boolean };
}

/** Returns undefined if the service has no such address, or the caller may not read it. */
export async function readIfAvailable<T>(reading: Promise<T>): Promise<T | undefined> {
	try {
		return await reading;
	} catch (error) {
		if (error instanceof Problem && (error.status === 404 || error.status === 403)) return undefined;
		throw error;
	}
}

/** Counts of the last `seconds`, in steps of `step` seconds. */
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
