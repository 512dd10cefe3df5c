// The list of tasks: counts, search, addresses that can be shared, rows that are drawn only while in sight, keys.
import { Person, stop } from "./browser.mjs";
import { becomes, equal, ok, run, until } from "./harness.mjs";
import { ask, change, create, createMany, list, someTasks } from "./service.mjs";

const STATES = ["pending", "running", "succeeded", "failed", "cancelled"];
const DIALECTS = {
	virtshell: "VirtShell",
	vionlabs: "Vionlabs",
	fourhse: "4HSE",
	native: "Native",
	uplynk: "Uplynk",
	idol: "IDOL",
};
const MANY = 2100;

const rows = (page) => page.locator(".rows [role=row][data-id]");
const ids = (page) => rows(page).evaluateAll((all) => all.map((row) => row.dataset.id));
const search = (page) => page.getByRole("combobox", { name: "Search tasks" });
const query = (page) => new URL(page.url()).searchParams.get("q") ?? "";
const total = async (page) => Number((await page.locator("h1 small").textContent()).replace(/\D/g, ""));

/** The number on a button of the rail. */
async function counted(page, group, name) {
	const section = page
		.locator(".rail section")
		.filter({ has: page.getByRole("heading", { name: group, exact: true }) });
	const button = section.getByRole("button", { name: new RegExp(`^${name}`) });
	return Number((await button.locator(".count").textContent()).replace(/\D/g, ""));
}

const byRail = async (page, group, names) => Promise.all(names.map((name) => counted(page, group, name)));

async function counts() {
	await someTasks();
	const person = await Person.open();
	const page = await person.enter("/tasks");
	const stats = await ask("GET", "/v1/stats");
	const states = STATES.map((state) => stats.totals.states[state]);
	ok(
		states.every((count) => count > 0),
		"there are tasks of all states",
		states,
	);
	await becomes(() => byRail(page, "State", STATES), states, "the rail counts states as /v1/stats does");
	const sum = (dialect) =>
		stats.items
			.filter((row) => row.dialect === dialect)
			.flatMap((row) => Object.values(row.states))
			.reduce((a, b) => a + b, 0);
	const sums = Object.keys(DIALECTS).map(sum);
	equal(await byRail(page, "API", Object.values(DIALECTS)), sums, "and dialects");
	const all = sums.reduce((a, b) => a + b, 0);
	await becomes(() => total(page), all, "the heading has their sum");

	await page.getByRole("button", { name: /^failed/ }).click();
	await becomes(() => query(page), "state:failed", "a count is a filter, which the address has");
	await becomes(() => total(page), stats.totals.states.failed, "the heading has its number");
	await becomes(() => ids(page), await list("state=failed&sort=-created"), "the rows are these tasks");
	equal(
		await page.getByRole("button", { name: /^failed/ }).getAttribute("aria-pressed"),
		"true",
		"it is pressed",
	);
	await page.getByRole("button", { name: /^cancelled/ }).click();
	await becomes(() => query(page), "state:failed,cancelled", "a second one is added");
	await page.getByRole("button", { name: /^Native/ }).click();
	const native = stats.items
		.filter((row) => row.dialect === "native")
		.reduce((count, row) => count + row.states.failed + row.states.cancelled, 0);
	await becomes(() => total(page), native, "states and dialects together");
	equal(await byRail(page, "API", ["Native"]), [native], "the rail counts the dialect in these states");
	const here = [await ids(page), await search(page).inputValue()];

	const other = await person.tab();
	await person.enter(page.url().replace(/^.*\/console/, ""), "operator", other);
	await becomes(
		async () => [await ids(other), await search(other).inputValue()],
		here,
		"the address shows the same in another tab",
	);
	await other.close();

	await page.goBack();
	await becomes(() => query(page), "state:failed,cancelled", "back: the filter before");
	await becomes(() => search(page).inputValue(), "state:failed,cancelled", "also in the box");
	await page.getByRole("button", { name: /^failed/ }).click();
	await page.getByRole("button", { name: /^cancelled/ }).click();
	await becomes(() => query(page), "", "pressed again: they are taken out");
	await becomes(() => total(page), all, "all tasks again");
	await person.leave("counts");
}

const offers = (page) => page.getByRole("option").locator("b").allTextContents();

async function completion() {
	const person = await Person.open();
	const page = await person.enter("/tasks");
	await rows(page).first().waitFor();
	await page.keyboard.press("/");
	await becomes(
		() => page.evaluate(() => document.activeElement.role ?? document.activeElement.getAttribute("role")),
		"combobox",
		"/ leads to the search",
	);
	await page.keyboard.type("sta");
	await becomes(() => offers(page), ["state:", "status:"], "the qualifiers that begin so");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	await becomes(() => search(page).inputValue(), "state:", "Enter takes the chosen one");
	await becomes(() => offers(page), STATES, "then its values");
	await page.keyboard.type("f");
	await becomes(() => offers(page), ["failed"], "those that begin so");
	await page.keyboard.press("ArrowUp");
	const active = await search(page).getAttribute("aria-activedescendant");
	equal(
		await page.locator(`[id="${active}"] b`).textContent(),
		"failed",
		"the chosen one is told to screen readers",
	);
	await page.keyboard.press("Tab");
	await becomes(() => search(page).inputValue(), "state:failed ", "Tab takes it, too");
	await page.keyboard.press("Enter");
	await becomes(() => query(page), "state:failed", "Enter searches");
	await becomes(async () => (await offers(page)).length, 0, "the completions are gone");
	await becomes(() => ids(page), await list("state=failed&sort=-created"), "the rows are these tasks");

	await search(page).fill("ki");
	await search(page).press("Tab");
	await becomes(() => search(page).inputValue(), "kind:", "Tab takes the only one, though it was not chosen");
	await search(page).fill("kind:");
	await page.getByRole("option", { name: "encode" }).click();
	await becomes(
		() => search(page).inputValue(),
		"kind:encode ",
		"a click takes one, of the kinds that there are",
	);
	await search(page).press("Escape");
	await becomes(async () => (await offers(page)).length, 0, "Escape hides them");
	await search(page).press("Enter");
	await becomes(() => ids(page), await list("kind=encode&sort=-created"), "the rows are of this kind");
	await person.leave("completion");
}

async function faults() {
	const person = await Person.open();
	const page = await person.enter("/tasks");
	for (const [text, word] of [
		["nonsense", "nonsense"],
		["colour:red", "colour"],
		["state:broken", "state"],
		["created:yesterday", "created"],
		["priority:high", "priority"],
		['kind:"', ""],
		["__proto__:x", "__proto__"],
		["constructor:x", "constructor"],
	]) {
		await search(page).fill(text);
		await search(page).press("Enter");
		await becomes(() => query(page), text, `${text}: is in the address`);
		if (!word) continue;
		const fault = page.locator(".search .fault");
		await fault.waitFor();
		ok(
			(await fault.textContent()).includes(word),
			`${text}: what is wrong is said`,
			await fault.textContent(),
		);
		equal(await search(page).getAttribute("aria-invalid"), "true", `${text}: the box is marked`);
	}
	for (const text of ["number:99999999999999999999 dialect:idol", "fields.name:x", "priority:99999999999"]) {
		await search(page).fill(text);
		await search(page).press("Enter");
		await becomes(() => query(page), text, `${text}: is in the address`);
		await page.locator(".empty, .trouble, .fault").first().waitFor();
		ok(await page.getByRole("heading", { level: 1 }).isVisible(), `${text}: the page stays`);
	}
	const { id } = await create({ kind: "wanted", fields: { name: "wanted" } });
	await search(page).fill(id.toUpperCase());
	await search(page).press("Enter");
	await becomes(() => new URL(page.url()).pathname, `/console/tasks/${id}`, "an id leads to its task");
	await person.leave("faults", /status of 4(22|00)/);
}

/** Scrolls to the end; returns the ids in the order of their rows, and the largest number of rows that were drawn. */
async function scrollThrough(page) {
	const seen = new Map();
	let most = 0;
	for (;;) {
		const drawn = await rows(page).evaluateAll((all) =>
			all.map((row) => [Number(row.getAttribute("aria-rowindex")), row.dataset.id]),
		);
		most = Math.max(most, drawn.length);
		for (const [index, id] of drawn) seen.set(index, [...new Set([...(seen.get(index) ?? []), id])]);
		const before = drawn.at(-1)?.[0];
		if (seen.size >= MANY) break;
		await page.locator(".rows").evaluate((element) => element.scrollBy(0, element.clientHeight - 88));
		const hasMoved = await until(
			async () => Number(await rows(page).last().getAttribute("aria-rowindex")) > before,
		);
		if (!hasMoved) break;
	}
	return { inOrder: [...seen].sort(([a], [b]) => a - b).flatMap(([, all]) => all), most };
}

async function scrolling() {
	await createMany(
		Array.from({ length: MANY }, (_, index) => ({ kind: "many", fields: { name: `number ${index}` } })),
	);
	const person = await Person.open();
	const page = await person.enter("/tasks?q=kind%3Amany");
	await rows(page).first().waitFor();
	const { inOrder, most } = await scrollThrough(page);
	const want = await list("kind=many&sort=-created");
	equal(inOrder.length, MANY, "each task is seen once while scrolling");
	ok(JSON.stringify(inOrder) === JSON.stringify(want), "in the order of the list");
	ok(most < 100, "only rows in sight and near are drawn", most);
	ok(
		person.addresses.some((address) => address.includes("cursor=")),
		"pages are read on the way",
	);
	await page.locator(".rows").evaluate((element) => element.scrollTo(0, 0));
	await becomes(async () => (await ids(page))[0], want[0], "the first row again at the top");
	await person.leave("scrolling");
}

const focused = (page) => page.evaluate(() => document.activeElement?.closest("[data-id]")?.dataset.id);

async function keys() {
	const person = await Person.open();
	const page = await person.enter("/tasks?q=kind%3Amany");
	await rows(page).first().waitFor();
	const all = await ids(page);
	for (const at of [0, 1, 2]) {
		await page.keyboard.press("j");
		await becomes(() => focused(page), all[at], `j: the row ${at + 1}`);
	}
	await page.keyboard.press("k");
	await becomes(() => focused(page), all[1], "k: the row before");
	await page.keyboard.press("x");
	const picked = () =>
		page.locator(".row.selected[data-id]").evaluateAll((selected) => selected.map((row) => row.dataset.id));
	await becomes(picked, [all[1]], "x selects it");
	await page.keyboard.press("j");
	await becomes(() => focused(page), all[2], "j goes on");
	await page.keyboard.press("x");
	await becomes(picked, [all[1], all[2]], "x adds this one");
	await page.keyboard.press("x");
	await becomes(picked, [all[1]], "x again takes it out");
	await page.getByRole("button", { name: "Cancel…" }).focus();
	await page.keyboard.press("Enter");
	const dialog = page.getByRole("dialog");
	const hasFocus = (element) => element.evaluate((one) => one === document.activeElement);
	ok(
		await hasFocus(dialog.getByRole("button", { name: "Close" })),
		"a dangerous action has no focus at first",
	);
	await page.keyboard.press("Escape");
	await page.getByRole("button", { name: "Priority…" }).focus();
	await page.keyboard.press("Enter");
	ok(await hasFocus(dialog.getByLabel("Priority")), "what a dialog asks for has it");
	await page.keyboard.press("Escape");
	await page.getByRole("button", { name: "Clear" }).focus();
	await page.keyboard.press("Enter");
	await becomes(() => hasFocus(page.locator(".rows")), true, "after the selection, the list has the focus");
	await page.keyboard.press("j");
	await page.keyboard.press("j");
	await page.keyboard.press("j");
	for (let row = 3; row < 60; row++) {
		await page.keyboard.press("j");
		await becomes(
			() => focused(page).then((id) => id !== undefined),
			true,
			`j: the row ${row + 1} has the focus`,
		);
	}
	const isInSight = await page.evaluate(() => {
		const link = document.activeElement.getBoundingClientRect();
		const box = document.querySelector(".rows").getBoundingClientRect();
		return link.top >= box.top && link.bottom <= box.bottom;
	});
	ok(isInSight, "j scrolls: the focus stays in sight");
	await page.keyboard.press("?");
	const help = page.getByRole("dialog", { name: "Keyboard" });
	await help.waitFor();
	const known = await help.locator("dt").allTextContents();
	for (const key of ["j", "k", "x", "/", "?", "gt"]) ok(known.includes(key), `? shows ${key}`, known);
	await page.keyboard.press("j");
	await page.keyboard.press("Escape");
	await help.waitFor({ state: "hidden" });
	ok(await rows(page).first().isVisible(), "Escape closes it");
	await page.keyboard.press("Enter");
	await page.waitForURL(/\/tasks\/[0-9a-f-]{36}$/);
	ok(true, "Enter leads to the task that has the focus");
	await page.keyboard.press("g");
	await page.keyboard.press("t");
	await page.waitForURL(/\/tasks$/);
	await page.keyboard.press("g");
	await page.keyboard.press("e");
	await page.waitForURL(/\/events$/);
	ok(true, "g t and g e lead to pages");
	await person.leave("keys");
}

/** The service scans a limited number of tasks for one page, so a page can be empty although others follow. */
async function sparse() {
	const wanted = (await list("kind=many&sort=-created")).slice(0, 3);
	const tasks = await Promise.all(wanted.map((id) => ask("GET", `/v1/tasks/${id}`)));
	const pages = [[], [], [tasks[0]], [], [tasks[1], tasks[2]], []];
	const person = await Person.open();
	const page = await person.enter("/");
	await page.route(/\/v1\/tasks\?.*many/, (route) => {
		const at = Number(new URL(route.request().url()).searchParams.get("cursor") ?? 0);
		const next = at + 1 < pages.length ? String(at + 1) : null;
		return route.fulfill({ json: { items: pages[at], total: null, next } });
	});
	await person.go("/tasks?q=kind%3Amany+archived%3Aany");
	await becomes(() => ids(page), wanted, "pages with few rows or none are read to the end");
	await becomes(() => total(page), 3, "then their number is known");
	const before = person.addresses.length;
	await create({ kind: "another" });
	await until(() => person.addresses.slice(before).some((address) => /limit=\d+$/.test(address)));
	equal(await ids(page), wanted, "the first page, read again, does not end what was found");

	const few = await create({ kind: "few" });
	await page.route(/\/v1\/tasks\?.*few/, (route) => {
		const isFirst = !route.request().url().includes("cursor");
		return route.fulfill({ json: { items: isFirst ? [few] : [], total: null, next: "further" } });
	});
	await person.go("/tasks?q=kind%3Afew");
	await becomes(() => total(page), 1, "where the tasks were counted, their number is shown");
	await becomes(() => ids(page), [few.id], "with the row");
	const asked = person.addresses.length;
	await new Promise((resolve) => setTimeout(resolve, 1000));
	ok(person.addresses.length - asked < 5, "and nothing is looked for behind the last one");
	await person.leave("sparse");
}

/** The page of a task links to its worker. */
async function worker() {
	const person = await Person.open();
	const page = await person.enter("/");
	const seen = new Date().toISOString();
	const items = ["alpha", "beta"].map((name) => ({
		name,
		first_seen_at: seen,
		last_seen_at: seen,
		drain: false,
		tasks: 0,
		holds: [],
	}));
	const data = { items, seen: 2, busy: 0, drain_all: false, complete: true, next: null };
	await page.route(/\/v1\/workers/, (route) => route.fulfill({ json: data }));
	await person.go("/workers?q=beta");
	const names = () => page.locator("tbody th").evaluateAll((all) => all.map((one) => one.firstChild.data));
	await becomes(names, ["beta"], "the search in the address of the workers");
	await page.getByRole("searchbox", { name: "Name" }).fill("gamma");
	await page.getByRole("heading", { name: "No worker of the last 24 hours has such a name" }).waitFor();
	equal(query(page), "gamma", "the address has what was searched for");
	await person.leave("worker");
}

const scrolled = (page) => page.locator(".rows").evaluate((element) => element.scrollTop);

/** The list of many tasks is long, and the person has read several pages of it. */
async function back() {
	const person = await Person.open();
	const page = await person.enter("/tasks?q=kind%3Amany");
	await rows(page).first().waitFor();
	const down = () => page.locator(".rows").evaluate((element) => (element.scrollTop = 6600));
	await until(async () => (await down()) && (await scrolled(page)) === 6600);
	const wanted = (await list("kind=many&sort=-created"))[152];
	const link = page.locator(`[data-id="${wanted}"] a`);
	await link.waitFor();
	await create({ kind: "many" });
	await becomes(() => scrolled(page), 6644, "a task above the rows in sight does not move them");
	const { y } = await link.boundingBox();
	await link.click();
	await page.waitForURL(`**/${wanted}`);
	await page.getByRole("heading", { name: "Facts" }).waitFor();
	await page.keyboard.press("u");
	await link.waitFor();
	await becomes(() => focused(page), wanted, "back in the list, the row of the task has the focus");
	equal((await link.boundingBox()).y, y, "where it was");
	await page.getByRole("link", { name: "Tasks", exact: true }).click();
	await becomes(() => query(page), "", "the menu leads to all tasks");
	await becomes(() => scrolled(page), 0, "from the first one");
	await person.leave("back");
}

/** The list of many tasks has more rows than the largest page. */
async function farDown() {
	const person = await Person.open();
	const page = await person.enter("/tasks?q=kind%3Amany");
	await rows(page).first().waitFor();
	const all = await list("kind=many&sort=-created");
	const [changed, removed, below] = [1502, 1504, 1507].map((at) => all[at]);
	const row = (id) => page.locator(`[data-id="${id}"]`);
	const down = () => page.locator(".rows").evaluate((element) => (element.scrollTop = 44 * 1500));
	await until(async () => (await down(), (await row(below).count()) > 0), 60);
	await becomes(() => scrolled(page), 44 * 1500, "1500 rows down");
	const badge = (id) => row(id).locator(".badge").textContent();
	equal(await badge(changed), "pending", "a row behind the first 500");
	await change(changed, { state: "cancelled" });
	await becomes(() => badge(changed), "cancelled", "its change is shown");
	await ask("DELETE", `/v1/tasks/${removed}`);
	await becomes(() => row(removed).count(), 0, "a row that was removed disappears");
	const { y } = await row(changed).boundingBox();
	const before = await scrolled(page);
	await create({ kind: "many" });
	await change(below, { state: "failed" });
	await becomes(() => badge(below), "failed", "a change beside a new task is shown");
	await becomes(() => scrolled(page), before + 44, "the new one is far above");
	equal((await row(changed).boundingBox()).y, y, "the rows in sight do not move");
	const wanted = (await list("kind=many&sort=-created")).slice(1495, 1515);
	const shown = await ids(page);
	const at = shown.indexOf(wanted[0]);
	equal(shown.slice(at, at + wanted.length), wanted, "the rows are those of the list");
	await person.leave("far down");
}

await run({ counts, completion, faults, scrolling, keys, sparse, worker, back, farDown }, stop);
