/// <reference types="node" />
/** Documents in words, also of the shapes that would never end. The service's own documents are read as well. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { JsonObject } from "../../src/api/openapi.ts";
import {
	curlOf,
	examplesOf,
	filterOperations,
	membersOf,
	operationsOf,
	objectOf,
	resolve,
	schemaWords,
} from "../../src/model/openapi.ts";
import { processorTime } from "./processor.ts";

const DOCUMENT: JsonObject = {
	openapi: "3.1.0",
	servers: [{ url: "/api/" }],
	paths: {
		"/things/{id}": {
			parameters: [
				{ $ref: "#/components/parameters/Id" },
				{ name: "If-Match", in: "header", required: true },
			],
			get: {
				operationId: "readThing",
				summary: "One thing",
				parameters: [{ name: "q", in: "query", required: true }],
			},
			patch: {
				requestBody: { $ref: "#/components/requestBodies/Thing" },
				parameters: [{ name: "id", in: "path", example: "a/b c'$(x)" }],
			},
			"x-other": {},
		},
		"/token": { post: { operationId: "grant", security: [], tags: ["login"] } },
	},
	webhooks: { event: { post: { operationId: "event" } } },
	components: {
		parameters: {
			Id: { name: "id", in: "path", required: true, schema: { type: "string", examples: ["x1"] } },
		},
		requestBodies: { Thing: { content: { "application/json": { example: { it: "it's", $: "`" } } } } },
		schemas: {
			Self: { $ref: "#/components/schemas/Self" },
			Ping: { $ref: "#/components/schemas/Pong" },
			Pong: { $ref: "#/components/schemas/Ping" },
			Tree: {
				type: "object",
				required: ["name"],
				properties: {
					name: { type: "string" },
					children: { type: "array", items: { $ref: "#/components/schemas/Tree" } },
				},
			},
			Loop: { type: "array", items: { $ref: "#/components/schemas/Loop" } },
			Either: { oneOf: [{ $ref: "#/components/schemas/Either" }, { type: "null" }] },
			All: { allOf: [{ $ref: "#/components/schemas/All" }, { properties: { a: {} } }] },
			"a/b~c": { type: "boolean" },
		},
	},
};
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const words = (schema: unknown) => schemaWords(DOCUMENT, schema);
const names = (schema: unknown) => membersOf(DOCUMENT, schema).map(({ name }) => name);

test("references", () => {
	assert.deepEqual(resolve(DOCUMENT, { ...ref("a~1b~0c"), description: "own" }), {
		type: "boolean",
		description: "own",
	});
	for (const name of ["Nothing", "__proto__", "constructor", "Self", "Ping", "Tree/name/x"])
		assert.equal(resolve(DOCUMENT, ref(name)).type, undefined, name);
	for (const value of [
		undefined,
		null,
		5,
		"x",
		[],
		true,
		{ $ref: 5 },
		{ $ref: "https://example.com/#/x" },
		{ $ref: "#" },
	])
		assert.doesNotThrow(() => words(value));
});

test("cycles end", () => {
	for (const name of ["Self", "Ping", "Loop", "Either", "All", "Tree"]) {
		words(ref(name));
		assert.ok(membersOf(DOCUMENT, ref(name)).length < 100, name);
	}
	assert.deepEqual(names(ref("Tree")), ["name", "children"]);
	assert.equal(words(ref("Loop")), "array of array of array of array");
	const wide = { anyOf: Array.from({ length: 12 }, () => ref("Wide")) };
	const document = { components: { schemas: { Wide: wide } } };
	const time = processorTime(() => {
		schemaWords(document, wide);
		membersOf(document, wide);
	});
	assert.ok(time < 1000, `${time} ms`);
});

test("schemas in words", () => {
	const cases: [unknown, string][] = [
		[{}, ""],
		[{ type: "integer", minimum: 1, maximum: 100, default: 5 }, "integer, 1 to 100, default 5"],
		[
			{ type: ["string", "null"], maxLength: 5, format: "uuid" },
			"string or null, uuid, at most 5 characters",
		],
		[{ enum: ["a", null, 1] }, '"a" or null or 1'],
		[{ type: "string", enum: ["a"] }, '"a"'],
		[{ const: "x" }, '"x"'],
		[{ type: "array", items: { type: "string" }, minItems: 1 }, "array of string, at least 1 item"],
		[{ anyOf: [ref("Tree"), { type: "null" }] }, "object or null"],
		[{ oneOf: [{ type: "string" }, { type: "string" }] }, "string"],
		[{ type: "string", minLength: 3, maxLength: 3, pattern: "^x$" }, "string, 3 characters, pattern ^x$"],
		[{ allOf: [ref("Tree")], deprecated: true }, "object, deprecated"],
		[{ default: false }, "default false"],
		[{ properties: {} }, "object"],
	];
	for (const [schema, text] of cases) assert.equal(words(schema), text);
});

test("members", () => {
	const all = membersOf(DOCUMENT, {
		required: ["a"],
		properties: { a: { type: "string" }, __proto__x: {} },
		patternProperties: { "^x": {} },
		additionalProperties: { type: "integer" },
	});
	assert.deepEqual(
		all.map(({ name, isRequired }) => [name, isRequired]),
		[
			["a", true],
			["__proto__x", false],
			["/^x/", false],
			["any other", false],
		],
	);
	assert.deepEqual(names({ additionalProperties: false }), []);
	assert.deepEqual(names({ type: "array", items: ref("Tree") }), ["name", "children"]);
	assert.deepEqual(names({ oneOf: [{ type: "null" }, ref("Tree")] }), ["name", "children"]);
	assert.deepEqual(names({ oneOf: [ref("Tree"), { properties: { b: {} } }] }), ["form 1", "form 2"]);
	assert.deepEqual(names({ prefixItems: [{}, {}] }), ["[0]", "[1]"]);
	assert.ok(names({ allOf: [ref("Tree"), { properties: { b: {} } }] }).includes("b"));
});

test("operations, and those that a filter finds", () => {
	const all = operationsOf(DOCUMENT);
	assert.deepEqual(
		all.map(({ id, method, isWebhook }) => [id, method, isWebhook]),
		[
			["readThing", "GET", false],
			["patch-/things/{id}", "PATCH", false],
			["grant", "POST", false],
			["event", "POST", true],
		],
	);
	assert.deepEqual(
		all[0]?.parameters.map(({ name }) => name),
		["id", "If-Match", "q"],
	);
	assert.deepEqual(
		filterOperations(all, " GET  thing ").map(({ id }) => id),
		["readThing"],
	);
	assert.equal(filterOperations(all, "").length, 4);
	assert.equal(filterOperations(all, "login")[0]?.id, "grant");
	for (const document of [
		{},
		{ paths: null },
		{ paths: [] },
		{ paths: { "/": null } },
		{ paths: { "/": { get: 5 } } },
	])
		assert.doesNotThrow(() => operationsOf(document as JsonObject));
});

test("examples", () => {
	assert.deepEqual(
		examplesOf(DOCUMENT, { examples: { a: { value: 1 }, b: { summary: "B", value: null } } }),
		[
			{ name: "a", value: 1 },
			{ name: "B", value: null },
		],
	);
	assert.deepEqual(examplesOf(DOCUMENT, { example: false, schema: { examples: [1] } }), [
		{ name: "", value: false },
	]);
	assert.deepEqual(examplesOf(DOCUMENT, { schema: { examples: [1, 2] } }), [{ name: "", value: 1 }]);
	assert.deepEqual(examplesOf(DOCUMENT, {}), []);
});

test("requests of curl, safe for a shell", () => {
	const [read, patch, grant] = operationsOf(DOCUMENT).map((one) => curlOf(DOCUMENT, one, "https://host"));
	const token = '-H "Authorization: Bearer $POLYTASK_TOKEN"';
	assert.equal(read, `curl 'https://host/api/things/x1?q=Q' ${token} -H 'If-Match: IF-MATCH'`);
	assert.equal(
		patch,
		`curl -X PATCH 'https://host/api/things/a%2Fb%20c'\\''%24(x)' ${token} -H 'If-Match: IF-MATCH' ` +
			`-H 'Content-Type: application/json' --data-binary '{"it":"it'\\''s","$":"\`"}'`,
	);
	assert.equal(grant, "curl -X POST 'https://host/api/token'");
});

/** The documents of this source, for tests that are run in it. */
function documents(): [string, JsonObject][] {
	const folder = join(process.cwd(), "../../src/dialect");
	try {
		return readdirSync(folder, { withFileTypes: true })
			.filter((entry) => entry.isDirectory())
			.map(({ name }) => [
				name,
				JSON.parse(readFileSync(join(folder, name, "openapi.json"), "utf8")) as JsonObject,
			]);
	} catch {
		return [];
	}
}

test("the documents of the service", (context) => {
	const all = documents();
	if (!all.length) return context.skip("not run in data/console of the source");
	for (const [name, document] of all) {
		const operations = operationsOf(document);
		assert.ok(operations.length > 0, name);
		assert.equal(new Set(operations.map(({ id }) => id)).size, operations.length, name);
		for (const operation of operations) {
			assert.doesNotMatch(
				curlOf(document, operation, "https://host"),
				/[{]\w+[}]'|undefined|\[object/,
				operation.id,
			);
			for (const part of operation.parameters)
				assert.ok(part.name && words.call(null, part.schema) !== undefined);
			for (const response of Object.values(objectOf(operation.part.responses)))
				assert.ok(resolve(document, response).description, `${name} ${operation.id}`);
		}
	}
});
