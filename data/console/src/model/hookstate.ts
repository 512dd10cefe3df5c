/** The state and the filter of webhooks in words. */
import type { HookFilter, Webhook } from "../api/webhooks.ts";
import { dialectName } from "./states.ts";

/** The tone (a class of parts.css) and the word for the state of a webhook. */
export function hookState({ enabled, reason, state }: Webhook): [string, string] {
	if (!enabled) return reason ? ["failed", "disabled by the service"] : ["cancelled", "disabled"];
	if (state.failing_since) return ["failed", "failing"];
	return state.last_success_at ? ["succeeded", "working"] : ["pending", "nothing delivered yet"];
}

/** "succeeded, failed of VirtShell, kind encode" */
export function filterWords({ types, dialects, kinds, states }: HookFilter): string {
	const words = [types?.map((type) => type.replace("task.", "")).join(", ") ?? "all events"];
	if (dialects) words.push(`of ${dialects.map(dialectName).join(", ")}`);
	if (kinds) words.push(`kind ${kinds.map((kind) => kind ?? "none").join(", ")}`);
	if (states) words.push(`state ${states.join(", ")}`);
	return words.join("; ");
}

/** The tone of each state of a delivery. */
export const DELIVERY_TONES = { pending: "pending", delivered: "succeeded", failed: "failed" };
