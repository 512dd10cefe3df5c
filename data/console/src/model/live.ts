/**
 * Live data. One stream of events serves all parts of the page. It is closed while the page is hidden or paused, and
 * continues after the last event. Reloads wait while a part of the page must not change, such as selected rows.
 */
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { follow, type Listener } from "../api/feed.ts";
import { Problem } from "../api/http.ts";
import type { TaskEvent } from "../api/types.ts";
import { caller, may } from "./session.ts";

export type Connection = "live" | "connecting" | "offline" | "hidden" | "off";

/** `off`: there is no feed, because the caller has no right to read or the service keeps no journal. */
export const connection = signal<Connection>("off");
/** The reason why the page is not live, and the seconds until the next attempt. */
export const connectionError = signal("");

/** `undefined`: events may have been missed. */
type Subscriber = (events: TaskEvent[] | undefined) => void;

const subscribers = new Set<Subscriber>();
let position = "";
let stream: AbortController | undefined;
/** The connection was lost, so other requests may have failed as well. */
let wasLost = false;

const notify: Subscriber = (events) => subscribers.forEach((subscriber) => subscriber(events));

const listener: Listener = {
	events: notify,
	position(id) {
		position = id;
	},
	open(gap) {
		connection.value = "live";
		connectionError.value = "";
		if (gap || wasLost) notify(undefined);
		wasLost = false;
	},
	closed(problem, seconds) {
		wasLost ||= problem !== undefined;
		connection.value = problem ? "offline" : "connecting";
		connectionError.value = problem ? `${problem.message} The next try is in ${seconds} s.` : "";
	},
};

async function run(controller: AbortController): Promise<void> {
	try {
		await follow(listener, controller.signal, position);
	} catch (error) {
		connection.value = "off";
		connectionError.value = error instanceof Problem ? error.message : String(error);
	}
}

function stop(): void {
	stream?.abort();
	stream = undefined;
}

/** Set by the button of the shell. */
export const isPaused = signal(false);

/** True while nothing is read without a request of the user. */
export function isAtRest(): boolean {
	return isPaused.peek() || document.visibilityState === "hidden";
}

/** Opens or closes the stream, depending on the session, the visibility of the page and isPaused. */
function update(): void {
	const wanted = caller.peek() !== undefined && may("read");
	if (!wanted) {
		stop();
		position = "";
		connection.value = "off";
	} else if (isAtRest()) {
		stop();
		connection.value = "hidden";
	} else if (!stream) {
		stream = new AbortController();
		connection.value = "connecting";
		void run(stream);
	}
}

export function startLive(): void {
	document.addEventListener("visibilitychange", update);
	window.addEventListener("online", () => {
		wasLost = true;
		stop();
		update();
	});
	effect(() => {
		void caller.value?.user;
		void isPaused.value;
		update();
	});
}

/** Calls the subscriber for each batch of events, until the component is removed. */
export function useEvents(subscriber: Subscriber): void {
	const latest = useRef(subscriber);
	latest.current = subscriber;
	useEffect(() => {
		const call: Subscriber = (events) => latest.current(events);
		subscribers.add(call);
		return () => void subscribers.delete(call);
	}, []);
}

/**
 * Calls `reload` soon after an event that matters, at most once in `ms`. While `held` is true it waits, and calls it
 * afterwards.
 */
export function useReload(
	reload: () => void,
	ms: number,
	matters: (event: TaskEvent) => boolean = () => true,
	held = false,
): void {
	const state = useRef({ timer: 0, last: 0, wanted: false, held, reload });
	state.current.held = held;
	state.current.reload = reload;
	const plan = () => {
		const now = state.current;
		now.wanted = true;
		if (now.timer || now.held) return;
		now.timer = window.setTimeout(
			() => {
				now.timer = 0;
				if (now.held) return;
				now.wanted = false;
				now.last = Date.now();
				now.reload();
			},
			Math.max(now.last + ms - Date.now(), 50),
		);
	};
	useEvents((events) => {
		if (!events || events.some(matters)) plan();
	});
	useEffect(() => {
		if (!held && state.current.wanted) plan();
	}, [held]);
	useEffect(() => () => clearTimeout(state.current.timer), []);
}
