/**
 * The stream of events (GET /v1/events as text/event-stream). It is read by fetch, because EventSource sends no
 * Authorization. A stream that was cut off goes on behind the last event.
 */
import { createParser } from "eventsource-parser";
import { address, isAbort, Problem, sendWithToken } from "./http.ts";
import { parseJson } from "./json.ts";
import type { TaskEvent } from "./types.ts";

export interface Listener {
	/** The events of one read of the stream, at least one. */
	events(events: TaskEvent[]): void;
	/** Where another stream would go on; empty: nowhere. */
	passed(place: string): void;
	/** The stream is open. `gap`: events may be missing, so that everything must be read again. */
	open(gap: boolean): void;
	/** It is not; it is tried again after `seconds`. */
	closed(problem: Problem | undefined, seconds: number): void;
}

const FIRST_DELAY = 1; // seconds
const LONGEST_DELAY = 30;
const LONGEST_WISH = 300; // of the service, in Retry-After

/** An event whose data are no object of JSON is passed over. */
function eventOf(id: string, data: string): TaskEvent[] {
	try {
		const event = parseJson(data);
		return typeof event === "object" && event !== null ? [{ ...(event as TaskEvent), id }] : [];
	} catch {
		return [];
	}
}

/** Passes the events of one response to the listener. Returns at its end. */
async function receive(response: Response, listener: Listener): Promise<void> {
	let events: TaskEvent[] = [];
	const parser = createParser({
		onEvent({ event, id, data }) {
			if (id) listener.passed(id);
			if (event === undefined) events.push(...eventOf(id ?? "", data));
		},
	});
	const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
	for (;;) {
		const { done, value } = await reader.read();
		if (done) return;
		parser.feed(value);
		if (events.length) listener.events(events);
		events = [];
	}
}

/** A pause that an abort ends. */
function sleep(seconds: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const end = () => {
			clearTimeout(timer);
			signal.removeEventListener("abort", end);
			resolve();
		};
		const timer = setTimeout(end, signal.aborted ? 0 : seconds * 1000);
		signal.addEventListener("abort", end);
	});
}

/**
 * Follows the events behind `place` until the signal; without a place, those from now on. Ends with a Problem that
 * trying again does not mend: 403, 404 (no journal). A 401 that lasts ends the session, and so the signal; until
 * then a later renewal of the token may mend it.
 */
export async function follow(listener: Listener, signal: AbortSignal, place: string): Promise<void> {
	let delay = FIRST_DELAY;
	let gap = place === "";
	const passing = { ...listener, passed: (id: string) => listener.passed((place = id)) };
	while (!signal.aborted) {
		let problem: Problem | undefined;
		try {
			const headers: Record<string, string> = { Accept: "text/event-stream" };
			if (place) headers["Last-Event-ID"] = place;
			const response = await sendWithToken(address("/v1/events"), { headers, signal });
			listener.open(gap);
			gap = false;
			delay = FIRST_DELAY;
			await receive(response, passing);
		} catch (error) {
			if (signal.aborted || isAbort(error)) break;
			problem = error instanceof Problem ? error : new Problem(0, { title: "The connection was lost." });
			if ([403, 404].includes(problem.status)) throw problem;
			if (problem.status === 410) {
				passing.passed("");
				gap = true;
			}
		}
		const pause = Math.min(Math.max(delay, problem?.retryAfter ?? 0), LONGEST_WISH);
		listener.closed(problem, pause);
		await sleep(pause, signal);
		delay = Math.min(delay * 2, LONGEST_DELAY);
	}
}
