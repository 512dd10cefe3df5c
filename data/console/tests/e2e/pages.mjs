// The pages beside the list: one task and what is done with it, overview, workers, events, webhooks, users, APIs.
import { createServer } from "node:http";
import { once } from "node:events";
import { Person, status, stop } from "./browser.mjs";
import { becomes, equal, host, ok, run } from "./harness.mjs";
import { ADDRESS, ask, change, create, read, request, someTasks, USERS } from "./service.mjs";

const WITHIN = 10; // seconds, in which nginx forgets that a token was valid
const BIG = "9007199254740993"; // a double has no such integer

const badge = (page) => page.locator("main h1 ~ .action .badge").first().textContent();
const button = (page, name) => page.locator("main header").getByRole("button", { name });

/** Opens a dialog by the keyboard and confirms it. */
async function confirm(page, key, name) {
	await page.keyboard.press(key);
	await page.getByRole("dialog").getByRole("button", { name }).click();
}

async function task() {
	const person = await Person.open();
	const { id } = await ask("POST", "/v1/tasks", { kind: "paged", fields: { name: "a film", size: 1 } });
	const page = await person.enter("/tasks?q=kind%3Apaged");
	await page.getByRole("link", { name: "a film" }).click();
	await page.getByRole("heading", { level: 1, name: "a film" }).waitFor();
	await becomes(() => badge(page), "pending", "one task: its state");
	equal(await button(page, "Retry…").count(), 0, "what its state does not allow is not offered");

	await page.keyboard.press("c");
	const dialog = page.getByRole("dialog");
	await dialog.waitFor();
	await change(id, { priority: 9 });
	await dialog.getByRole("button", { name: "Cancel the task" }).click();
	await dialog.getByRole("alert").waitFor();
	equal((await read(id)).state, "pending", "it has changed meanwhile: nothing is done");
	ok((await dialog.textContent()).includes("priority 9"), "how it is now is shown");
	await dialog.getByRole("button", { name: "Cancel the task" }).click();
	await becomes(async () => (await read(id)).state, "cancelled", "confirmed again: done");
	await becomes(() => badge(page), "cancelled", "the page shows it");
	await confirm(page, "r", "Retry the task");
	await becomes(async () => (await read(id)).state, "pending", "r: it begins again");
	await becomes(() => badge(page), "pending", "the page shows it");

	const { claims } = await ask("POST", "/v1/claims", {
		worker: "encoder-1",
		kinds: ["paged"],
		confirm_seconds: 60,
	});
	const report = (what, members) =>
		ask("POST", `/v1/tasks/${id}/${what}`, { token: claims[0].token, ...members });
	await report("heartbeat", {
		log: ["reads <b>the</b> film"],
		progress: { percent: 40 },
		lease_seconds: 600,
	});
	await becomes(() => badge(page), "running", "a worker takes it");
	await becomes(() => page.locator("main progress").first().getAttribute("value"), "0.4", "its progress");
	const attempts = page.locator("section").filter({ has: page.getByRole("heading", { name: "Attempts" }) });
	await becomes(
		async () => /reads <b>the<\/b> film/.test(await attempts.last().textContent()),
		true,
		"the lines of its log",
	);
	await report("complete", { result: { frames: 100 } });
	await becomes(() => badge(page), "succeeded", "it has succeeded");
	ok((await page.locator("main").textContent()).includes("frames"), "its result");

	await page.keyboard.press("u");
	await page.waitForURL(/kind%3Apaged$/);
	ok(true, "u leads back to the list, with its filter");
	await page.goForward();
	await page.getByRole("heading", { level: 1, name: "a film" }).waitFor();
	await confirm(page, "d", "Delete the task");
	await becomes(async () => (await request("GET", `/v1/tasks/${id}`)).status, 404, "d: it is removed");
	await becomes(
		async () => /removed/.test(await page.locator("main").textContent()),
		true,
		"the page says so",
	);
	await person.leave("one task", status(404, 412));
}

/** The request of a task's own API, carried out with the same token. */
async function clientView() {
	const person = await Person.open();
	const { id } = await create({ dialect: "virtshell", fields: { description: 'clone it\'s "all" $HOME' } });
	const page = await person.enter(`/tasks/${id}`);
	const view = page
		.locator("section")
		.filter({ has: page.getByRole("heading", { name: "As its client sees it" }) });
	await becomes(
		async () => /200/.test(await view.locator("p b").first().textContent()),
		true,
		"its client's request is carried out",
	);
	const text = await view.last().textContent();
	ok(text.includes(`/api/virtshell/v1/tasks/${id}`), "with the address of its API", text);
	ok(
		text.includes("$POLYTASK_TOKEN") && !text.includes((await person.session()).token),
		"the command has no token",
	);
	await person.leave("client's view");
}

/** Integers that a double cannot hold. */
async function integers() {
	const body = `{"kind":"exact","fields":{"name":"exact","size":${BIG}}}`;
	const headers = { "Content-Type": "application/json", Authorization: `Bearer ${USERS.operator.token}` };
	const made = await (await fetch(`${ADDRESS}/v1/tasks`, { method: "POST", headers, body })).json();
	const person = await Person.open();
	const page = await person.enter(`/tasks/${made.id}`);
	await becomes(
		async () => (await page.locator("main").textContent()).includes(BIG),
		true,
		"integers are exact",
	);
	ok(!(await page.locator("main").textContent()).includes("9007199254740992"), "nowhere rounded");
	await person.leave("integers");
}

async function overview() {
	const person = await Person.open();
	const page = await person.enter("/");
	const number = async (name) =>
		Number(
			(await page.locator(".tiles li").filter({ hasText: name }).locator("b").textContent()).replace(
				/\D/g,
				"",
			),
		);
	const { totals } = await ask("GET", "/v1/stats");
	await becomes(() => number("Running"), totals.states.running, "overview: running");
	await becomes(() => number("Pending"), totals.states.pending, "overview: waiting");
	await create({ kind: "seen", fields: { name: "seen" } });
	await becomes(() => number("Pending"), totals.states.pending + 1, "overview: it is live");
	await page.locator("canvas").first().waitFor();
	await page.getByText("Show as a table").click();
	await page.locator("details table").first().waitFor();
	ok(true, "the chart has a table beside it");
	await page.locator(".tiles").getByRole("link", { name: "Running" }).click();
	await page.waitForURL(/\/tasks\?q=/);
	ok(decodeURIComponent(page.url()).includes("state:running"), "a number leads to its tasks");
	await person.leave("overview");
}

async function workers() {
	await create({ kind: "drained" });
	await ask("POST", "/v1/claims", { worker: "encoder-2", kinds: ["drained"], lease_seconds: 300 });
	const person = await Person.open();
	const page = await person.enter("/workers");
	const row = page.getByRole("row").filter({ hasText: "encoder-2" });
	await row.waitFor();
	await page.getByRole("button", { name: "Drain encoder-2" }).click();
	await page.getByRole("dialog").getByRole("button", { name: "Drain", exact: true }).click();
	const isDrained = async () =>
		(await ask("GET", "/v1/workers")).items.find(({ name }) => name === "encoder-2").drain;
	await becomes(isDrained, true, "a worker is drained");
	await page.getByRole("button", { name: "End the drain of encoder-2" }).click();
	await becomes(isDrained, false, "and gets tasks again");
	await person.leave("workers");
	const viewer = await Person.open();
	const own = await viewer.enter("/workers", "viewer");
	await own.getByRole("row").filter({ hasText: "encoder-2" }).waitFor();
	equal(await own.getByRole("button", { name: /Drain/ }).count(), 0, "a viewer is offered no drain");
	await viewer.leave("workers of a viewer");
}

async function events() {
	const person = await Person.open();
	const page = await person.enter("/events?kind=watched");
	const lines = page.locator(".feed > li");
	await becomes(() => page.locator(".top [role=status]").textContent(), "Live", "events: live");
	const { id } = await create({ kind: "watched" });
	await create({ kind: "unwatched" });
	await becomes(() => lines.count(), 1, "an event appears; those of other kinds do not");
	await change(id, { state: "running" });
	await becomes(() => lines.count(), 2, "the next one");
	ok((await lines.first().textContent()).includes("running"), "the newest first");
	await page.keyboard.press(" ");
	await change(id, { state: "failed", error: "broken" });
	await becomes(
		async () => /1 new/.test(await page.locator("main header button").textContent()),
		true,
		"space pauses: new ones wait",
	);
	equal(await lines.count(), 2, "the list stands still");
	await page.keyboard.press(" ");
	await becomes(() => lines.count(), 3, "space again: they are shown");
	await page.getByLabel("state").selectOption("failed");
	await becomes(() => lines.count(), 1, "a filter by state");
	ok(page.url().includes("state=failed"), "which the address has");
	await person.leave("events");
}

async function webhooks() {
	const calls = [];
	const receiver = createServer((message, response) => {
		calls.push(message.url);
		message.resume();
		response.writeHead(200).end();
	}).listen(0, "127.0.0.1");
	await once(receiver, "listening");
	const url = `http://127.0.0.1:${receiver.address().port}/hook`;
	const person = await Person.open();
	const page = await person.enter("/webhooks");
	await page.getByRole("button", { name: "Add…" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("URL").fill(url);
	await dialog.getByLabel("Name").fill("<b>mine</b>");
	await dialog.getByRole("button", { name: "Add" }).click();
	const shown = page.getByRole("dialog", { name: "The secret" });
	await shown.waitFor();
	const secret = await shown.locator("pre").textContent();
	await host("secret", secret);
	ok(secret.length > 20, "a new webhook: its secret is shown");
	await page.keyboard.press("Escape");
	await page.getByRole("heading", { level: 1, name: "<b>mine</b>" }).waitFor();
	ok(!(await page.content()).includes(secret), "once only");
	await page.getByRole("button", { name: "Test…" }).click();
	await becomes(
		() => page.getByRole("dialog").getByRole("status").textContent(),
		"Result: delivered",
		"a test is delivered",
	);
	equal(calls.length, 1, "the receiver got it");
	await page.keyboard.press("Escape");
	await page.getByRole("button", { name: "Disable" }).click();
	await page.getByRole("button", { name: "Enable…" }).waitFor();
	const hooks = () => ask("GET", "/v1/webhooks").then(({ items }) => items.map(({ enabled }) => enabled));
	equal(await hooks(), [false], "it is disabled");
	await page.getByRole("button", { name: "Enable…" }).click();
	await dialog.getByRole("button", { name: "Events from now on" }).click();
	await becomes(hooks, [true], "and enabled again");
	await page.getByRole("button", { name: "Delete…" }).click();
	await dialog.getByRole("button", { name: "Delete" }).click();
	await page.getByText("There are no webhooks").waitFor();
	equal(await hooks(), [], "and removed");
	receiver.close();
	receiver.closeAllConnections();
	await person.leave("webhooks");
}

async function users() {
	await host("ctl", "user", "add", "leaver", "--tenant", "demo", "--rights", "read");
	const token = await host("token", "leaver", "leaver's");
	const person = await Person.open();
	const page = await person.enter("/users");
	const row = (name) =>
		page.locator(".users > li").filter({ has: page.locator("summary").getByText(name, { exact: true }) });
	await row("operator").locator("summary").click();
	await row("operator").getByText("This is you").waitFor();
	equal(
		await row("operator").getByRole("button", { name: "Revoke… operator" }).count(),
		0,
		"nobody can end the own user",
	);
	await row("leaver").locator("summary").click();
	await row("leaver").getByRole("button", { name: "Revoke… leaver", exact: true }).click();
	await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
	await becomes(
		async () => (await request("GET", "/v1/me", undefined, { token })).status,
		401,
		"a user is revoked: its token ends",
		WITHIN,
	);
	await becomes(() => row("leaver").locator("summary .badge").textContent(), "revoked", "the row says so");
	await person.leave("users");
	const viewer = await Person.open();
	for (const path of ["/users", "/webhooks"]) {
		const own = await viewer.enter(path, "viewer");
		await own.getByRole("heading", { level: 1, name: "This page needs the right admin" }).waitFor();
		ok(true, `${path}: a viewer is told which right is missing`);
	}
	await viewer.leave("pages of administrators");
}

async function api() {
	const person = await Person.open();
	const page = await person.enter("/api");
	const names = await page.getByRole("navigation", { name: "APIs" }).getByRole("link");
	await names.nth(5).waitFor();
	await page.locator(".api-path").first().waitFor();
	const all = await page.locator(".api-path").count();
	await page.getByLabel("Filter operations").fill("webhooks");
	await becomes(async () => (await page.locator(".api-path").count()) < all, true, "operations are filtered");
	await page.locator(".api-path summary").first().click();
	await becomes(
		async () => (await page.locator(".api-path").first().textContent()).includes("$POLYTASK_TOKEN"),
		true,
		"an operation has a command",
	);
	for (const name of await names.allTextContents()) {
		await names.filter({ hasText: name }).first().click();
		await page.locator(".api-path").first().waitFor();
		equal(await page.locator(".trouble").count(), 0, `the document of ${name} is shown`);
	}
	const touched = await page.evaluate(() => {
		const look = (name) => {
			const one = document.body.appendChild(document.createElement("div"));
			one.className = name;
			one.append(document.createElement("details"), document.createElement("li"));
			const all = [one, ...one.children].map((part) => ({ ...getComputedStyle(part) }));
			one.remove();
			return JSON.stringify(all);
		};
		const plain = look("");
		return ["path", "method", "method DELETE", "items", "curl"].filter((name) => look(name) !== plain);
	});
	equal(touched, [], "common words are no classes of this page, so that others may use them");
	await person.leave("API");
}

await someTasks();
await run({ task, clientView, integers, overview, workers, events, webhooks, users, api }, stop);
