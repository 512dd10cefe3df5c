/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import { countBulk, startBulk } from "../../src/api/tasks.ts";
import { parseSearch } from "../../src/model/search.ts";

test("a bulk has the conditions of a search in the form that the service takes", async (context) => {
	const bodies: unknown[] = [];
	context.mock.method(globalThis, "fetch", (_: string, init: RequestInit) => {
		bodies.push(JSON.parse(String(init.body)));
		return Promise.resolve(Response.json({}));
	});
	const filter = parseSearch("state:failed,cancelled archived:any kind:a", 0).conditions;
	await countBulk({ filter, do: "cancel" });
	await startBulk({ filter, do: "set_priority", priority: 5 }, "t");
	const wanted = { state: ["failed", "cancelled"], archived: "any", kind: "a" };
	assert.deepEqual(bodies, [
		{ do: "cancel", filter: wanted, dry_run: true },
		{ do: "set_priority", priority: 5, filter: wanted, token: "t" },
	]);
});
