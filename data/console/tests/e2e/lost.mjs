// Changes by other clients appear; a lost connection, a service that is down or busy, and recovery from both.
import { LOST, Person, stop } from "./browser.mjs";
import { becomes, equal, host, ok, run } from "./harness.mjs";
import { change, create } from "./service.mjs";

const rows = (page) => page.locator(".rows [role=row][data-id]");
const ids = (page) => rows(page).evaluateAll((all) => all.map((row) => row.dataset.id));
const badge = (page, id) => page.locator(`[data-id="${id}"] .badge`).textContent();
const link = (page) => page.locator(".top [role=status]").textContent();
const LONG = 60; // seconds: longer than between two tries

async function begin(kind) {
	const person = await Person.open();
	const { id } = await create({ kind, fields: { name: "first" } });
	const page = await person.enter(`/tasks?q=kind%3A${kind}`);
	await becomes(() => ids(page), [id], `${kind}: the first task`);
	await becomes(() => link(page), "Live", `${kind}: live`);
	return { person, page, id };
}

async function live() {
	const { person, page, id } = await begin("live");
	const second = (await create({ kind: "live", fields: { name: "second" } })).id;
	await becomes(() => ids(page), [second, id], "a task that was created elsewhere appears");
	await change(id, { state: "running", progress: { percent: 40 } });
	await becomes(() => badge(page, id), "running", "a change is shown");
	const bar = page.locator(`[data-id="${id}"] progress`);
	await becomes(() => bar.getAttribute("value"), "0.4", "with its progress");
	await becomes(
		() =>
			page
				.getByRole("button", { name: /^running/ })
				.locator(".count")
				.textContent(),
		"1",
		"the rail counts it",
	);

	await page.getByRole("checkbox", { name: `Select ${second}` }).check();
	const third = (await create({ kind: "live" })).id;
	await change(id, { state: "failed" });
	const requests = person.addresses.length;
	await new Promise((resolve) => setTimeout(resolve, 2500)); // longer than a reload would take
	equal(
		[await ids(page), await badge(page, id)],
		[[second, id], "running"],
		"while rows are selected, the list stands still",
	);
	equal(person.addresses.length, requests, "without requests");
	await page.getByRole("checkbox", { name: `Select ${second}` }).uncheck();
	await becomes(() => ids(page), [third, second, id], "then it goes on");
	await becomes(() => badge(page, id), "failed", "with all changes");
	await person.leave("live");
}

async function hidden() {
	const { person, page, id } = await begin("hidden");
	const hide = (state) =>
		page.evaluate((value) => {
			Object.defineProperty(document, "visibilityState", { value, configurable: true });
			document.dispatchEvent(new Event("visibilitychange"));
		}, state);
	await hide("hidden");
	await becomes(() => link(page), "Paused", "a hidden page pauses");
	const second = (await create({ kind: "hidden" })).id;
	await hide("visible");
	await becomes(() => ids(page), [second, id], "visible again, it shows the changes");
	await becomes(() => link(page), "Live", "and is live");
	await person.leave("hidden");
}

async function paused() {
	const { person, page, id } = await begin("paused");
	const button = page.getByRole("button", { name: "Pause live updates" });
	await page.keyboard.press("l");
	await becomes(() => link(page), "Paused", "a key pauses the page");
	equal(await button.getAttribute("aria-pressed"), "true", "the button is pressed");
	const second = (await create({ kind: "paused" })).id;
	await new Promise((resolve) => setTimeout(resolve, 2500)); // longer than a reload would take
	equal(await ids(page), [id], "the list stands still");
	await button.click();
	await becomes(() => link(page), "Live", "the button goes on");
	await becomes(() => ids(page), [second, id], "with all that happened meanwhile");
	await person.leave("paused");
}

async function nginxStops() {
	const { person, page, id } = await begin("lost");
	await host("stop", "nginx");
	await becomes(() => link(page), "Offline", "without nginx: offline");
	equal(await ids(page), [id], "the data stay");
	ok(
		(await page.locator(".top [role=status]").getAttribute("title")).length > 20,
		"the reason is there on hover",
	);
	await host("start", "nginx");
	const second = (await create({ kind: "lost" })).id;
	await change(id, { state: "running" });
	await becomes(() => ids(page), [second, id], "nginx again: nothing was missed", LONG);
	await becomes(() => badge(page, id), "running", "no change either");
	await becomes(() => link(page), "Live", "and it is live again", LONG);
	await person.leave("without nginx", LOST);
}

async function serviceStops() {
	const { person, page, id } = await begin("down");
	await host("stop", "daemon");
	await becomes(() => link(page), "Offline", "without polytaskd: offline");
	equal(await ids(page), [id], "the data stay");
	await page.getByRole("button", { name: /^pending/ }).click();
	await page.locator(".tasks .trouble").waitFor();
	ok(true, "another search shows the failure");
	const other = await person.tab();
	await other.addInitScript(
		(kept) => sessionStorage.setItem("polytask.session", kept),
		JSON.stringify(await person.session()),
	);
	await person.go("/tasks", other);
	const again = other.getByRole("button", { name: "Try again" });
	await again.waitFor();
	ok(true, "a new tab shows the failure");
	await host("start", "daemon");
	// It may have tried again by itself, after the time that the refusal has named.
	await again.click({ timeout: 2000 }).catch(() => {});
	await other.locator(".shell").waitFor();
	ok(true, "try again: it goes on, with the session");
	await other.close();
	// The page may have read the list by itself when the stream was open again.
	const retry = page.locator(".tasks .trouble").getByRole("button", { name: "Try again" });
	if (await retry.isVisible()) await retry.click({ timeout: 2000 }).catch(() => {});
	await becomes(() => ids(page), [id], "the list can be read again");
	await becomes(() => page.locator(".tasks .trouble").count(), 0, "and the message is gone");
	const second = (await create({ kind: "down" })).id;
	await becomes(() => ids(page), [second, id], "it is live again", LONG);
	await person.leave("without polytaskd", LOST);
}

async function offline() {
	const { person, page, id } = await begin("offline");
	await person.context.setOffline(true);
	const second = (await create({ kind: "offline" })).id;
	await page.getByRole("button", { name: /^pending/ }).click();
	await page.locator(".tasks .trouble").waitFor();
	ok(true, "without a network: another search shows the failure");
	await page.goBack();
	await person.context.setOffline(false);
	await becomes(() => ids(page), [second, id], "with the network: the changes are shown", LONG);
	await becomes(() => link(page), "Live", "and it is live");
	await person.leave("without a network", LOST);
}

const BUSY = {
	429: "The user has sent too many requests.",
	503: "The service has too much to do.",
};

/** What nginx and the service answer when they have too much to do. */
const busyAnswer = (status, seconds) => ({
	status: Number(status),
	headers: { "Content-Type": "application/problem+json", "Retry-After": String(seconds) },
	body: JSON.stringify({
		type: "/v1/problems/busy",
		title: BUSY[status],
		status: Number(status),
		instance: "/v1/requests/0123456789abcdef",
	}),
});

/** A person can ask again before the time. */
async function busy() {
	const { person, page, id } = await begin("busy");
	for (const [status, title] of Object.entries(BUSY)) {
		await page.route(/\/v1\/tasks\?/, (route) => route.fulfill(busyAnswer(status, 290)));
		await change(id, { priority: Number(status) });
		const trouble = page.locator(".tasks .trouble");
		await trouble.waitFor();
		const text = await trouble.textContent();
		ok(
			text.includes(title) && text.includes("0123456789abcdef"),
			`${status}: its words and the id of the request`,
			text,
		);
		equal(await ids(page), [id], `${status}: the rows stay`);
		await page.unroute(/\/v1\/tasks\?/);
		await trouble.getByRole("button", { name: "Try again" }).click();
		await becomes(() => trouble.count(), 0, `${status}: try again`);
	}
	await person.leave("busy", LOST);
}

const WAIT = 6; // seconds, longer than events and intervals take to cause a further request

/** Refuses the first request of each address, and notes when they came. */
async function refuseOnce(page, addresses, status) {
	const seen = {};
	await page.route(addresses, (route) => {
		const path = new URL(route.request().url()).pathname;
		(seen[path] ??= []).push(Date.now());
		return seen[path].length === 1 ? route.fulfill(busyAnswer(status, WAIT)) : route.continue();
	});
	return seen;
}

/** Without a person: the page asks again, not before the time that the service has named. */
async function waiting() {
	const { person, page, id } = await begin("waiting");
	const trouble = page.locator("main .trouble");
	for (const [status, path, heading, addresses] of [
		[429, "/tasks?q=kind%3Awaiting", "Tasks", /\/v1\/tasks\?/],
		[503, `/tasks/${id}`, "first", new RegExp(`/v1/tasks/${id}$`)],
		[429, "/workers", "Workers", /\/v1\/workers/],
		[503, "/", "Overview", /\/v1\/stats$/],
		[503, "/users", "Users", /\/v1\/users/],
	]) {
		const seen = await refuseOnce(page, addresses, status);
		await person.go(path);
		await trouble.first().waitFor();
		const text = await trouble.first().textContent();
		ok(
			/tries again at [0-9:]{7,8}/.test(text),
			`${path}: ${status}: the page says when it tries again`,
			text,
		);
		for (let priority = 0; priority < 4; priority++) {
			await change(id, { priority });
			await page.waitForTimeout(300);
		}
		await becomes(() => trouble.count(), 0, `${path}: it does so by itself`, LONG);
		await page.getByRole("heading", { level: 1, name: heading }).waitFor();
		for (const [address, [first, second]] of Object.entries(seen))
			ok(second - first >= WAIT * 1000 - 50, `${path}: ${address}: not before`, second - first);
		await page.unroute(addresses);
	}

	// The first request of all.
	const seen = await refuseOnce(page, /\/v1\/me/, 503);
	await page.reload();
	await trouble.or(page.locator("main.login .trouble")).first().waitFor();
	await page.locator(".shell").waitFor({ timeout: LONG * 1000 });
	const [first, second] = seen["/v1/me"];
	ok(
		second - first >= WAIT * 1000 - 50,
		"a page that opens: it goes on by itself, not before",
		second - first,
	);
	await person.leave("waiting", LOST);
}

/** Something in between answers in the place of the service. */
async function strange() {
	const { person, page, id } = await begin("strange");
	const answers = {
		"a page of HTML": ["text/html", "<h1>Pay for this network</h1>"],
		nothing: ["application/json", ""],
		"a part": ["application/json", '{"items":[{"id":"'],
		"rows that are none": ["application/json", '{"items":[null],"next":null,"at":5}'],
		"no rows": ["application/json", "{}"],
	};
	let name;
	const reads = /\/v1\/(tasks|stats|users)/;
	const answer = (route) => {
		const [contentType, body] = answers[name];
		return route.fulfill({ status: 200, contentType, body });
	};
	for (name of Object.keys(answers))
		for (const path of ["/users", `/tasks/${id}`, "/tasks"]) {
			await page.route(reads, answer);
			await person.go(path);
			const again = page.locator("main .trouble").getByRole("button", { name: "Try again" }).first();
			await again.waitFor();
			await page.unroute(reads);
			await again.click();
			const heading = page.locator(
				path === "/users" ? "main ul.users li" : path === "/tasks" ? ".rows [data-id]" : "main h1",
			);
			await heading.first().waitFor();
			ok(
				true,
				`${name} instead of ${path.slice(0, 7)}: the page says so, and goes on when it is asked again`,
			);
		}
	for (name of Object.keys(answers)) {
		await page.route("**/v1/me", answer);
		await person.go("/tasks");
		const again = page.locator("main .trouble").getByRole("button", { name: "Try again" });
		await again.waitFor();
		ok(await person.session(), `${name} instead of the caller: the page says so, and keeps the session`);
		await page.unroute("**/v1/me");
		await again.click();
		await page.locator(".rows [data-id]").first().waitFor();
		ok(true, `${name} instead of the caller: then it goes on`);
	}
	await person.leave("strange answers");
}

await run({ live, hidden, paused, nginxStops, serviceStops, offline, busy, waiting, strange }, stop);
