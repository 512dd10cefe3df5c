/**
 * The text of the search box, and the conditions of a list that it stands for (GET /v1/tasks). The text is in the
 * address of the page, so that a view can be shared.
 *
 *     state:failed,cancelled dialect:idol kind:"two words" created:<2h updated:>2026-11-01 sort:-updated
 *
 * A word that is an id leads to that task.
 */
import type { Conditions } from "../api/tasks.ts";
import { DIALECTS, STATES } from "./states.ts";

export interface Search {
	conditions: Conditions;
	sort: string;
	/** The id of a task, if the text is one. */
	id: string;
	/** What is wrong with the text; empty: nothing. */
	fault: string;
}

export interface Term {
	name: string;
	value: string;
	/** Where it is in the text. */
	start: number;
	end: number;
}

export const DEFAULT_SORT = "-created";
export const FAILURES = ["attempts_exhausted", "not_retryable", "start_timeout", "total_timeout", "reported"];
const SORTS = ["created", "updated", "state", "kind", "priority"];
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const LENGTHS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3, w: 604_800e3 };

/** The qualifiers, with what the list of completions says of them. */
export const QUALIFIERS: Record<string, string> = {
	state: "pending, running, succeeded, failed, cancelled",
	dialect: "the API that the task belongs to",
	kind: "what it takes to do the task",
	failure: "why it failed",
	created: "<2h in the last two hours; >2026-11-01; a..b",
	updated: "as created",
	priority: "a number",
	archived: "true, false or any",
	status: "the word of the task's own API (with one dialect)",
	number: "the number of the task (with one dialect)",
	sort: "created, updated, state, kind, priority; - for the newest first",
};

const TIMES = ["created", "updated"];
const SEPARATED = ["state", "dialect", "failure"];

/** The terms of a text: words, or name:value, where a value can be in double quotes. */
export function terms(text: string): Term[] {
	const found: Term[] = [];
	const pattern = /(?:([A-Za-z_.][\w.-]*):)?(?:"((?:[^"\\]|\\.)*)"?|(\S+))?/y;
	let at = 0;
	while (at < text.length) {
		if (/\s/.test(text[at]!)) {
			at++;
			continue;
		}
		pattern.lastIndex = at;
		const [whole, name = "", quoted, bare = ""] = pattern.exec(text)!;
		const value = quoted === undefined ? bare : quoted.replace(/\\(.)/g, "$1");
		found.push({ name, value, start: at, end: at + whole.length });
		at += whole.length;
	}
	return found;
}

/** A time of a search: an age such as 2h, or a date with or without a time. undefined: neither. */
function time(text: string, now: number): string | undefined {
	const age = /^(\d{1,6})([smhdw])$/.exec(text);
	if (age) return new Date(now - Number(age[1]) * LENGTHS[age[2]!]!).toISOString();
	const ms = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$/.test(text) ? Date.parse(text) : NaN;
	return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
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
	return { [from]: [at], [to]: [new Date(Date.parse(at) + LENGTHS.d!).toISOString()] };
}

function values(name: string, value: string): string[] {
	return SEPARATED.includes(name) ? value.split(",").filter(Boolean) : [value];
}

/** What the service would refuse in words that fit a request, not a search. */
function faultOf(name: string, value: string): string {
	const wrong = (known: string[]) => values(name, value).find((one) => !known.includes(one));
	const known = { state: STATES as string[], dialect: Object.keys(DIALECTS), failure: FAILURES }[name];
	if (known && (!value || wrong(known) !== undefined)) return `${name}: is one of ${known.join(", ")}`;
	if (name === "archived" && !["true", "false", "any"].includes(value)) return "archived: is true, false or any";
	if (name === "priority" && !/^-?\d{1,10}$/.test(value)) return "priority: is a whole number";
	if (name === "number" && !/^\d{1,20}$/.test(value)) return "number: is a whole number";
	return "";
}

function isQualifier(name: string): boolean {
	return name in QUALIFIERS || name.startsWith("fields.");
}

/** `now` is for ages, in ms since the epoch. */
export function parseSearch(text: string, now: number): Search {
	const search: Search = { conditions: {}, sort: DEFAULT_SORT, id: "", fault: "" };
	const add = (name: string, more: string[]) => {
		search.conditions[name] = [...(search.conditions[name] ?? []), ...more];
	};
	for (const { name, value } of terms(text)) {
		if (!name && ID.test(value)) search.id = value.toLowerCase();
		else if (!name) search.fault ||= `“${value}” is neither a qualifier, such as state:failed, nor an id`;
		else if (!isQualifier(name)) search.fault ||= `there is no qualifier ${name}:`;
		else if (TIMES.includes(name)) {
			const conditions = timeConditions(name, value, now);
			if (conditions) for (const [member, more] of Object.entries(conditions)) add(member, more);
			else search.fault ||= `${name}: is an age such as <2h, or a date such as >2026-11-01`;
		} else if (name === "sort") search.sort = value || DEFAULT_SORT;
		else {
			search.fault ||= faultOf(name, value);
			add(name, values(name, value));
		}
	}
	return search;
}

function quoted(value: string): string {
	return value === "" || /[\s"]/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value;
}

/** The text with this qualifier set to these values; without any, it is taken out. */
export function withTerm(text: string, name: string, wanted: string[]): string {
	const others = terms(text)
		.filter((term) => term.name !== name)
		.map((term) => text.slice(term.start, term.end));
	const parts = SEPARATED.includes(name) && wanted.length ? [wanted.join(",")] : wanted;
	return [...others, ...parts.map((value) => `${name}:${quoted(value)}`)].join(" ");
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

/** What may follow at the cursor. */
export function complete(text: string, cursor: number, kinds: string[]): Completion[] {
	const term = terms(text).find(({ start, end }) => start <= cursor && cursor <= end);
	const start = term?.start ?? cursor;
	const end = term?.end ?? cursor;
	if (!term?.name) {
		const begun = (term?.value ?? "").toLowerCase();
		return Object.entries(QUALIFIERS)
			.filter(([name]) => name.startsWith(begun))
			.map(([name, about]) => ({ text: `${name}:`, label: `${name}:`, about, start, end }));
	}
	const given = values(term.name, term.value);
	const isList = SEPARATED.includes(term.name);
	const before = isList ? (term.value.endsWith(",") ? given : given.slice(0, -1)) : [];
	const begun = (isList && term.value.endsWith(",") ? "" : (given.at(-1) ?? "")).toLowerCase();
	return knownValues(term.name, kinds)
		.filter((value) => value.toLowerCase().startsWith(begun) && !before.includes(value))
		.slice(0, 12)
		.map((value) => ({
			text: `${term.name}:${quoted([...before, value].join(","))} `,
			label: value,
			about: "",
			start,
			end,
		}));
}
