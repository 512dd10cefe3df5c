/// <reference types="node" />
import assert from "node:assert/strict";
import { test } from "node:test";
import { nativeRequest, clientRequest } from "../../src/model/clientview.ts";
import { ID, taskWith } from "./task.ts";

const fields = { inventory_id: "movie-0042", product: "adbreaks", version: "1.0.1", task_id: "task-1" };
const pathOf = (members: Parameters<typeof taskWith>[0]) =>
	clientRequest(taskWith({ fields, ...members }))?.path;

// The addresses are those of the examples in src/dialect/*/README.md.
test("each dialect has the address of its page", () => {
	assert.equal(pathOf({ dialect: "virtshell" }), `/api/virtshell/v1/tasks/${ID}`);
	assert.equal(
		pathOf({ dialect: "vionlabs" }),
		"/tasks/catalog-item/movie-0042/product/adbreaks/version/1.0.1",
	);
	assert.equal(pathOf({ dialect: "uplynk" }), `/api/v4/managed-slicer/ingest-points/tasks/${ID}`);
	assert.equal(pathOf({ dialect: "fourhse" }), "/v2/task/view/task-1");
	assert.equal(pathOf({ dialect: "idol", number: 1 }), "/api/v2/import-tasks/1");
	assert.equal(
		pathOf({ dialect: "idol", number: 9007199254740993n }),
		"/api/v2/import-tasks/9007199254740993",
	);
});

test("only IDOL has a media type of its own", () => {
	const accept = (dialect: string) => clientRequest(taskWith({ dialect, number: 1 }))?.headers.Accept;
	assert.equal(accept("idol"), "application/vnd.api+json");
	for (const dialect of ["virtshell", "vionlabs", "uplynk", "fourhse"])
		assert.equal(accept(dialect), "application/json");
});

test("names are single segments", () => {
	const inventory_id = "a/b?c#d%2F é\n";
	assert.equal(
		pathOf({ dialect: "vionlabs", fields: { ...fields, inventory_id } }),
		"/tasks/catalog-item/a%2Fb%3Fc%23d%252F%20%C3%A9%0A/product/adbreaks/version/1.0.1",
	);
	assert.equal(pathOf({ dialect: "fourhse", fields: { task_id: "a/b" } }), "/v2/task/view/a%2Fb");
});

test("a native task, and one of an unknown dialect, is shown by the native API alone", () => {
	assert.equal(clientRequest(taskWith({})), undefined);
	assert.equal(clientRequest(taskWith({ dialect: "later" })), undefined);
	assert.equal(nativeRequest(taskWith({})).path, `/v1/tasks/${ID}`);
});
