/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Webhook } from "../../src/api/webhooks.ts";
import { filterWords, hookState } from "../../src/model/hookstate.ts";

const STATE = {
	pending: 0,
	last_success_at: null,
	last_failure_at: null,
	last_status: null,
	failing_since: null,
	missed: false,
};
const TIME = "2026-11-28T12:00:00.000Z";

function state(enabled: boolean, reason: string | null, more: Partial<Webhook["state"]> = {}): string {
	return hookState({ enabled, reason, state: { ...STATE, ...more } } as Webhook).join(" ");
}

test("a webhook is disabled by a person or by the service", () => {
	assert.equal(state(false, null, { failing_since: TIME }), "cancelled disabled");
	assert.equal(state(false, "The receiver answered 410 Gone."), "failed disabled by the service");
});

test("the state of an enabled webhook", () => {
	assert.equal(state(true, null), "pending nothing delivered yet");
	assert.equal(state(true, null, { last_success_at: TIME }), "succeeded working");
	assert.equal(state(true, null, { last_success_at: TIME, failing_since: TIME }), "failed failing");
});

test("a filter in words", () => {
	const none = { types: null, dialects: null, kinds: null, states: null };
	assert.equal(filterWords(none), "all events");
	assert.equal(
		filterWords({
			types: ["task.failed", "task.removed"],
			dialects: ["fourhse", "idol"],
			kinds: ["a", null],
			states: ["failed"],
		}),
		"failed, removed; of 4HSE, IDOL; kind a, none; state failed",
	);
});
