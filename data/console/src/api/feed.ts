/**
 * The stream of events (GET /v1/events as text/event-stream), read by fetch because EventSource cannot send
 * Authorization. After an interruption it continues after the last event received.
 */
import { createParser } from "eventsource-parser";
import { address, isAbort, Problem, sendWithToken } from "./http.ts";
import { parseJson } from "./json.ts";
import type { TaskEvent } from "./types.ts";

export interface Listener {
	/** The events of one read of the stream, at least one. */
	events(events: TaskEvent[]): void;
	/** The event id from which another stream continues; empty: the events from then on. */
	position(id: string): void;
	/** The stream is open. `gap`: events may have been missed, so all data must be read again. */
	open(gap: boolean): void;
	/** The stream has ended; the next attempt is in `seconds`. */
	closed(problem: Problem | undefined, seconds: number): void;
}

const FIRST_DELAY = 1; // seconds
const MAX_DELAY = 30;

/** Skips an event whose data are not a JSON object. */
function parseEvent(id: string, data: string): TaskEvent[] {
	try {
		const event = parseJson(data);
		return typeof event === "object" && event !== null ? [{ ...(event as TaskEvent), id }] : [];
	} catch {
		return [];
	}
}

/** Passes the events of one response to the listener. Returns when the response ends. */
async function receive(response: Response, listener: Listener): Promise<void> {
	let events: TaskEvent[] = [];
	const parser = createParser({
		onEvent({ event, id, data }) {
			if (id) listener.position(id);
			if (event === undefined) events.push(...parseEvent(id ?? "", data));
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

/** Returns after `seconds`, or at once when the signal aborts. */
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
 * Passes on the events after `position` until the signal aborts; without a position, the events from now on. A lost
 * connection is opened again after a delay. Throws a Problem that a new attempt cannot solve: 403, 404 (no journal).
 * After a 401 it tries again, too: a later renewal may replace the token, or the end of the session aborts the signal.
 */
export async function follow(listener: Listener, signal: AbortSignal, position: string): Promise<void> {
	let delay = FIRST_DELAY;
	let gap = position === "";
	const tracking = { ...listener, position: (id: string) => listener.position((position = id)) };
	while (!signal.aborted) {
		let problem: Problem | undefined;
		try {
			const headers: Record<string, string> = { Accept: "text/event-stream" };
			if (position) headers["Last-Event-ID"] = position;
			const response = await sendWithToken(address("/v1/events"), { headers, signal });
			listener.open(gap);
			gap = false;
			delay = FIRST_DELAY;
			await receive(response, tracking);
		} catch (error) {
			if (signal.aborted || isAbort(error)) break;
			problem = error instanceof Problem ? error : new Problem(0, { title: "The connection was lost." });
			if ([403, 404].includes(problem.status)) throw problem;
			if (problem.status === 410) {
				tracking.position("");
				gap = true;
			}
		}
		const pause = Math.max(delay, problem?.retryAfter ?? 0);
		listener.closed(problem, pause);
		await sleep(pause, signal);
		delay = Math.min(delay * 2, MAX_DELAY);
	}
}
