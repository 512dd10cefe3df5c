// One task: what is done with it, what others do meanwhile, its records, and the requests of its own API.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Person, status, stop } from "./browser.mjs";
import { becomes, equal, ok, run } from "./harness.mjs";
import { ADDRESS, ask, change, create, read, request, USERS } from "./service.mjs";

const shell = promisify(execFile);
const MARKUP = `<img src=x onerror="ran.push('task')">`;
const ENTRIES = 130; // more than one page of a history has
const { token } = USERS.operator;

const dialog = (page) => page.getByRole("dialog");
const button = (page, name) => page.locator("main header").first().getByRole("button", { name, exact: true });
const offers = (page) => page.locator("main header").first().locator(".action button").allTextContents();
const section = (page, name) =>
	page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name, exact: true }) });

async function open(id, user) {
	const person = await Person.open();
	const page = await person.enter(`/tasks/${id}`, user);
	await page.locator("main h1").waitFor();
	await becomes(() => page.locator(".loading").count(), 0, "the page has been read");
	return { person, page };
}

async function confirm(page, key, name) {
	await page.keyboard.press(key);
	await dialog(page).getByRole("button", { name }).click();
	await dialog(page).waitFor({ state: "hidden" });
}

async function priority() {
	const { id } = await create({ kind: "urgent", fields: { name: "urgent" } });
	const { person, page } = await open(id);
	await button(page, "Prioritize…").click();
	await dialog(page).getByLabel("Priority").fill("-7");
	await dialog(page).getByRole("button", { name: "Prioritize the task" }).click();
	await becomes(async () => (await read(id)).priority, -7, "a priority is set");
	const facts = section(page, "Facts");
	await becomes(async () => /Priority-7/.test(await facts.textContent()), true, "the page shows it");
	await page.keyboard.press("p");
	await dialog(page).getByLabel("Priority").fill("99999999999");
	await dialog(page).getByRole("button", { name: "Prioritize the task" }).click();
	await dialog(page).getByRole("alert").waitFor();
	equal((await read(id)).priority, -7, "one that the service refuses: it says so");
	await page.keyboard.press("Escape");
	await person.leave("priority", status(422));
}

async function archive() {
	const { id } = await create({ kind: "stored", fields: { name: "stored" } });
	const { person, page } = await open(id);
	await confirm(page, "a", "Archive the task");
	await becomes(async () => (await read(id)).archived, true, "a: it is archived");
	await button(page, "Unarchive…").waitFor();
	ok(/archived/.test(await page.locator(".why").textContent()), "the page says why it waits");
	const { items } = await ask("GET", "/v1/tasks?kind=stored");
	equal(items, [], "it is in no list");
	await confirm(page, "a", "Unarchive the task");
	await becomes(async () => (await read(id)).archived, false, "a again: it is not");
	await button(page, "Archive…").waitFor();
	await person.leave("archive");
}

async function elsewhere() {
	const { id } = await create({ kind: "moving", fields: { name: "moving" } });
	const { person, page } = await open(id);
	await page.keyboard.press("c");
	await dialog(page).waitFor();
	await change(id, { state: "succeeded" });
	await dialog(page).getByRole("button", { name: "Cancel the task" }).click();
	await dialog(page).getByRole("alert").waitFor();
	ok(
		(await dialog(page).textContent()).includes("This is no longer possible"),
		"it has ended meanwhile: no cancel",
	);
	equal((await read(id)).state, "succeeded", "it is as it was");
	await page.keyboard.press("Escape");
	await becomes(
		() => offers(page).then((all) => all.filter((name) => name !== "Copy")),
		["Archive…", "Delete…"],
		"then only this is offered",
	);

	await page.keyboard.press("d");
	await dialog(page).waitFor();
	await change(id, { priority: 3 });
	await dialog(page).getByRole("button", { name: "Delete the task" }).click();
	await dialog(page).getByRole("alert").waitFor();
	equal((await request("GET", `/v1/tasks/${id}`)).status, 200, "changed meanwhile: it is not deleted");
	await page.keyboard.press("Escape");
	await ask("DELETE", `/v1/tasks/${id}`);
	const removed = page.locator("main p[role=status]");
	await removed.waitFor();
	ok(
		/removed.*by you/.test(await removed.textContent()),
		"removed elsewhere: by whom",
		await removed.textContent(),
	);
	ok(await page.getByRole("heading", { level: 1, name: "moving" }).isVisible(), "what it was stays");
	equal(
		(await offers(page)).filter((name) => name !== "Copy"),
		[],
		"nothing is offered",
	);
	await page.reload();
	await page.getByRole("heading", { level: 1, name: "There is no such task" }).waitFor();
	ok(true, "after a reload there is none");
	await person.leave("elsewhere", status(404, 412));
	const other = await create({ kind: "moving" });
	const { person: viewer, page: own } = await open(other.id, "viewer");
	equal(
		(await offers(own)).filter((name) => name !== "Copy"),
		[],
		"a viewer is offered nothing",
	);
	await own.keyboard.press("d");
	equal(await dialog(own).count(), 0, "neither by the keyboard");
	await viewer.leave("a viewer");
}

async function records() {
	const { id } = await create({ kind: "recorded", max_attempts: 2, fields: { name: "recorded" } });
	const claim = async (worker) => {
		const { claims } = await ask("POST", "/v1/claims", {
			worker,
			kinds: ["recorded"],
			wait: 30,
			confirm_seconds: 60,
		});
		return (what, members) => ask("POST", `/v1/tasks/${id}/${what}`, { token: claims[0].token, ...members });
	};
	const first = await claim("encoder-1");
	await first("heartbeat", { log: [`line 1 ${MARKUP}`, "line 2"] });
	await first("fail", { error: `broken ${MARKUP}`, log: ["line 3"], retry_after_seconds: 0 });
	const second = await claim("encoder-2");
	await second("heartbeat", { log: ["another line"] });
	const { person, page } = await open(id);
	const attempts = section(page, "Attempts").locator("li");
	await becomes(() => attempts.count(), 2, "both attempts");
	const all = await attempts.allTextContents();
	const [one, two] = /encoder-1/.test(all[0]) ? [0, 1] : [1, 0];
	ok(all[one].includes(`broken ${MARKUP}`), "the first one has its error, as text", all);
	equal(
		await attempts.nth(one).locator("pre").textContent(),
		`line 1 ${MARKUP}\nline 2\nline 3`,
		"and the lines of its log, of several reports",
	);
	equal(await attempts.nth(two).locator("pre").textContent(), "another line", "the second one has its own");
	ok(await attempts.nth(two).locator("pre").isVisible(), "that of the attempt that runs is open");
	ok(!(await attempts.nth(one).locator("pre").isVisible()), "that of one that has ended is folded");
	await second("complete", { log: ["the end"] });
	await becomes(
		() => attempts.nth(two).locator("pre").textContent(),
		"another line\nthe end",
		"further lines come by themselves",
	);

	for (let at = 0; at < ENTRIES; at++) await change(id, { priority: at + 1 });
	const history = section(page, "History");
	await page.reload();
	const entries = history.locator("li");
	await becomes(() => entries.count(), 100, "history: the newest entries");
	await history.getByRole("button", { name: "Older entries" }).click();
	const { items } = await ask("GET", `/v1/tasks/${id}/history?limit=1000`);
	ok(items.length > ENTRIES, "there are older ones", items.length);
	await becomes(() => entries.count(), items.length, "then all");
	const revisions = await entries.locator("small").allTextContents();
	equal(
		revisions.map((text) => Number(/revision (\d+)/.exec(text)[1])),
		items.map(({ revision }) => revision),
		"in their order",
	);
	equal(await history.getByRole("button", { name: "Older entries" }).count(), 0, "there are no more");
	await person.leave("records");
}

const SPECIAL = `it's "all" $HOME \`id\` [1]{2} ä`;

/** What a client of each API has, and the address by which it reads it. */
const CLIENTS = {
	virtshell: [{ description: SPECIAL }, ({ id }) => `/api/virtshell/v1/tasks/${id}`],
	vionlabs: [
		{ inventory_id: SPECIAL, product: "adbreaks", version: "1.0" },
		() => `/tasks/catalog-item/${encodeURIComponent(SPECIAL)}/product/adbreaks/version/1.0`,
	],
	uplynk: [{ operation: "CREATE" }, ({ id }) => `/api/v4/managed-slicer/ingest-points/tasks/${id}`],
	fourhse: [{ handler: "ExportHandler" }, ({ fields }) => `/v2/task/view/${fields.task_id}`],
	idol: [
		{ "master-type": "cd", attachable: { type: "tracks", id: "1" } },
		({ number }) => `/api/v2/import-tasks/${number}`,
	],
};

const compact = (text) => JSON.stringify(JSON.parse(text));

async function clients() {
	for (const [dialect, [fields, address]] of Object.entries(CLIENTS)) {
		const task = await create({ dialect, fields });
		const path = address(task);
		const Accept = dialect === "idol" ? "application/vnd.api+json" : "application/json";
		const answer = await fetch(ADDRESS + path, { headers: { Accept, Authorization: `Bearer ${token}` } });
		const want = compact(await answer.text());
		const { person, page } = await open(task.id);
		await page.evaluate(() => {
			navigator.clipboard.writeText = async (text) => void (globalThis.copied = text);
		});
		const view = section(page, "As its client sees it");
		await becomes(
			() => view.locator("p b").textContent(),
			"200",
			`${dialect}: its client's request is accepted`,
		);
		equal(await view.locator("p code").textContent(), `GET ${path}`, `${dialect}: its address`);
		equal(compact(await view.locator("pre").last().textContent()), want, `${dialect}: its body`);
		await view.getByRole("button", { name: "Copy the command" }).click();
		const command = await page.evaluate(() => globalThis.copied);
		ok(!command.includes(token), `${dialect}: the command that is copied has no token`, command);
		const env = { ...process.env, POLYTASK_TOKEN: token, POLYTASK_CACERT: process.env.NODE_EXTRA_CA_CERTS };
		const { stdout } = await shell("sh", ["-c", command], { env });
		equal(compact(stdout), want, `${dialect}: in a shell it gives the same`);
		await person.leave(dialect);
	}
}

await run({ priority, archive, elsewhere, records, clients }, stop);
