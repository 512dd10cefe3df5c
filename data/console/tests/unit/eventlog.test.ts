/// <reference types="node" />
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { HistoryEntry, State, TaskEvent } from "../../src/api/types.ts";
import {
	EventLog,
	EVENTS_MAX,
	matches,
	readLatest,
	typeOf,
	TYPES,
	type EventFilter,
} from "../../src/model/eventlog.ts";

const ANY: EventFilter = { type: "", dialect: "", state: "", kind: "" };

function event(revision: number, more: Partial<TaskEvent> = {}): TaskEvent {
	return {
		id: `5d0c-${revision}`,
		type: "task.progress",
		task_id: "t",
		dialect: "native",
		kind: "encode",
		number: null,
		event: "progress",
		at: "2026-11-28T12:00:00.000Z",
		by: "u",
		request_id: null,
		from: "running",
		state: "running",
		status: "running",
		revision,
		attempt: 1,
		worker: null,
		error: null,
		log: null,
		...more,
	};
}

const shown = (log: EventLog) => log.shown.map(({ revision }) => revision);

test("each condition of a filter must hold", () => {
	const one = event(1, { type: "task.failed", state: "failed", kind: null });
	assert.equal(matches(one, ANY), true);
	assert.equal(matches(one, { ...ANY, type: "failed", state: "failed", dialect: "native" }), true);
	assert.equal(matches(one, { ...ANY, type: "failed", dialect: "idol" }), false);
	assert.equal(matches(one, { ...ANY, type: "task.failed" }), false);
	assert.equal(matches(one, { ...ANY, kind: "null" }), false);
	assert.equal(matches(one, { ...ANY, kind: "encode" }), false);
});

test("new events are shown after take(), the newest first", () => {
	const log = new EventLog();
	assert.equal(log.add([event(1), event(2)], ANY), true);
	assert.equal(log.add([event(3)], ANY), true);
	assert.equal(log.add([event(4)], { ...ANY, kind: "report" }), false);
	assert.deepEqual([shown(log), log.waiting], [[], 3]);
	log.take();
	log.add([event(5)], ANY);
	log.take();
	assert.deepEqual([shown(log), log.waiting, log.dropped], [[5, 3, 2, 1], 0, 0]);
});

test("the newest events are kept, and the others are counted once", () => {
	const log = new EventLog();
	const many = (first: number, count: number) =>
		Array.from({ length: count }, (_, index) => event(first + index));
	log.add(many(1, 300), ANY);
	log.take();
	log.add(many(301, 2000), ANY);
	log.add(many(2301, 100), ANY);
	assert.equal(log.waiting, 2100);
	log.take();
	assert.equal(log.shown.length, EVENTS_MAX);
	assert.deepEqual([log.shown[0]!.revision, log.shown.at(-1)!.revision], [2400, 1901]);
	assert.equal(log.dropped, 1900);
});

test("another filter keeps what matches it", () => {
	const log = new EventLog();
	log.add([event(1), event(2, { kind: "report" })], ANY);
	log.take();
	log.add([event(3), event(4, { kind: "report" })], ANY);
	log.filter({ ...ANY, kind: "report" });
	assert.deepEqual([shown(log), log.waiting], [[2], 1]);
	log.take();
	assert.deepEqual([shown(log), log.dropped], [[4, 2], 0]);
});

test("events of histories are merged by time, without duplicates", () => {
	const log = new EventLog();
	const at = (second: number) => `2026-11-28T12:00:0${second}.000Z`;
	log.add([event(2, { at: at(2) }), event(5, { at: at(5) })], ANY);
	log.take();
	const found = [5, 4, 2, 1].map((revision) => event(revision, { at: at(revision), id: "" }));
	log.append([...found, event(9, { kind: "report" })], { ...ANY, kind: "encode" });
	assert.deepEqual(shown(log), [5, 4, 2, 1]);
	assert.deepEqual(
		log.shown.map(({ id }) => id !== ""),
		[true, false, true, false],
	);
});

test("the type of an entry of a history is that of the feed", () => {
	const type = (event: string, from: State | null, to: State) => typeOf({ event, from, to });
	assert.equal(type("created", null, "pending"), "created");
	assert.equal(type("created", null, "running"), "created");
	assert.equal(type("imported", null, "succeeded"), "succeeded");
	assert.equal(type("claimed", "pending", "running"), "started");
	assert.equal(type("expired", "running", "pending"), "requeued");
	assert.equal(type("retried", "failed", "pending"), "requeued");
	assert.equal(type("timed_out", "running", "failed"), "failed");
	assert.equal(type("changed", "pending", "cancelled"), "cancelled");
	assert.equal(type("archived", "failed", "failed"), "archived");
	assert.equal(type("ready", "pending", "pending"), "ready");
	assert.equal(type("progress", "running", "running"), "progress");
	assert.equal(type("changed", "running", "running"), "changed");
	assert.equal(TYPES.length, 11);
});

const fetched = globalThis.fetch;
afterEach(() => {
	globalThis.fetch = fetched;
});

function entry(revision: number, seconds: number): HistoryEntry {
	const { id, type, task_id, dialect, kind, number, state, ...rest } = event(revision);
	return { ...rest, to: state, at: `2026-11-28T12:00:${String(seconds).padStart(2, "0")}.000Z` };
}

/** A service with these histories; a task whose history is absent was removed. Returns what was asked. */
function serve(
	tasks: [id: string, seconds: number][],
	next: string | null,
	histories: Record<string, unknown>,
): string[] {
	const asked: string[] = [];
	globalThis.fetch = (async (url: string) => {
		asked.push(url);
		const id = /tasks\/(\w+)\/history/.exec(url)?.[1];
		const items = tasks.map(([name, seconds]) => ({
			id: name,
			dialect: "idol",
			kind: null,
			number: 7,
			updated_at: entry(0, seconds).at,
		}));
		const answer = id ? histories[id] : { items, next };
		return new Response(JSON.stringify(answer ?? { status: 404 }), { status: answer ? 200 : 404 });
	}) as typeof fetch;
	return asked;
}

const signal = new AbortController().signal;

test("the latest events are complete back to the oldest change", async () => {
	const asked = serve(
		[
			["a", 9],
			["b", 5],
			["gone", 4],
		],
		"more",
		{
			a: { items: [entry(3, 9), entry(2, 6), entry(1, 1)], next: null },
			b: { items: [entry(8, 5), entry(7, 5), entry(6, 3)], next: null },
		},
	);
	const events = await readLatest({ ...ANY, dialect: "idol", kind: "x y", type: "failed" }, signal);
	assert.deepEqual(
		events.map(({ task_id, revision }) => [task_id, revision]),
		[
			["a", 3],
			["a", 2],
			["b", 8],
			["b", 7],
		],
	);
	assert.equal(events[0]!.type, "task.progress");
	assert.deepEqual([events[0]!.dialect, events[0]!.number, events[0]!.state], ["idol", 7, "running"]);
	assert.equal(asked[0], "/v1/tasks?archived=any&dialect=idol&kind=x+y&sort=-updated&limit=20");
});

test("if all tasks were read, all events are shown, except of long histories", async () => {
	serve(
		[
			["a", 9],
			["b", 8],
		],
		null,
		{
			a: { items: [entry(2, 9), entry(1, 0)], next: null },
			b: { items: [entry(9, 8), entry(8, 4)], next: "older" },
		},
	);
	const events = await readLatest(ANY, signal);
	assert.deepEqual(
		events.map(({ task_id, revision }) => [task_id, revision]),
		[
			["a", 2],
			["b", 9],
			["b", 8],
		],
	);
});

test("without tasks there are no events", async () => {
	serve([], null, {});
	assert.deepEqual(await readLatest(ANY, signal), []);
});
