/** Times for people: the present time, relative and exact forms, durations. */
import { signal } from "@preact/signals";
import { serviceTime } from "../api/http.ts";

/** ms since the epoch by the clock of the service; updated each second while the page is visible. */
export const now = signal(Date.now());

/** It is constant without a document, as in unit tests. */
if (typeof document !== "undefined")
	setInterval(() => {
		if (document.visibilityState === "visible") now.value = serviceTime();
	}, 1000);

const UNITS: [number, string][] = [
	[86_400_000, "d"],
	[3_600_000, "h"],
	[60_000, "min"],
	[1000, "s"],
];

/** A duration in ms, in at most two units: "850 ms", "4.2 s", "3 min 20 s", "2 d 4 h". */
export function duration(ms: number): string {
	if (!Number.isFinite(ms)) return "–";
	if (ms < 999.5) return `${Math.max(Math.round(ms), 0)} ms`;
	if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
	const first = UNITS.findIndex(([length]) => ms >= length);
	const [length, name] = UNITS[first]!;
	const next = UNITS[first + 1];
	const whole = Math.floor(ms / length);
	const rest = next ? Math.floor((ms % length) / next[0]) : 0;
	return rest ? `${whole} ${name} ${rest} ${next![1]}` : `${whole} ${name}`;
}

/** In one unit: "12 s ago", "in 3 min", "now". Here and below a text that is not a time is returned unchanged. */
export function relative(time: string, at: number): string {
	const ms = Date.parse(time) - at;
	if (Number.isNaN(ms)) return time;
	const size = Math.abs(ms);
	if (size < 1000) return "now";
	const [length, name] = UNITS.find(([unit]) => size >= unit)!;
	const text = `${Math.floor(size / length)} ${name}`;
	return ms > 0 ? `in ${text}` : `${text} ago`;
}

const EXACT = new Intl.DateTimeFormat(undefined, {
	dateStyle: "medium",
	timeStyle: "medium",
});

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Date, time and zone, in the time zone of the browser. */
export function exact(time: string): string {
	return Number.isNaN(Date.parse(time)) ? time : `${EXACT.format(new Date(time))} ${zone}`;
}

/** The value of <input type="datetime-local"> for a time in ms since the epoch. */
export function localTime(ms: number): string {
	return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const CLOCK = new Intl.DateTimeFormat(undefined, {
	hour: "2-digit",
	minute: "2-digit",
	second: "2-digit",
	fractionalSecondDigits: 3,
});

/** The time of day with milliseconds. */
export function clock(time: string): string {
	return Number.isNaN(Date.parse(time)) ? time : CLOCK.format(new Date(time));
}
