/// <reference types="node" />
/** The stream of events, with stand-ins of fetch and of the time. */
import assert from "node:assert/strict";
import { mock, test, type TestContext } from "node:test";
import { follow } from "../../src/api/feed.ts";
import { Problem } from "../../src/api/http.ts";

type Step = string[] | Response | Error;

interface Run {
	log: string[];
	places: (string | undefined)[];
	error: unknown;
}

function stream(chunks: string[]): Response {
	const bytes = chunks.map((chunk) => new TextEncoder().encode(chunk));
	return new Response(
		new ReadableStream({ pull: (to) => (bytes.length ? to.enqueue(bytes.shift()) : to.close()) }),
	);
}

/** Follows, with one step for each request, until they are used up; pauses take no time. */
async function run(context: TestContext, steps: Step[], place = ""): Promise<Run> {
	const result: Run = { log: [], places: [], error: undefined };
	const controller = new AbortController();
	context.mock.method(globalThis, "setTimeout", (callback: () => void) => void queueMicrotask(callback));
	context.mock.method(globalThis, "fetch", (_: string, init: RequestInit) => {
		result.places.push((init.headers as Record<string, string>)["Last-Event-ID"]);
		const step = steps.shift();
		if (!step) {
			controller.abort();
			return Promise.reject(new DOMException("over", "AbortError"));
		}
		if (step instanceof Error) return Promise.reject(step);
		return Promise.resolve(step instanceof Response ? step : stream(step));
	});
	const listener = {
		events: (events: { id: string; type?: string }[]) =>
			result.log.push(...events.map(({ id, type }) => `${id} ${type}`)),
		position: (id: string) => result.log.push(`position ${id}`),
		open: (gap: boolean) => result.log.push(gap ? "open gap" : "open"),
		closed: (problem: Problem | undefined, seconds: number) =>
			result.log.push(`closed ${problem?.status ?? ""} ${seconds}`),
	};
	try {
		await follow(listener as Parameters<typeof follow>[0], controller.signal, place);
	} catch (error) {
		result.error = error;
	}
	mock.restoreAll();
	return result;
}

test("each event arrives once, wherever the stream is cut", async (context) => {
	const text = ': hello\n\nid: 1\ndata: {"type":"ä😀"}\n\nid: 2\ndata: {"type":\ndata: "b"}\n\n';
	const bytes = new TextEncoder().encode(text);
	for (const size of [1, 2, 3, 7, 1000]) {
		const parts: Uint8Array[] = [];
		for (let at = 0; at < bytes.length; at += size) parts.push(bytes.slice(at, at + size));
		const body = new ReadableStream({
			pull: (to) => (parts.length ? to.enqueue(parts.shift()) : to.close()),
		});
		const { log } = await run(context, [new Response(body)]);
		const events = log.filter((line) => !/position|open|closed/.test(line));
		assert.deepEqual(events, ["1 ä😀", "2 b"], `in parts of ${size}`);
	}
});

test("a new stream continues after the last event", async (context) => {
	const { log, places } = await run(context, [['id: 7\ndata: {"type":"a"}\n\n'], []]);
	assert.deepEqual(log, ["open gap", "position 7", "7 a", "closed  1", "open", "closed  1"]);
	assert.deepEqual(places, [undefined, "7", "7"]);
});

test("an unreadable event is skipped alone", async (context) => {
	const bad = ["{", "null", "5", '"x"', "[".repeat(1e5)];
	const chunk = bad.map((data, at) => `id: ${at}\ndata: ${data}\n\n`).join("");
	const { log } = await run(context, [
		['id: a\ndata: {"type":"x"}\n\n' + chunk + 'id: b\ndata: {"type":"y"}\n\n'],
	]);
	assert.ok(log.includes("a x"));
	assert.ok(log.includes("b y"));
	assert.equal(log.filter((line) => /^\S+ (x|y|undefined)$/.test(line)).length, 2);
});

test("an event with __proto__ does not change Object", async (context) => {
	const { log } = await run(context, [['data: {"__proto__":{"polluted":1},"id":"no","type":"a"}\n\n']]);
	assert.ok(log.includes(" a"));
	assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test("named server-sent events are not passed on as events of tasks", async (context) => {
	const { log } = await run(context, [['event: other\nid: 3\ndata: {"type":"a"}\n\n']]);
	assert.deepEqual(log, ["open gap", "position 3", "closed  1"]);
});

test("an event of a megabyte", async (context) => {
	const parts = Array.from({ length: 64 }, () => "x".repeat(16384));
	const { log } = await run(context, [['id: 1\ndata: {"type":"', ...parts, '"}\n\n']]);
	assert.ok(log.some((line) => line.length > 1e6));
});

test("failed attempts are repeated with growing delays", async (context) => {
	const failures = Array.from({ length: 7 }, () => new TypeError("no network"));
	const { log, error } = await run(context, [...failures, ["\n"], new Response("down", { status: 502 })]);
	assert.deepEqual(
		log.filter((line) => line.startsWith("closed")),
		[
			"closed 0 1",
			"closed 0 2",
			"closed 0 4",
			"closed 0 8",
			"closed 0 16",
			"closed 0 30",
			"closed 0 30",
			"closed  1",
			"closed 502 2",
		],
	);
	assert.equal(error, undefined);
});

test("Retry-After is obeyed", async (context) => {
	const answer = (seconds: string) =>
		new Response("{}", { status: 429, headers: { "Retry-After": seconds } });
	const { log } = await run(context, [
		answer("20"),
		answer("1"),
		answer("99999999999"),
		answer("soon"),
		answer("-5"),
	]);
	assert.deepEqual(log, ["closed 429 20", "closed 429 2", "closed 429 300", "closed 429 8", "closed 429 16"]);
});

test("a position that is gone (410): all data are read again", async (context) => {
	const gone = Response.json({ title: "gone" }, { status: 410 });
	const { log, places } = await run(context, [gone, ['id: 9\ndata: {"type":"a"}\n\n']], "old");
	assert.deepEqual(log, ["position ", "closed 410 1", "open gap", "position 9", "9 a", "closed  1"]);
	assert.deepEqual(places, ["old", undefined, "9"]);
});

test("403 and 404 end the stream", async (context) => {
	for (const status of [403, 404]) {
		const { error, log } = await run(context, [Response.json({ detail: "No." }, { status })], "5");
		assert.ok(error instanceof Problem && error.status === status);
		assert.equal(error.message, "No.");
		assert.deepEqual(log, []);
	}
});

test("a token that could not be replaced yet is tried again", async (context) => {
	const refused = Response.json({ detail: "No." }, { status: 401 });
	const { error, log } = await run(context, [refused, ['id: 6\ndata: {"type":"a"}\n\n']], "5");
	assert.equal(error, undefined);
	assert.deepEqual(log, ["closed 401 1", "open", "position 6", "6 a", "closed  1"]);
});

test("an abort during a pause ends it at once", async (context) => {
	const controller = new AbortController();
	context.mock.method(globalThis, "fetch", () => Promise.reject(new TypeError("no network")));
	const closed = () => controller.abort();
	const listener = { events() {}, position() {}, open() {}, closed };
	const begin = performance.now();
	await follow(listener, controller.signal, "");
	assert.ok(performance.now() - begin < 500);
});
