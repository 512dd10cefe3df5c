/**
 * Translates the text of the search box to the conditions of a list (GET /v1/tasks). The text is in the address of the
 * page, so that a view can be shared.
 *
 *     state:failed,cancelled dialect:idol kind:"two words" created:<2h updated:>2026-11-01 sort:-updated
 *
 * A word that is the id of a task opens that task.
 */
import type { Conditions } from "../api/tasks.ts";
import { DIALECTS, STATES } from "./states.ts";

export interface Search {
	conditions: Conditions;
	sort: string;
	/** The id of a task, if the text is one. */
	id: string;
	/** What is wrong with the text, for the user; empty if it is valid. */
	fault: string;
}

export interface Term {
	name: string;
	value: string;
	/** Its range in the text; `end` is excluded. */
	start: number;
	end: number;
	/** It begins with a quote that is not closed. */
	isOpen: boolean;
}

export const DEFAULT_SORT = "-created";
export const FAILURES = ["attempts_exhausted", "not_retryable", "start_timeout", "total_timeout", "reported"];
const SORTS = ["created", "updated", "state", "kind", "priority"];
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TIME_MAX = Date.UTC(10_000, 0) - 1;
const QUOTED_MAX = 40; // characters of a wrong term
const UNIT_MS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3, w: 604_800e3 };

/** The qualifiers, with their descriptions in the list of completions. */
export const QUALIFIERS: Record<string, string> = {
	state: "pending, running, succeeded, failed, cancelled",
	dialect: "the API that the task belongs to",
	kind: "the kind of the task, by which workers choose",
	failure: "why it failed",
	created: "<2h in the last two hours; >2026-11-01; a..b",
	updated: "as created",
	priority: "a number",
	archived: "true, false or any",
	status: "the status in the task's own API (needs one dialect)",
	number: "the number of the task (needs one dialect)",
	sort: "created, updated, state, kind, priority; -created: descending",
};

const TIMES = ["created", "updated"];
const COMMA_LISTS = ["state", "dialect", "failure"];
const SINGLE = /^(archived|created_.*|updated_.*)$/;
/** A search for one dialect can also sort by that dialect's status, number and indexed fields. */
const SORT = new RegExp(`^-?(${SORTS.join("|")}|status|number|fields\\..+)$`);

/** The terms of a text: words, or name:value, where a value can be in double quotes. */
export function terms(text: string): Term[] {
	const found: Term[] = [];
	const pattern = /(?:([A-Za-z_.][\w.-]*):)?(?:"((?:[^"\\]|\\[^]?)*)("?)|(\S+))?/y;
	let at = 0;
	while (at < text.length) {
		if (/\s/.test(text[at]!)) {
			at++;
			continue;
		}
		pattern.lastIndex = at;
		const [whole, name = "", quoted, closing, bare = ""] = pattern.exec(text)!;
		const value = quoted === undefined ? bare : quoted.replace(/\\([^]?)/g, "$1");
		found.push({ name, value, start: at, end: at + whole.length, isOpen: closing === "" });
		at += whole.length;
	}
	return found;
}

/** RFC 3339, within the range that the service accepts: 1970 to 9999. */
function format(ms: number): string {
	return new Date(Math.min(Math.max(ms, 0), TIME_MAX)).toISOString();
}

/** Checked here, because Date.parse accepts 31 February as a day in March. */
function isDay(year: number, month: number, day: number): boolean {
	return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/**
 * A time of a search: an age such as 2h, or a date with or without a time, in the zone of the browser unless it has
 * one of its own. undefined: neither.
 */
function time(text: string, now: number): string | undefined {
	const age = /^(\d{1,6})([smhdw])$/.exec(text);
	if (age) return format(now - Number(age[1]) * UNIT_MS[age[2]!]!);
	const date = /^(\d{4})-(\d{2})-(\d{2})(T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
	if (!date || !isDay(Number(date[1]), Number(date[2]), Number(date[3]))) return undefined;
	const ms = Date.parse(date[4] ? text : `${text}T00:00`);
	return Number.isNaN(ms) ? undefined : format(ms);
}

/** By the calendar, because a day has 23 or 25 hours when daylight saving time begins or ends. */
function dayAfter(time: string): string {
	const date = new Date(time);
	date.setDate(date.getDate() + 1);
	return format(date.getTime());
}

/**
 * `<2h`: less than two hours ago. `>2h`: longer ago. With a date, `<` is before it and `>` from it on; without a sign,
 * an age means since then and a date that day.
 */
function timeConditions(name: string, value: string, now: number): Conditions | undefined {
	const from = `${name}_from`;
	const to = `${name}_to`;
	const between = value.split("..");
	if (between.length === 2) {
		const [first, last] = between.map((text) => time(text, now));
		return first && last ? { [from]: [first], [to]: [last] } : undefined;
	}
	const sign = /^[<>]/.exec(value)?.[0] ?? "";
	const text = value.slice(sign.length);
	const at = time(text, now);
	if (!at) return undefined;
	const isAge = /[smhdw]$/.test(text);
	if (isAge) return sign === ">" ? { [to]: [at] } : { [from]: [at] };
	if (sign) return { [sign === ">" ? from : to]: [at] };
	return { [from]: [at], [to]: [dayAfter(at)] };
}

function values(name: string, value: string): string[] {
	return COMMA_LISTS.includes(name) ? value.split(",").filter(Boolean) : [value];
}

/** Checks values here, because the service's messages name parameters of a request, not terms of a search. */
function faultOf(name: string, value: string): string {
	if (COMMA_LISTS.includes(name) || name === "archived") {
		const known = knownValues(name, []);
		const given = values(name, value);
		if (!given.length || !given.every((one) => known.includes(one)))
			return `${name}: is one of ${known.join(", ")}`;
	}
	if (name === "priority" && (!/^-?\d{1,10}$/.test(value) || Number(value) !== (Number(value) | 0)))
		return "priority: is a whole number of 32 bits";
	if (name === "number" && !/^\d{1,20}$/.test(value)) return "number: is a whole number";
	return "";
}

function isQualifier(name: string): boolean {
	return Object.hasOwn(QUALIFIERS, name) || name.startsWith("fields.");
}

function shortened(text: string): string {
	return text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text;
}

/** `now`, in ms since the epoch, is the time from which ages count. */
export function parseSearch(text: string, now: number): Search {
	const search: Search = { conditions: {}, sort: DEFAULT_SORT, id: "", fault: "" };
	const add = (name: string, more: string[]) => {
		const all = (search.conditions[name] ??= []);
		for (const one of more) all.push(one);
		if (all.length > 1 && SINGLE.test(name)) search.fault ||= `${name.replace(/_.*/, "")}: is given twice`;
	};
	for (const { name, value } of terms(text)) {
		if (!name && ID.test(value)) search.id = value.toLowerCase();
		else if (!name)
			search.fault ||= `“${shortened(value)}” is neither a qualifier, such as state:failed, nor an id`;
		else if (!isQualifier(name)) search.fault ||= `there is no qualifier ${shortened(name)}:`;
		else if (TIMES.includes(name)) {
			const conditions = timeConditions(name, value, now);
			if (conditions) for (const [member, more] of Object.entries(conditions)) add(member, more);
			else search.fault ||= `${name}: is an age such as <2h, or a date such as >2026-11-01`;
		} else if (name === "sort") {
			search.sort = value || DEFAULT_SORT;
			if (!SORT.test(search.sort)) search.fault ||= `sort: is one of ${SORTS.join(", ")}`;
		} else {
			search.fault ||= faultOf(name, value);
			add(name, values(name, value));
		}
	}
	return search;
}

function quoted(value: string): string {
	return value === "" || /[\s"]/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value;
}

function termText(name: string, value: string): string {
	return name ? `${name}:${quoted(value)}` : quoted(value);
}

/** The text with this qualifier set to these values; without any, it is taken out. */
export function withTerm(text: string, name: string, wanted: string[]): string {
	const others = terms(text)
		.filter((term) => term.name !== name)
		.map((term) => (term.isOpen ? termText(term.name, term.value) : text.slice(term.start, term.end)));
	const parts = COMMA_LISTS.includes(name) && wanted.length ? [wanted.join(",")] : wanted;
	return [...others, ...parts.map((value) => termText(name, value))].join(" ");
}

/** The values of a qualifier in the text. */
export function termValues(text: string, name: string): string[] {
	return terms(text)
		.filter((term) => term.name === name)
		.flatMap((term) => values(name, term.value));
}

export interface Completion {
	/** What replaces the text from `start` to `end`. */
	text: string;
	label: string;
	about: string;
	start: number;
	end: number;
}

/** Values that are known for a qualifier; `kinds` are those of the tenant's tasks. */
function knownValues(name: string, kinds: string[]): string[] {
	switch (name) {
		case "state":
			return STATES;
		case "dialect":
			return Object.keys(DIALECTS);
		case "failure":
			return FAILURES;
		case "kind":
			return kinds;
		case "archived":
			return ["true", "false", "any"];
		case "sort":
			return SORTS.flatMap((key) => [`-${key}`, key]);
		case "created":
		case "updated":
			return ["<15m", "<1h", "<24h", "<7d", ">7d"];
		default:
			return [];
	}
}

/** The completions of the term at the cursor. */
export function complete(text: string, cursor: number, kinds: string[]): Completion[] {
	const term = terms(text).find(({ start, end }) => start <= cursor && cursor <= end);
	const start = term?.start ?? cursor;
	const end = term?.end ?? cursor;
	if (!term?.name) {
		const typed = (term?.value ?? "").toLowerCase();
		return Object.entries(QUALIFIERS)
			.filter(([name]) => name.startsWith(typed))
			.map(([name, about]) => ({ text: `${name}:`, label: `${name}:`, about, start, end }));
	}
	const given = values(term.name, term.value);
	const isList = COMMA_LISTS.includes(term.name);
	const before = isList ? (term.value.endsWith(",") ? given : given.slice(0, -1)) : [];
	const typed = (isList && term.value.endsWith(",") ? "" : (given.at(-1) ?? "")).toLowerCase();
	return knownValues(term.name, kinds)
		.filter((value) => value.toLowerCase().startsWith(typed) && !before.includes(value))
		.slice(0, 12)
		.map((value) => ({
			text: `${term.name}:${quoted([...before, value].join(","))} `,
			label: value,
			about: "",
			start,
			end,
		}));
}
