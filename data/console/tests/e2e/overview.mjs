// Workers that are drained, and the overview: each notice, made for real, and the numbers over time.
import { Person, stop } from "./browser.mjs";
import { becomes, equal, host, ok, run, until } from "./harness.mjs";
import { addHook, Receiver } from "./receiver.mjs";
import { ask, change, create, createMany } from "./service.mjs";

const MARKUP = `<img src=x onerror=ran.push("worker")>`;
const LATE = 120; // seconds in which a task that waits, and a worker that is silent, count as such
const RANGES = { "1 h": 60, "6 h": 300, "24 h": 600, "7 d": 3600 }; // seconds of a step

const dialog = (page) => page.getByRole("dialog");
const claim = (worker, kind) =>
	ask("POST", "/v1/claims", { worker, kinds: [kind], lease_seconds: 600, confirm_seconds: 600 });
const drainOf = (name) => ask("POST", `/v1/workers/${encodeURIComponent(name)}/drain`, { drain: true });
const undrain = (name) => ask("POST", `/v1/workers/${encodeURIComponent(name)}/drain`, { drain: false });
const notices = (page) => page.locator(".notices li").allTextContents();

/** The text of the notice that has a text, as soon as the overview has it. */
async function noticed(page, text, name, seconds) {
	await becomes(async () => (await notices(page)).some((one) => one.includes(text)), true, name, seconds);
	const [found = ""] = (await notices(page)).filter((one) => one.includes(text));
	return found;
}

async function again(page) {
	await page.reload();
	await page.locator(".notices").waitFor();
}

async function drains() {
	const name = `worker ${MARKUP}`;
	await createMany([{ kind: "drained" }, { kind: "drained" }, { kind: "drained" }, { kind: "drained" }]);
	const { claims } = await claim(name, "drained");
	const [{ task, token }] = claims;
	const heartbeat = () => ask("POST", `/v1/tasks/${task.id}/heartbeat`, { token, lease_seconds: 600 });
	const got = async (worker) => (await claim(worker, "drained")).claims?.length ?? 0;
	const person = await Person.open();
	const page = await person.enter("/workers");
	const row = page.getByRole("row").filter({ hasText: name });
	const drain = page.getByRole("button", { name: `Drain ${name}`, exact: true });
	await drain.click();
	equal(
		await dialog(page).getByRole("heading").textContent(),
		`Drain ${name}?`,
		"a name with markup is text",
	);
	await page.keyboard.press("Escape");
	equal((await heartbeat()).drain, false, "Escape: it is not drained");
	await drain.click();
	await dialog(page).getByRole("button", { name: "Drain", exact: true }).click();
	await becomes(() => row.locator(".badge").textContent(), "drained", "it is drained");
	await becomes(async () => (await heartbeat()).drain, true, "its heartbeats tell it");
	equal(await got(name), 0, "and it gets no task");
	equal(await got("other"), 1, "another worker gets one");
	await page.getByRole("button", { name: `End the drain of ${name}`, exact: true }).click();
	await becomes(() => row.locator(".badge").textContent(), "working", "the drain is ended");
	await becomes(() => got(name), 1, "it gets tasks again");

	await page.getByRole("button", { name: "Drain all…" }).click();
	await dialog(page).getByRole("button", { name: "Drain", exact: true }).click();
	const all = page.locator(".notice");
	await all.waitFor();
	await becomes(async () => (await heartbeat()).drain, true, "the heartbeats of all tell it");
	equal(await got("other"), 0, "all are drained: none gets a task");
	equal(await got("new"), 0, "nor does one that comes later");
	equal(await page.getByRole("button", { name: /^Drain/ }).count(), 0, "then no drain of one is offered");
	const viewer = await Person.open();
	const own = await viewer.enter("/workers", "viewer");
	await own.locator(".notice").waitFor();
	equal(await own.locator("main").getByRole("button").count(), 0, "a viewer sees it, and cannot end it");
	await viewer.leave("drains of a viewer");
	await all.getByRole("button", { name: "End drain" }).click();
	await all.waitFor({ state: "hidden" });
	await becomes(() => got("other"), 1, "ended: tasks are given again");
	await person.leave("drains");
}

/** Quotas in the numbers of the tenant. */
async function quota(page) {
	const { used } = (await ask("GET", "/v1/me")).tasks;
	await host("ctl", "quota", "set", "demo", "--tasks", String(Math.floor(used / 0.95)));
	await again(page);
	const near = await noticed(page, "of the quota of tasks is used", "a quota that is nearly used");
	ok(
		!near.includes("Urgent") && near.includes(`${used} of ${Math.floor(used / 0.95)}`),
		"with its numbers",
		near,
	);
	await host("ctl", "quota", "set", "demo", "--tasks", String(used));
	await again(page);
	const full = await noticed(page, "New tasks are refused", "one that is used up");
	ok(full.includes("Urgent"), "is urgent", full);
	await host("ctl", "quota", "set", "demo", "--tasks", "default");
}

async function webhooks(page) {
	const receiver = await Receiver.open();
	const name = `hook ${MARKUP}`;
	receiver.status = 500;
	const hook = await addHook({ url: receiver.url, name, filter: { kinds: ["told"] } });
	await change((await create({ kind: "told" })).id, { state: "failed", error: "broken" });
	const read = () => ask("GET", `/v1/webhooks/${hook.id}`);
	await becomes(async () => Boolean((await read()).state.failing_since), true, "a webhook fails");
	await again(page);
	const failing = await noticed(page, "has delivered nothing for", "a webhook that is failing");
	ok(
		failing.includes(name) && failing.includes("last status 500"),
		"its name, as text, and the status",
		failing,
	);
	receiver.status = 410;
	await ask("POST", `/v1/webhooks/${hook.id}/test`);
	await becomes(async () => (await read()).enabled, false, "after 410 the service disables it");
	await again(page);
	const off = await noticed(page, "was disabled by the service", "a webhook that is disabled");
	ok(off.includes("Urgent"), "is urgent", off);
	ok(/Urgent/.test((await notices(page))[0]), "and what is urgent is the first");
	await page.locator(".notices li").filter({ hasText: "was disabled" }).getByRole("link").click();
	await page.waitForURL(new RegExp(`/webhooks/${hook.id}$`));
	ok(true, "it leads to its page");
	await page.goBack();
	await page.locator(".notices").waitFor();
	receiver.close();
	await ask("DELETE", `/v1/webhooks/${hook.id}`);
}

async function attention() {
	await createMany(Array.from({ length: 40 }, () => ({ kind: "late" })));
	await create({ kind: "held" });
	await claim("gone", "held");
	const begin = Date.now();
	const person = await Person.open();
	const page = await person.enter("/");
	await page.locator(".notices").waitFor();
	await webhooks(page);
	await again(page);
	const { totals } = await ask("GET", "/v1/stats");
	const failed = await noticed(page, "failed in the last hour", "failures");
	ok(failed.includes(`Native ${totals.failed.last_hour}`), "by API", failed);
	await quota(page);
	await drainOf("gone");
	await again(page);
	await noticed(page, "Drained workers get no further tasks: gone", "a drained worker");
	await drainOf("*");
	await again(page);
	await noticed(page, "All workers are drained", "all workers are drained");
	await undrain("*");
	await undrain("gone");
	const rest = LATE - (Date.now() - begin) / 1000;
	const dead = await noticed(page, "were not seen for over a minute", "a worker that is gone", rest);
	ok(dead.includes("gone") && dead.includes("Urgent"), "with its name", dead);
	const waiting = await noticed(page, "No worker has asked for work", "tasks wait without a worker", LATE);
	ok(waiting.includes("Ready: 40 tasks") && waiting.includes("Urgent"), "it is urgent", waiting);
	await noticed(page, "The backlog of Native has grown by", "a backlog that grows");
	await person.leave("attention");
}

/** What a table of the chart must have, by the names of its columns, the oldest step first. */
function expected({ items }) {
	const names = { native: "Native", virtshell: "VirtShell", fourhse: "4HSE" };
	const columns = {};
	for (const { dialect, succeeded, failed, cancelled } of items) {
		const ended = succeeded.map((count, at) => count + failed[at] + cancelled[at]);
		if (ended.some(Boolean)) columns[names[dialect]] = ended;
	}
	const steps = items[0].failed.length;
	columns["Failed, all APIs"] = Array.from({ length: steps }, (_, at) =>
		items.reduce((sum, { failed }) => sum + failed[at], 0),
	);
	return columns;
}

function shown() {
	const table = document.querySelector(".numbers table");
	if (!table) return {};
	const names = [...table.querySelectorAll("thead th")].slice(1).map((cell) => cell.textContent);
	const rows = [...table.querySelectorAll("tbody tr")].reverse();
	const column = (at) => rows.map((row) => Number(row.querySelectorAll("td")[at].textContent));
	return Object.fromEntries(names.map((name, at) => [name, column(at)]));
}

/** The notices ask for the last minutes, in the same steps as the chart of an hour. */
function isOfChart({ pathname, searchParams }, step) {
	const age = Date.now() - Date.parse(searchParams.get("from"));
	return pathname.endsWith("/series") && searchParams.get("step") === String(step) && age > 1_800_000;
}

async function numbers() {
	for (const state of ["succeeded", "failed", "cancelled"])
		for (const dialect of ["native", "virtshell"]) {
			const fields = dialect === "native" ? {} : { description: "ends" };
			await change((await create({ dialect, fields })).id, { state });
		}
	await create({ dialect: "fourhse", fields: { handler: "ExportHandler" } });
	const person = await Person.open();
	const page = await person.enter("/");
	await page.locator("canvas").waitFor();
	await page.getByText("Show as a table").click();
	for (const [name, step] of Object.entries(RANGES)) {
		const button = page.locator(".throughput").getByRole("button", { name, exact: true });
		await button.click();
		await becomes(() => button.getAttribute("aria-pressed"), "true", `${name}: it is pressed`);
		await becomes(
			() =>
				page
					.locator(".chart")
					.getAttribute("aria-label")
					.then((label) => label.includes(`last ${name},`)),
			true,
			`${name}: the chart says so`,
		);
		const asked = () => person.addresses.findLast((one) => isOfChart(new URL(one), step));
		const address = await until(asked);
		ok(address, `${name}: in steps of ${step} s`);
		const { pathname, search } = new URL(address);
		const want = expected(await ask("GET", pathname + search));
		ok(want.Native.some(Boolean), `${name}: tasks have ended`);
		await becomes(() => page.evaluate(shown), want, `${name}: the table has the numbers of the service`);
		ok(await page.locator("canvas").isVisible(), `${name}: the chart is drawn`);
	}
	await person.leave("numbers");
}

await run({ attention, drains, numbers }, stop);
