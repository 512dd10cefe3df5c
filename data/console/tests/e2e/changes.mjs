// Actions on selected rows and on all tasks that match, and refusals of the service.
import { Person, status, stop } from "./browser.mjs";
import { becomes, equal, ok, run } from "./harness.mjs";
import { ask, change, create, createMany, list, read, request } from "./service.mjs";

const BULK = 1100; // more than one page of the list

const rows = (page) => page.locator(".rows [role=row][data-id]");
const ids = (page) => rows(page).evaluateAll((all) => all.map((row) => row.dataset.id));
const bar = (page) => page.getByRole("region", { name: "Selection" });
const states = (all) => Promise.all(all.map(async (id) => (await read(id)).state));
const kindPage = (kind) => `/tasks?q=kind%3A${kind}`;

/** Tasks of a kind of their own, the first of the list first on the page. */
async function fresh(kind, count, members = {}) {
	const made = [];
	for (let index = 0; index < count; index++)
		made.unshift((await create({ kind, fields: { name: `${kind} ${index}` }, ...members })).id);
	return made;
}

/** Opens the list of a kind and selects these rows. */
async function select(page, wanted) {
	for (const id of wanted) await page.getByRole("checkbox", { name: `Select ${id}` }).check();
	await becomes(
		() => bar(page).locator("strong").textContent(),
		`${wanted.length} selected`,
		"the bar counts the selected rows",
	);
}

/** Presses a button of the bar, confirms, and returns the text of the outcome. */
async function carryOut(page, name, confirm) {
	await bar(page).getByRole("button", { name }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByRole("button", { name: confirm }).click();
	await dialog.getByText("Close", { exact: true }).waitFor();
	const outcome = await dialog.getByRole("status").textContent();
	const refusals = await dialog.getByRole("listitem").allTextContents();
	await dialog.getByText("Close", { exact: true }).click();
	await dialog.waitFor({ state: "hidden" });
	return { outcome, refusals };
}

async function withRefusals() {
	const person = await Person.open();
	const made = await fresh("cancelled", 5);
	await change(made[3], { state: "succeeded" });
	const page = await person.enter(kindPage("cancelled"));
	await rows(page).nth(4).waitFor();
	await select(page, made);
	const before = await page.locator(`[data-id="${made[0]}"] .badge`).textContent();
	await change(made[0], { priority: 7 });
	const later = (await create({ kind: "cancelled" })).id;
	await bar(page).getByRole("button", { name: "Cancel…" }).click();
	const dialog = page.getByRole("dialog", { name: "Cancel 5 tasks?" });
	await dialog.waitFor();
	ok((await dialog.textContent()).includes("refused"), "the dialog explains the action");
	await page.keyboard.press("Escape");
	await dialog.waitFor({ state: "hidden" });
	equal(
		await states(made),
		["pending", "pending", "pending", "succeeded", "pending"],
		"Escape: nothing was done",
	);
	equal(await ids(page), made, "the list stands still while rows are selected");
	equal(await page.locator(`[data-id="${made[0]}"] .badge`).textContent(), before, "so do its rows");

	const { outcome, refusals } = await carryOut(page, "Cancel…", "Cancel 5 tasks");
	equal(outcome, "3 tasks done, 2 refused.", "the outcome is counted");
	equal(refusals.length, 2, "each refusal is listed");
	ok(
		refusals.every((text) => text.startsWith("1 × ") && text.length > 20),
		"in words",
		refusals,
	);
	equal(
		await states(made),
		["pending", "cancelled", "cancelled", "succeeded", "cancelled"],
		"what was changed meanwhile, and what has ended, was left alone",
	);
	await becomes(() => ids(page), [later, ...made], "the list goes on afterwards");
	await becomes(() => bar(page).count(), 0, "nothing is selected any more");
	await person.leave("refusals", status(409, 412));
}

async function withRows() {
	const person = await Person.open();
	const made = await fresh("handled", 6, { state: "failed", error: "no space left" });
	const page = await person.enter(kindPage("handled"));
	await rows(page).nth(5).waitFor();

	await select(page, made.slice(0, 2));
	equal((await carryOut(page, "Retry…", "Retry 2 tasks")).outcome, "2 tasks done.", "retry: done");
	equal(
		await states(made.slice(0, 3)),
		["pending", "pending", "failed"],
		"retry: they begin again, others do not",
	);
	await becomes(
		() => page.locator(`[data-id="${made[0]}"] .badge`).textContent(),
		"pending",
		"retry: the row says so",
	);

	await select(page, made.slice(0, 2));
	await bar(page).getByRole("button", { name: "Priority…" }).click();
	await page.getByLabel("Priority", { exact: true }).fill("-3");
	await page.getByRole("button", { name: "Set the priority of 2 tasks" }).click();
	await page.getByRole("dialog").getByText("Close", { exact: true }).click();
	equal(
		await Promise.all(made.slice(0, 3).map(async (id) => (await read(id)).priority)),
		[-3, -3, 0],
		"priority: of these only",
	);

	await select(page, made.slice(2, 4));
	equal((await carryOut(page, "Archive…", "Archive 2 tasks")).outcome, "2 tasks done.", "archive: done");
	ok((await read(made[2])).archived && (await read(made[3])).archived, "archive: they are");
	await becomes(() => ids(page), [...made.slice(0, 2), ...made.slice(4)], "archive: they leave the list");

	await select(page, made.slice(4));
	equal((await carryOut(page, "Delete…", "Delete 2 tasks")).outcome, "2 tasks done.", "delete: done");
	equal((await request("GET", `/v1/tasks/${made[4]}`)).status, 404, "delete: they are gone");
	await becomes(() => ids(page), made.slice(0, 2), "delete: also from the list");

	await page.getByRole("checkbox", { name: "Select the rows read so far" }).check();
	await becomes(
		() => bar(page).locator("strong").textContent(),
		"2 selected",
		"the box of the head selects all rows",
	);
	await bar(page).getByRole("button", { name: "Clear" }).click();
	await becomes(() => bar(page).count(), 0, "Clear: none");
	await person.leave("rows");
}

async function withAll() {
	await createMany(Array.from({ length: BULK }, () => ({ kind: "mass" })));
	const person = await Person.open();
	const page = await person.enter(kindPage("mass"));
	const head = page.getByRole("checkbox", { name: "Select the rows read so far" });
	await head.check();
	await bar(page).getByRole("button", { name: "Select all 1,100 that match" }).click();
	await becomes(
		() => bar(page).locator("strong").textContent(),
		"All 1,100 that match",
		"all that match are selected",
	);
	await bar(page).getByRole("button", { name: "Cancel…" }).click();
	const dialog = page.getByRole("dialog");
	const confirm = dialog.getByRole("button", { name: /^Cancel .* tasks$/ });
	await becomes(() => confirm.textContent(), "Cancel 1,100 tasks", "a dry run counts them");
	equal((await ask("GET", "/v1/tasks?kind=mass&state=pending&limit=1")).total, BULK, "and changes none");

	await create({ kind: "mass" });
	await confirm.click();
	await dialog.getByRole("alert").waitFor();
	const refusal = await dialog.getByRole("alert").textContent();
	ok(refusal.length > 20, "one more task matches: refused with a message", refusal);
	equal((await ask("GET", "/v1/tasks?kind=mass&state=pending&limit=1")).total, BULK + 1, "nothing was done");
	await page.keyboard.press("Escape");
	await dialog.waitFor({ state: "hidden" });
	await bar(page).getByRole("button", { name: "Cancel…" }).click();
	await becomes(() => confirm.textContent(), "Cancel 1,101 tasks", "counted again");
	await confirm.click();
	await page.getByRole("dialog", { name: "The bulk has started" }).waitFor();
	const address = await page.getByRole("link", { name: "Show its progress." }).getAttribute("href");
	const bulk = address.split("/").at(-1);
	await becomes(async () => (await read(bulk)).state, "succeeded", "the service does it", 60);
	equal((await read(bulk)).result, { done: BULK + 1, refused: 0, total: BULK + 1 }, "all of them");
	await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
	await becomes(
		() => page.locator(".rows .badge").evaluateAll((all) => [...new Set(all.map((one) => one.textContent))]),
		["cancelled"],
		"the rows show it",
		40,
	);

	await page.getByRole("button", { name: /^cancelled/ }).click();
	await head.check();
	await bar(page).getByRole("button", { name: "Select all 1,101 that match" }).click();
	await bar(page).getByRole("button", { name: "Delete…" }).click();
	await dialog.getByRole("button", { name: "Delete 1,101 tasks" }).click();
	await page.getByRole("dialog", { name: "The bulk has started" }).waitFor();
	await becomes(
		async () => (await list("kind=mass&archived=any")).length,
		0,
		"all can be removed at once",
		60,
	);
	await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
	await page.getByRole("heading", { name: "No task matches" }).waitFor();
	await person.leave("all that match", status(409));
}

/** Without a condition the service refuses a bulk, so none is offered. */
async function withoutCondition() {
	await createMany(Array.from({ length: 150 }, () => ({ kind: "plain" })));
	const person = await Person.open();
	const page = await person.enter("/tasks");
	await page.getByRole("checkbox", { name: "Select the rows read so far" }).check();
	await bar(page).waitFor();
	equal(
		await bar(page)
			.getByRole("button", { name: /that match/ })
			.count(),
		0,
		"without a search: no action for all tasks",
	);
	await page.getByRole("button", { name: /^pending/ }).click();
	await becomes(() => bar(page).count(), 0, "another search: the selection is gone");
	await person.leave("no condition");
}

/** The actions that the console shows to users with fewer rights. */
async function byRights() {
	const person = await Person.open();
	const page = await person.enter("/tasks", "viewer");
	await rows(page).first().waitFor();
	equal(await page.getByRole("checkbox").count(), 0, "viewer: no row can be selected");
	await page.keyboard.press("j");
	await page.keyboard.press("x");
	equal(await bar(page).count(), 0, "viewer: not by keyboard either");
	ok((await page.locator(".caller").textContent()).includes("read only"), "viewer: 'read only' is shown");
	const ways = await page.getByRole("navigation", { name: "Pages" }).getByRole("link").allTextContents();
	equal(ways, ["Overview", "Tasks", "Workers", "Events", "API"], "viewer: no pages of an administrator");
	await page.keyboard.press("g");
	await page.keyboard.press("u");
	ok(page.url().endsWith("/tasks"), "viewer: not by keyboard either", page.url());
	const refused = await request(
		"PATCH",
		`/v1/tasks/${(await ids(page))[0]}`,
		{ priority: 1 },
		{ token: (await person.session()).token },
	);
	equal(refused.status, 403, "viewer: the service would refuse it anyway");
	await person.leave("viewer");

	const writer = await Person.open();
	const own = await writer.enter("/tasks?q=state%3Apending", "writer");
	await own.getByRole("checkbox", { name: "Select the rows read so far" }).check();
	ok(await bar(own).getByRole("button", { name: "Delete…" }).isVisible(), "writer: rows can be deleted");
	await bar(own)
		.getByRole("button", { name: /that match/ })
		.click();
	equal(await bar(own).getByRole("button", { name: "Delete…" }).count(), 0, "writer: all that match cannot");
	ok(await bar(own).getByRole("button", { name: "Cancel…" }).isVisible(), "writer: but be cancelled");
	await writer.leave("writer");
}

await run({ withRefusals, withRows, withAll, withoutCondition, byRights }, stop);
