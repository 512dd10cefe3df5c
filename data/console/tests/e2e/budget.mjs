// How quick the list of tasks is, for tests/bench/console.py: medians of some rounds, each with a browser without a cache.
import { CONSOLE, Person, stop } from "./browser.mjs";
import { ok, run } from "./harness.mjs";
import { ask } from "./service.mjs";

const ROUNDS = Number(process.env.POLYTASK_ROUNDS ?? 5);
const LIMIT = 1000; // ms to the first row
const PATHS = ["/tasks", "/tasks?q=state%3Afailed", "/tasks?q=dialect%3Avirtshell%20sort%3Acreated"];

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** In the page, before its own code: the time of the first row, and tasks of more than 50 ms. */
function observe() {
	globalThis.long = [];
	new PerformanceObserver((seen) =>
		globalThis.long.push(...seen.getEntries().map(({ duration }) => duration)),
	).observe({
		type: "longtask",
		buffered: true,
	});
	new MutationObserver((_, observer) => {
		if (!document.querySelector(".rows [data-id]")) return;
		observer.disconnect();
		requestAnimationFrame(() => (globalThis.firstRow = performance.now()));
	}).observe(document, { childList: true, subtree: true });
}

async function once(path) {
	const person = await Person.open();
	await person.context.addInitScript(observe);
	const page = await person.enter("/api");
	await page.goto(`${CONSOLE}${path}`);
	await page.locator(".rows [data-id]").first().waitFor();
	const seen = await page.evaluate(() => ({
		first: globalThis.firstRow,
		long: globalThis.long.reduce((a, b) => a + b, 0),
		bytes: performance.getEntriesByType("resource").reduce((sum, { transferSize }) => sum + transferSize, 0),
	}));
	await person.context.close();
	return seen;
}

async function firstRow() {
	const { total } = await ask("GET", "/v1/tasks?limit=1");
	for (const path of PATHS) {
		const rounds = [];
		for (let round = 0; round < ROUNDS; round++) rounds.push(await once(path));
		const of = (name) => Math.round(median(rounds.map((round) => round[name])));
		console.log(
			`# ${path}: first row ${of("first")} ms, long tasks ${of("long")} ms, ${of("bytes")} bytes, ${total} tasks`,
		);
		ok(of("first") < LIMIT, `${path}: the first row in less than ${LIMIT} ms`, rounds);
	}
}

await run({ firstRow }, stop);
