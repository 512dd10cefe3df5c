/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasAddress } from "../../src/api/workers.ts";
import type { Worker } from "../../src/api/types.ts";
import { workerState, filterWorkers } from "../../src/model/workerstate.ts";

const NOW = Date.parse("2026-11-28T12:00:00.000Z");

function worker(name: string, secondsAgo: number | null, tasks: number, drain = false): Worker {
	const seen = secondsAgo === null ? null : new Date(NOW - secondsAgo * 1000).toISOString();
	return { name, first_seen_at: seen, last_seen_at: seen, drain, tasks, holds: [] };
}

function words(secondsAgo: number | null, tasks: number, drain = false): string {
	const { tone, word, about } = workerState(worker("a", secondsAgo, tasks, drain), NOW);
	return [tone, word, about].join("|");
}

test("a worker works, waits, or is drained", () => {
	assert.equal(words(3, 2), "running|working|");
	assert.equal(words(59, 0), "pending|idle|");
	assert.equal(words(3, 2, true), "cancelled|drained|It gets no further tasks.");
	assert.equal(words(3, 0, true), "cancelled|drained|");
	assert.equal(words(7200, 0, true), "cancelled|drained|not seen for 2 h");
});

test("a silent worker is a problem only if it holds tasks", () => {
	assert.equal(words(61, 1), "failed|not seen for 1 min|Others get its tasks when its leases end.");
	assert.equal(words(61, 1, true), "failed|not seen for 1 min|Others get its tasks when its leases end.");
	assert.equal(words(185, 0), "|not seen for 3 min|");
});

test("after a restart of the service the times are unknown", () => {
	assert.equal(words(null, 1), "running|working|Not seen since the service started.");
	assert.equal(words(null, 0, true), "cancelled|drained|");
});

test("no worker is silent because the browser's clock is behind", () => {
	assert.equal(words(-300, 1), "running|working|");
});

test("workers with problems are listed first, those that are gone last, else by name", () => {
	const all = [
		worker("a-gone", 900, 0),
		worker("b", 1, 0),
		worker("c", 1, 1),
		worker("d-dead", 90, 1),
		worker("e", 1, 0),
	];
	assert.deepEqual(
		filterWorkers(all, "", NOW).map(({ name }) => name),
		["d-dead", "b", "c", "e", "a-gone"],
	);
});

test("the search ignores case", () => {
	const all = [worker("Encoder-1", 1, 0), worker("report", 1, 0), worker("(.*", 1, 0)];
	const found = (text: string) => filterWorkers(all, text, NOW).map(({ name }) => name);
	assert.deepEqual(found(" encODER "), ["Encoder-1"]);
	assert.deepEqual(found("(.*"), ["(.*"]);
	assert.deepEqual(found("nobody"), []);
});

test("names that a browser changes in a path have no address", () => {
	for (const name of [".", "..", "a/../b", "./a", "a/.", "a\\b"]) assert.equal(hasAddress(name), false, name);
	for (const name of ["a", "a/b", "...", "a.b", "%2e", "*", "ü x"])
		assert.equal(hasAddress(name), true, name);
});
