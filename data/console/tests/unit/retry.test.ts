/// <reference types="node" />
/** Repetitions after Retry-After, with a stand-in of the time. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Problem, problemOf, serviceTime } from "../../src/api/http.ts";
import { isRefusal, Retry } from "../../src/model/retry.ts";
import { BULK_ACTIONS, runForEach, type Outcome } from "../../src/pages/tasks/bulkactions.ts";
import { taskWith } from "./task.ts";

/** The timers that wait: their ms and what they do. */
function timersOf(context: TestContext): [number, () => void][] {
	const all: [number, () => void][] = [];
	context.mock.method(globalThis, "setTimeout", (run: () => void, ms: number) => {
		const timer: (typeof all)[number] = [ms, run];
		all.push(timer);
		return timer;
	});
	context.mock.method(globalThis, "clearTimeout", (timer: (typeof all)[number] | undefined) => {
		if (timer && all.includes(timer)) all.splice(all.indexOf(timer), 1);
	});
	return all;
}

const refusal = (seconds: number, status = 503) => new Problem(status, {}, seconds);

test("a refused read is repeated once, after Retry-After", (context) => {
	const timers = timersOf(context);
	let asked = 0;
	const retry = new Retry(
		() => asked++,
		() => true,
	);
	const problem = refusal(20);
	const begin = serviceTime();
	retry.note(problem);
	assert.ok(retry.isWaiting);
	assert.deepEqual(
		timers.map(([ms]) => ms),
		[20_000],
	);
	assert.ok(problem.retryAt >= begin + 20_000 && problem.retryAt <= serviceTime() + 20_000);
	timers[0]![1]();
	assert.equal(asked, 1);
	assert.ok(!retry.isWaiting);
});

test("further refusals are repeated later each time, until one read succeeds", (context) => {
	const timers = timersOf(context);
	const retry = new Retry(
		() => {},
		() => true,
	);
	const waits = () => {
		retry.note(refusal(1));
		return timers.at(-1)![0] / 1000;
	};
	assert.deepEqual(Array.from({ length: 7 }, waits), [1, 2, 4, 8, 16, 30, 30]);
	assert.equal(timers.length, 1, "each one replaces the one before");
	retry.note(undefined);
	assert.ok(!retry.isWaiting);
	assert.equal(waits(), 1);
});

test("while the page may not ask, the repetition waits", (context) => {
	const timers = timersOf(context);
	let [asked, mayAsk] = [0, false];
	const retry = new Retry(
		() => asked++,
		() => mayAsk,
	);
	retry.note(refusal(5));
	timers[0]![1]();
	assert.ok(retry.isWaiting);
	assert.equal(asked, 0);
	mayAsk = true;
	timers.at(-1)![1]();
	assert.equal(asked, 1);
});

test("other failures are not repeated, nor what was stopped", (context) => {
	const timers = timersOf(context);
	const retry = new Retry(
		() => assert.fail(),
		() => true,
	);
	for (const problem of [refusal(0), refusal(5, 404), refusal(5, 500), new Problem(0, {})]) {
		retry.note(problem);
		assert.equal(problem.retryAt, 0);
		assert.ok(!isRefusal(problem));
	}
	retry.note(refusal(5));
	retry.stop();
	assert.ok(!retry.isWaiting);
	assert.deepEqual(timers, []);
});

test("Retry-After is a number of seconds or a date, and has a limit", async () => {
	const read = async (text: string) =>
		(await problemOf(new Response("", { status: 429, headers: { "Retry-After": text } }))).retryAfter;
	const later = (await read(new Date(Date.now() + 60_000).toUTCString())) ?? 0;
	assert.ok(later > 50 && later <= 61, String(later));
	const past = new Date(Date.now() - 60_000).toUTCString();
	const texts = ["7", "999999999999999999999", "-5", "1e3", "", "soon", past];
	assert.deepEqual(await Promise.all(texts.map(read)), [7, 300, 0, 0, 0, 0, 0]);
});

test("an action on rows waits as long as the service asks, and then repeats what was not carried out", async (context) => {
	let time = 1_000_000;
	context.mock.method(Date, "now", () => time);
	context.mock.method(globalThis, "setTimeout", (run: () => void, ms: number) => {
		time += ms;
		queueMicrotask(run);
	});
	const sent: number[] = [];
	const answers: (Problem | undefined)[] = [refusal(20, 429), refusal(0, 409), refusal(3)];
	const action = {
		...BULK_ACTIONS[0]!,
		run: async () => {
			sent.push(time);
			const problem = answers.shift();
			if (problem) throw problem;
		},
	};
	const reports: Outcome[] = [];
	const rows = ["a", "b", "c", "d", "e", "f"].map((id) => taskWith({ id }));
	const outcome = await runForEach(action, rows, 0, (report) => reports.push(report));
	assert.equal(outcome.done, 4);
	assert.deepEqual([...outcome.refusals.values()], [1, 1], "409 and 503 stay refused");
	assert.equal(sent.length, 7, "one was sent again");
	assert.ok(
		sent.slice(4).every((at) => at >= 1_020_000),
		String(sent),
	);
	assert.ok(reports.some(({ until }) => until === 1_020_000));
});
