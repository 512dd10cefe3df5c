/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Series, WebhookHealth } from "../../src/api/overview.ts";
import type { KindCounts, Worker } from "../../src/api/types.ts";
import { attention, type Facts } from "../../src/model/attention.ts";
import { kind } from "./counts.ts";

const AT = Date.parse("2026-11-28T12:00:00Z");
const ago = (seconds: number) => new Date(AT - seconds * 1000).toISOString();

function worker(name: string, tasks: number, seen: number | null, drain = false): Worker {
	const last_seen_at = seen === null ? null : ago(seen);
	return { name, first_seen_at: last_seen_at, last_seen_at, drain, tasks, holds: [] };
}

function facts(rows: KindCounts[], workers: Worker[], more: Partial<Facts> = {}, drain_all = false): Facts {
	const current = { items: workers, seen: 0, busy: 0, drain_all, complete: true };
	const stats = { items: rows, at: ago(0), exact: true, workers: current, next: null };
	return {
		stats: stats as unknown as Facts["stats"],
		recent: undefined,
		health: undefined,
		webhooks: [],
		caller: { tasks: { used: 5, limit: null }, bytes: { used: 5, limit: 100 } },
		...more,
	};
}

const texts = (given: Facts) => attention(given).map(({ text }) => text);
const text = (count: number) => count.toLocaleString();
const healthy = worker("healthy", 1, 5);

test("nothing needs attention", () => {
	const rows = [kind("native", { pending: 50, running: 1, succeededHour: 3, oldest: ago(3600) })];
	assert.deepEqual(attention(facts(rows, [healthy])), []);
	assert.deepEqual(attention(facts([], [])), []);
});

test("silent workers that hold tasks are urgent", () => {
	const workers = [worker("a", 2, 61), worker("b", 1, 59), worker("c", 0, 4000), worker("d", 1, null)];
	const [first, ...others] = attention(facts([], [...workers, worker("e", 1, 99), worker("f", 1, 99)]));
	assert.match(
		first!.text,
		/^Workers that hold 5 tasks were not seen for over a minute, .*: a, d, e and 1 more\.$/,
	);
	assert.equal(first?.href, "/console/workers");
	assert.ok(first?.isUrgent);
	assert.deepEqual(others, []);
});

test("a name does not turn the sentence that it is in", () => {
	const drained = [worker("\u2069\u202Ea", 0, 5, true), worker("\u0645\u0631", 0, 5, true)];
	const [sentence] = texts(facts([], [healthy, ...drained]));
	assert.equal(sentence, "Drained workers get no further tasks: a, \u2068\u0645\u0631\u2069.");
});

test("ready tasks without a worker that asks are reported", () => {
	const late = (more: object) => [kind("native", { pending: 1, oldest: ago(90), ...more })];
	const text = "No worker has asked for work in the last minute. Ready: 1 task, the oldest for 1 min 30 s.";
	assert.deepEqual(texts(facts(late({}), [])), [text]);
	assert.deepEqual(texts(facts(late({}), [worker("gone", 0, 300)])), [text]);
	assert.deepEqual(texts(facts(late({}), [worker("here", 0, 3)])), []);
	// A worker that is drained does not help.
	assert.equal(texts(facts(late({}), [worker("here", 0, 3, true)]))[0], text);
	// Delayed, or just created, or something works on tasks without claims.
	assert.deepEqual(texts(facts(late({ ready: 0, oldest: undefined }), [])), []);
	assert.deepEqual(texts(facts(late({ oldest: ago(30) }), [])), []);
	assert.deepEqual(texts(facts(late({ endedMinute: 1 }), [])), []);
});

test("drained workers", () => {
	const drained = [worker("b", 0, 5, true), worker("c", 0, 5, true)];
	assert.deepEqual(texts(facts([], [healthy, ...drained])), ["Drained workers get no further tasks: b, c."]);
	assert.deepEqual(texts(facts([], drained, {}, true)), [
		"All workers are drained: none gets further tasks.",
	]);
});

test("a quota from 90 % on", () => {
	const bytes = (used: number) => ({
		caller: { tasks: { used: 0, limit: 0 }, bytes: { used, limit: 1000 } },
	});
	assert.deepEqual(texts(facts([], [], bytes(899))), []);
	const [near] = attention(facts([], [], bytes(999)));
	assert.equal(near?.text, `99 % of the quota of bytes is used: 999 of ${(1000).toLocaleString()}.`);
	assert.equal(near?.isUrgent, false);
	const [full] = attention(facts([], [], bytes(1000)));
	assert.match(full!.text, /^100 % .* New tasks are refused\.$/);
	assert.ok(full?.isUrgent);
});

function webhook(more: Partial<WebhookHealth>, state: Partial<WebhookHealth["state"]> = {}): WebhookHealth {
	const rest = { failing_since: null, last_status: null, missed: false };
	return {
		id: "w1",
		name: "billing",
		url: "https://a",
		enabled: true,
		reason: null,
		...more,
		state: { ...rest, ...state },
	};
}

test("webhooks that the service has disabled, that fail, or that missed events", () => {
	const one = (given: WebhookHealth) => attention(facts([], [], { webhooks: [given] }))[0];
	assert.equal(one(webhook({})), undefined);
	assert.equal(one(webhook({ enabled: false })), undefined);
	const disabled = one(webhook({ enabled: false, reason: "The receiver answered 410." }));
	assert.equal(disabled?.text, "The webhook billing was disabled by the service: The receiver answered 410.");
	assert.equal(disabled?.href, "/console/webhooks/w1");
	assert.ok(disabled?.isUrgent);
	const failing = one(webhook({ name: null }, { failing_since: ago(7200), last_status: 503 }));
	assert.equal(failing?.text, "The webhook https://a has delivered nothing for 2 h (last status 503).");
	assert.match(one(webhook({}, { missed: true }))!.text, /may have missed events\.$/);
});

test("a backlog that grows, by dialect", () => {
	const item = (dialect: string, created: number, succeeded: number) => ({
		dialect,
		created: [created, 0],
		succeeded: [0, succeeded],
		failed: [1, 0],
		cancelled: [0, 1],
	});
	const recent = { items: [item("idol", 50, 10), item("native", 50, 46), item("fourhse", 50, 10)] } as Series;
	const rows = [
		kind("idol", { pending: 90, ready: 80, oldest: ago(600), endedMinute: 1 }),
		kind("native", { pending: 90, oldest: ago(600) }),
		kind("fourhse", { pending: 90, oldest: ago(20) }),
	];
	const [found, ...others] = attention(facts(rows, [healthy], { recent }));
	assert.equal(
		found?.text,
		"The backlog of IDOL has grown by 38 tasks in 5 minutes. Ready: 80 tasks, the oldest for 10 min.",
	);
	assert.equal(found?.href, "/console/tasks?q=state%3Apending%20dialect%3Aidol%20sort%3Acreated");
	assert.deepEqual(others, []);
	assert.deepEqual(attention(facts(rows, [healthy])), []);
});

test("failures in the last hour", () => {
	const rows = [kind("native", { failedHour: 1 }), kind("idol", {}), kind("virtshell", { failedHour: 1200 })];
	const [found] = attention(facts(rows, []));
	assert.equal(
		found?.text,
		`${text(1201)} tasks failed in the last hour: Native 1, VirtShell ${text(1200)}.`,
	);
	assert.equal(found?.href, "/console/tasks?q=state%3Afailed%20updated%3A%3C1h");
});

test("checks of the service, and urgent ones first", () => {
	const health: Facts["health"] = {
		checks: [
			{ name: "index" },
			{ name: "read_only", advice: "The disk is nearly full: free space on it." },
			{ name: "tenant_tasks", advice: "Remove some tasks." },
		],
	};
	const drained = facts([kind("native", { failedHour: 1 })], [worker("b", 1, 90, true)], { health });
	assert.deepEqual(
		attention(drained).map(({ isUrgent, text }) => [isUrgent, text.split(" ").slice(0, 2).join(" ")]),
		[
			[true, "The disk"],
			[true, "Workers that"],
			[false, "Drained workers"],
			[false, "1 task"],
		],
	);
});
