/// <reference types="node" />
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { curl } from "../../src/model/curl.ts";

/** The arguments that a shell passes to curl. */
function argumentsOf(command: string): string[] {
	const script = `curl() { printf '%s\\0' "$@"; }\n${command}`;
	const { stdout } = spawnSync("sh", ["-c", script], {
		encoding: "utf8",
		env: { POLYTASK_TOKEN: "T", POLYTASK_CACERT: "C" },
	});
	return stdout.split("\0").slice(0, -1);
}

const request = (path: string, headers = {}) => ({ method: "GET" as const, path, headers });
const TOKEN = ["-H", "Authorization: Bearer T"];

test("a request with its header fields", () => {
	const command = curl(request("/v1/tasks/1", { Accept: "application/json" }), "https://tasks.example.com");
	assert.match(command, /\$POLYTASK_TOKEN/);
	assert.deepEqual(argumentsOf(command), [
		...TOKEN,
		...["-H", "Accept: application/json"],
		"https://tasks.example.com/v1/tasks/1",
	]);
});

test("a shell passes the arguments unchanged", () => {
	for (const text of [
		"'",
		"''a'",
		'"',
		"$HOME",
		"${HOME}",
		"`id`",
		"$(id)",
		"\\",
		"a\nb",
		"!x",
		"; id #",
		"* ~",
		"é",
	]) {
		const args = argumentsOf(curl(request(`/${text}`, { X: text }), "https://h"));
		assert.equal(args.at(-1), `https://h/${text}`);
		assert.ok(args.includes(`X: ${text}`), text);
	}
});

test("curl does not expand brackets", () => {
	assert.ok(argumentsOf(curl(request("/v1/tasks?a[1]={b}"), "https://h")).includes("--globoff"));
});

test("the certificate of an instance on this machine is named", () => {
	for (const origin of ["https://localhost:9443", "https://127.0.0.1", "https://[::1]:1"])
		assert.deepEqual(argumentsOf(curl(request("/"), origin)), [...TOKEN, "--cacert", "C", `${origin}/`]);
	assert.doesNotMatch(curl(request("/"), "https://localhost.example.com"), /--cacert/);
});
