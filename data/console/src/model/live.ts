/**
 * The page follows what happens. One stream of events serves all parts of it; it rests while the page is hidden or
 * paused, and goes on behind the last event. While something holds the page still, such as selected rows, events wait.
 */
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { follow, type Listener } from "../api/feed.ts";
import { Problem } from "../api/http.ts";
import type { TaskEvent } from "../api/types.ts";
import { caller, may } from "./session.ts";

export type Connection = "live" | "connecting" | "offline" | "hidden" | "off";

/** `off`: there is no feed, because the caller may not read or the service keeps no journal. */
export const connection = signal<Connection>("off");
/** Why it is not live, and seconds until the next try. */
export const connectionError = signal("");

/** `undefined`: events may have been missed. */
type Subscriber = (events: TaskEvent[] | undefined) => void;

const subscribers = new Set<Subscriber>();
let position = "";
let stream: AbortController | undefined;
/** Reads beside the stream may have failed. */
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

/** The person has paused it. */
export const isPaused = signal(false);

/** Nothing is read by itself. */
export function isAtRest(): boolean {
	return isPaused.peek() || document.visibilityState === "hidden";
}

/** Begins or ends the stream by the session, the visibility of the page and the wish of the person. */
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

/** Calls back for each batch of events, until the component goes away. */
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
 * Calls `reload` soon after something happened that matters, at most once in `ms`; not while `held`, but then
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
