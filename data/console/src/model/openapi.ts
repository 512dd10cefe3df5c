/**
 * An OpenAPI document (3.1) for the page API: operations, schemas in words, examples, curl commands. The number of
 * references that are followed is bounded, so that a cycle of them ends.
 */
import { formatJson } from "../api/json.ts";
import type { JsonObject } from "../api/openapi.ts";
import { shellQuote } from "./curl.ts";

const HOPS = 16; // references in a row
const DEPTH = 3; // of arrays and alternatives in words
const METHODS = ["get", "post", "put", "patch", "delete"];

/** The value if it is an object, else an empty one. */
export function objectOf(value: unknown): JsonObject {
	return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function listOf(value: unknown): unknown[] {
	return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
	return typeof value === "string" ? value : "";
}

/** The value to which a reference points, such as "#/components/schemas/Task". */
function find(document: JsonObject, reference: string): unknown {
	let found: unknown = document;
	for (const escaped of reference.replace(/^#\/?/, "").split("/")) {
		const name = escaped.replace(/~1/g, "/").replace(/~0/g, "~");
		found = Object.hasOwn(objectOf(found), name) ? objectOf(found)[name] : undefined;
	}
	return found;
}

/** The object to which a reference leads. Members beside the reference take precedence. */
export function resolve(document: JsonObject, value: unknown): JsonObject {
	let part = objectOf(value);
	for (let hop = 0; hop < HOPS && typeof part.$ref === "string"; hop++) {
		const { $ref, ...own } = part;
		part = { ...objectOf(find(document, $ref as string)), ...own };
	}
	return part;
}

export interface Operation {
	id: string;
	/** In upper case. */
	method: string;
	path: string;
	/** The service sends this request to a client. */
	isWebhook: boolean;
	part: JsonObject;
	parameters: JsonObject[];
	/** The text that a filter searches, in lower case. */
	text: string;
}

function parametersOf(document: JsonObject, ...lists: unknown[]): JsonObject[] {
	const found = new Map<string, JsonObject>();
	for (const value of lists.flatMap(listOf)) {
		const part = resolve(document, value);
		found.set(`${part.in} ${part.name}`, part);
	}
	return [...found.values()];
}

/** In the order of the document. */
export function operationsOf(document: JsonObject): Operation[] {
	const entries = (isWebhook: boolean) =>
		Object.entries(objectOf(isWebhook ? document.webhooks : document.paths)).flatMap(([path, value]) => {
			const item = resolve(document, value);
			return METHODS.filter((method) => Object.hasOwn(item, method)).map((method): Operation => {
				const part = objectOf(item[method]);
				const id = textOf(part.operationId) || `${method}-${path}`;
				const words = [method, path, id, part.summary, part.description, ...listOf(part.tags)];
				const parameters = parametersOf(document, item.parameters, part.parameters);
				const text = words.join(" ").toLowerCase();
				return { id, method: method.toUpperCase(), path, isWebhook, part, parameters, text };
			});
		});
	return [...entries(false), ...entries(true)];
}

/** The operations whose text contains all words of the filter. */
export function filterOperations(operations: Operation[], filter: string): Operation[] {
	const words = filter.toLowerCase().split(/\s+/);
	return operations.filter(({ text }) => words.every((word) => text.includes(word)));
}

const json = (value: unknown) => formatJson(value) ?? "";
const some = (words: string[], separator: string) => [...new Set(words.filter(Boolean))].join(separator);

/** `unit` is a plural, with a space before it. */
function range(least: unknown, most: unknown, unit: string): string {
	const end = (most ?? least) === 1 ? unit.slice(0, -1) : unit;
	if (least === undefined && most === undefined) return "";
	if (least === most) return most + end;
	if (most === undefined) return `at least ${least}${end}`;
	return (least === undefined ? "at most " : `${least} to `) + most + end;
}

function alternatives(schema: JsonObject): unknown[] {
	return [...listOf(schema.oneOf), ...listOf(schema.anyOf)];
}

function typeWords(document: JsonObject, schema: JsonObject, depth: number): string {
	const types = typeof schema.type === "string" ? [schema.type] : listOf(schema.type).map(String);
	const inner =
		depth < DEPTH && schema.items ? typeWords(document, resolve(document, schema.items), depth + 1) : "";
	const words = types.map((type) => (type === "array" && inner ? `array of ${inner}` : type));
	if ("const" in schema) words.splice(0, 1, json(schema.const));
	if (schema.enum) words.splice(0, words.length, ...listOf(schema.enum).map(json));
	if (depth < DEPTH)
		for (const one of alternatives(schema))
			words.push(typeWords(document, resolve(document, one), depth + 1));
	if (!words.length && schema.properties) words.push("object");
	if (!words.length && depth < DEPTH)
		words.push(...listOf(schema.allOf).map((one) => typeWords(document, resolve(document, one), depth + 1)));
	return some(words, " or ");
}

/** One line: "integer or null, 1 to 100, default 5". */
export function schemaWords(document: JsonObject, value: unknown): string {
	const schema = resolve(document, value);
	const words = [
		typeWords(document, schema, 0),
		textOf(schema.format),
		range(schema.minimum, schema.maximum, ""),
		range(schema.minLength, schema.maxLength, " characters"),
		range(schema.minItems, schema.maxItems, " items"),
		range(schema.minProperties, schema.maxProperties, " members"),
		schema.pattern ? `pattern ${schema.pattern}` : "",
		"default" in schema ? `default ${json(schema.default)}` : "",
		schema.deprecated ? "deprecated" : "",
	];
	return some(words, ", ");
}

export interface Member {
	name: string;
	schema: unknown;
	isRequired: boolean;
}

/** The members of the objects that a schema describes, also of those in its arrays and alternatives. */
export function membersOf(document: JsonObject, value: unknown, depth = 0): Member[] {
	const schema = resolve(document, value);
	if (depth > DEPTH) return [];
	const named = (from: unknown, name: (key: string) => string) =>
		Object.entries(objectOf(from)).map(([key, inner]) => ({
			name: name(key),
			schema: inner,
			isRequired: listOf(schema.required).includes(key),
		}));
	const forms = alternatives(schema).map((form) => ({ form, inner: membersOf(document, form, depth + 1) }));
	const withMembers = forms.filter(({ inner }) => inner.length);
	const others = objectOf(schema.additionalProperties);
	return [
		...named(schema.properties, (key) => key),
		...named(schema.patternProperties, (key) => `/${key}/`),
		...(Object.keys(others).length ? [{ name: "any other", schema: others, isRequired: false }] : []),
		...listOf(schema.prefixItems).map((inner, at) => ({ name: `[${at}]`, schema: inner, isRequired: true })),
		...[schema.items, ...listOf(schema.allOf)].flatMap((inner) => membersOf(document, inner, depth + 1)),
		...(withMembers.length === 1
			? withMembers[0]!.inner
			: withMembers.map(({ form }, at) => ({ name: `form ${at + 1}`, schema: form, isRequired: false }))),
	];
}

export interface Example {
	name: string;
	value: unknown;
}

/** The examples of a media type or a parameter, or else of its schema. */
export function examplesOf(document: JsonObject, media: JsonObject): Example[] {
	const named = Object.entries(objectOf(media.examples)).map(([name, value]) => {
		const part = resolve(document, value);
		return { name: textOf(part.summary) || name, value: part.value };
	});
	if (named.length) return named;
	const schema = resolve(document, media.schema);
	const own = [media, schema].filter((part) => "example" in part).map(({ example }) => example);
	return [...own, ...listOf(schema.examples)].slice(0, 1).map((value) => ({ name: "", value }));
}

/** A string as it is; any other value as indented JSON. */
export function exampleText(value: unknown): string {
	return typeof value === "string" ? value : formatJson(value, 2);
}

/** A curl command with the token in POLYTASK_TOKEN. Values without an example are the parameter's name in capitals. */
export function curlOf(document: JsonObject, operation: Operation, origin: string): string {
	const { method, part, parameters } = operation;
	const valueOf = (parameter: JsonObject) => {
		const value =
			examplesOf(document, parameter)[0]?.value ?? listOf(resolve(document, parameter.schema).enum)[0];
		return value === undefined ? textOf(parameter.name).toUpperCase() : String(value);
	};
	const required = (place: string) =>
		parameters.filter((one) => one.in === place && (one.required || place === "path"));
	let path = operation.path;
	for (const one of required("path"))
		path = path.replaceAll(`{${one.name}}`, encodeURIComponent(valueOf(one)));
	const query = required("query").map((one) => `${one.name}=${encodeURIComponent(valueOf(one))}`);
	const server = textOf(objectOf(listOf(document.servers)[0]).url).replace(/\/$/, "");
	const url = origin + server + path + (query.length ? `?${query.join("&")}` : "");

	const words = ["curl"];
	if (!["GET", "POST"].includes(method)) words.push("-X", method);
	words.push(shellQuote(url));
	const isOpen = Array.isArray(part.security) && !part.security.length;
	if (!isOpen) words.push('-H "Authorization: Bearer $POLYTASK_TOKEN"');
	for (const one of required("header")) words.push("-H", shellQuote(`${one.name}: ${valueOf(one)}`));
	const [type, media] = Object.entries(objectOf(resolve(document, part.requestBody).content))[0] ?? [];
	const example = examplesOf(document, objectOf(media))[0];
	if (type) {
		const body = example
			? shellQuote(typeof example.value === "string" ? example.value : json(example.value))
			: "@body";
		words.push("-H", shellQuote(`Content-Type: ${type}`), "--data-binary", body);
	} else if (method === "POST") words.splice(1, 0, "-X", method);
	return words.join(" ");
}
