// Results as TAP lines for tests/e2e/console_site.py, which started the scenario, and requests to it: a line
// "@ [...]" on the output is answered by a line of JSON on the input.
import { createInterface } from "node:readline";

const SECONDS = 20; // until a condition must have become true, on a busy machine
const PAUSE = 50; // ms between two looks
const COLOURS = /\x1b\[\d+m/g; // in messages of playwright

let count = 0;
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export function ok(condition, name, detail = "") {
	console.log(`${condition ? "ok" : "not ok"} ${++count} - ${name.replaceAll("#", "no. ")}`);
	if (condition) return true;
	const text = typeof detail === "string" ? detail : JSON.stringify(detail, null, 1);
	const lines = String(text)
		.replace(COLOURS, "")
		.split("\n")
		.filter((line) => line.trim());
	for (const line of lines.slice(0, 40)) console.log(`#  ${line.slice(0, 1000)}`);
	return false;
}

export function equal(got, want, name) {
	const [left, right] = [got, want].map((value) => JSON.stringify(value));
	return ok(left === right, name, `got:  ${left}\nwant: ${right}`);
}

/** Asks the program that started this one: "ctl", "stop", "start", "secret". */
export async function host(...request) {
	console.log(`@ ${JSON.stringify(request)}`);
	const { value, done } = await answers.next();
	if (done) throw new Error(`no answer to ${request[0]}`);
	const answer = JSON.parse(value);
	if (answer.error) throw new Error(`${request.join(" ")}: ${answer.error}`);
	return answer.result;
}

/** Asks again until the answer is true; returns it, or the last one. */
export async function until(condition, seconds = SECONDS) {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		const value = await condition();
		if (value || Date.now() > end) return value;
		await new Promise((resolve) => setTimeout(resolve, PAUSE));
	}
}

/** Waits until `read` returns `want`, and says what it last was. */
export async function becomes(read, want, name, seconds = SECONDS) {
	const text = JSON.stringify(want);
	let got;
	await until(async () => JSON.stringify((got = await read())) === text, seconds);
	return equal(got, want, name);
}

/** Runs each of the tests, or those named on the command line; an exception is a failure. */
export async function run(tests, end) {
	const wanted = process.argv.slice(2);
	for (const [name, test] of Object.entries(tests)) {
		if (wanted.length && !wanted.includes(name)) continue;
		console.log(`# -- ${name}`);
		try {
			await test();
		} catch (error) {
			ok(false, `${name} ran to its end`, error.stack ?? error);
		}
	}
	await end();
	console.log(`1..${count}`);
	process.exit(0);
}
