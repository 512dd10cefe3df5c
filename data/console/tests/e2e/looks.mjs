// Unusual looks: a window of 320 pixels (WCAG 2.1, 1.4.10), the menu and dialogs of a phone, forced colours.
import { isAccessible, SIZES } from "./axe.mjs";
import { Person, stop } from "./browser.mjs";
import { becomes, equal, ok, run } from "./harness.mjs";
import { ask, create, someTasks } from "./service.mjs";

const NARROW = { width: 320, height: 568 };
const TOUCH = { hasTouch: true, isMobile: true };
const ENTRIES = ["Overview", "Tasks", "Workers", "Events", "Webhooks", "Users", "API"];

const menu = (page) => page.getByRole("navigation", { name: "Pages" });
const dialog = (page) => page.getByRole("dialog");

/** In the page: whether the element is within its parent's box and that of the window, from left to right. */
function isInSight(element) {
	const { left, right, top, bottom } = element.getBoundingClientRect();
	const box = element.parentElement.getBoundingClientRect();
	const isInside = left >= Math.max(box.left, 0) - 1 && right <= Math.min(box.right, innerWidth) + 1;
	return isInside && top >= 0 && bottom <= innerHeight;
}

/** In the page: the cells whose content leaves the window, or that another cell covers. */
function cutCells(table) {
	return [...table.querySelectorAll("th, td")]
		.filter((cell) => cell.checkVisibility())
		.filter(
			(cell) => cell.getBoundingClientRect().right > innerWidth || cell.scrollWidth > cell.clientWidth + 1,
		)
		.map((cell) => cell.outerHTML.slice(0, 120));
}

async function narrow() {
	await create({ kind: "taken by a worker with a long name" });
	await ask("POST", "/v1/claims", {
		worker: "a-worker-with-a-long-name-1",
		kinds: ["taken by a worker with a long name"],
		lease_seconds: 300,
		confirm_seconds: 60,
	});
	const person = await Person.open({ viewport: NARROW, ...TOUCH });
	const page = await person.enter("/workers");
	const table = page.getByRole("table");
	await table.waitFor();
	equal(await table.evaluate(cutCells), [], "320 px, the workers: no cell is cut");
	const tops = await table
		.locator("tbody tr")
		.first()
		.evaluate((row) =>
			[row.cells[0].firstChild, row.querySelector("a").firstChild].map((text) => {
				const range = document.createRange();
				range.selectNodeContents(text);
				return Math.round(range.getClientRects()[0].top);
			}),
		);
	ok(Math.abs(tops[0] - tops[1]) <= 2, "320 px, the workers: the cells of a row begin in one line", tops);
	await page.getByRole("button", { name: /^Drain a-worker/ }).tap();
	await dialog(page).waitFor();
	ok(true, "320 px, the workers: the button of a row can be hit");
	await page.keyboard.press("Escape");

	await person.go("/");
	const region = page.getByRole("region", { name: "Tasks by API" });
	await region.waitFor();
	const place = () => region.evaluate(({ scrollLeft }) => scrollLeft);
	await region.focus();
	await page.keyboard.press("End");
	for (let press = 0; press < 12; press++) await page.keyboard.press("ArrowRight");
	await becomes(
		async () => (await place()) > 0,
		true,
		"320 px, a wide table: the keyboard scrolls it by itself",
	);
	const last = region.getByRole("columnheader").last();
	await last.scrollIntoViewIfNeeded();
	ok(
		await last.evaluate((cell) => cell.getBoundingClientRect().right <= innerWidth),
		"up to its last column",
	);

	await person.go("/tasks");
	const row = page.locator(".rows [data-id]").first();
	await row.waitFor();
	const widths = await row
		.locator(":scope > span")
		.evaluateAll((cells) => cells.filter((cell) => cell.checkVisibility()).map((cell) => cell.clientWidth));
	ok(Math.min(...widths) >= 20, "320 px, the list: each cell of a row has room", widths);
	await row.getByRole("link").tap();
	await page.getByRole("heading", { name: "Facts" }).waitFor();
	ok(true, "320 px, the list: a row leads to its task");
	for (const path of ["/", "/tasks", "/workers", "/events", "/webhooks", "/users", "/api"]) {
		await person.go(path);
		await page.locator("main h1").first().waitFor();
		await isAccessible(page, `320 px: ${path}`);
	}
	await person.leave("320 px");
}

async function phoneMenu() {
	const person = await Person.open({ viewport: SIZES.phone, ...TOUCH });
	const page = await person.enter("/");
	const entry = (name) => menu(page).getByRole("link", { name, exact: true });
	equal(await menu(page).getByRole("link").allTextContents(), ENTRIES, "the menu of a phone has all pages");
	ok(await menu(page).evaluate((nav) => nav.scrollWidth > nav.clientWidth), "not all of them at once");
	for (const name of [...ENTRIES, "Overview"]) {
		await entry(name).tap();
		await becomes(() => entry(name).getAttribute("aria-current"), "page", `${name}: a finger opens it`);
		await page.getByRole("heading", { level: 1, name }).waitFor();
		await becomes(() => entry(name).evaluate(isInSight), true, `${name}: its entry is in sight`);
	}
	await person.go("/api");
	await becomes(() => entry("API").evaluate(isInSight), true, "the last entry is in sight from the start");
	equal(await page.evaluate(() => scrollX), 0, "the page itself does not move sidewards");
	for (const name of ["Pause live updates", "Log out", /^Colours/])
		ok(await page.getByRole("button", { name }).evaluate(isInSight), `${name} is in sight`);
	await person.leave("the menu of a phone");
}

/** Opens a dialog by the button, and checks that all of it can be reached. */
async function inDialog(page, name, button) {
	await button.tap();
	await dialog(page).waitFor();
	const { x, y, width, height } = await dialog(page).boundingBox();
	const { width: w, height: h } = page.viewportSize();
	ok(x >= 0 && y >= 0 && x + width <= w && y + height <= h, `${name}: within the screen`, [
		x,
		y,
		width,
		height,
	]);
	const tooWide = await dialog(page).evaluate((one) => one.scrollWidth - one.clientWidth);
	ok(tooWide <= 0, `${name}: it has no scroll bar below`, tooWide);
	for (const one of await dialog(page).locator("button, input, select").all()) {
		await one.scrollIntoViewIfNeeded();
		const box = await one.boundingBox();
		const isReached = box.x >= x && box.x + box.width <= x + width && box.y + box.height <= y + height + 1;
		ok(
			isReached,
			`${name}: ${await one.evaluate(({ outerHTML }) => outerHTML.slice(0, 60))} is in sight`,
			box,
		);
	}
	await dialog(page).getByRole("button", { name: "Close" }).tap();
	await becomes(() => dialog(page).count(), 0, `${name}: a finger closes it`);
}

async function phoneDialogs() {
	const { id } = await create({ kind: "looked at", fields: { name: "looked at" } });
	for (const [size, viewport] of Object.entries({ phone: SIZES.phone, "320 px": NARROW })) {
		const person = await Person.open({ viewport, ...TOUCH });
		const page = await person.enter("/webhooks");
		const button = (name) => page.getByRole("button", { name });
		await inDialog(page, `${size}: a new webhook`, button("Add…"));
		await person.go(`/tasks/${id}`);
		await inDialog(page, `${size}: the priority`, button("Prioritize…"));
		await person.go("/workers");
		await inDialog(page, `${size}: all workers`, button("Drain all…"));
		await person.leave(`dialogs, ${size}`);
	}
}

/** Runs in the page: what makes an element visible when the browser removes backgrounds. */
function outlineOf(element) {
	const { outlineStyle, outlineWidth } = getComputedStyle(element);
	return `${outlineStyle} ${outlineWidth}`;
}

const CHOSEN = "solid 2px";

async function forcedColours() {
	const person = await Person.open({ forcedColors: "active" });
	const page = await person.enter("/tasks");
	ok(
		await page.evaluate(() => matchMedia("(forced-colors: active)").matches),
		"the browser replaces the colours",
	);
	const failed = page.getByRole("button", { name: /^failed/ });
	equal(await failed.evaluate(outlineOf).then((outline) => outline === CHOSEN), false, "a filter");
	await failed.click();
	await becomes(() => failed.evaluate(outlineOf), CHOSEN, "one that is pressed has an outline");
	const entry = (name) => menu(page).getByRole("link", { name, exact: true });
	equal(await entry("Tasks").evaluate(outlineOf), CHOSEN, "the present page in the menu as well");
	ok((await entry("Users").evaluate(outlineOf)) !== CHOSEN, "others have none");

	const search = page.getByRole("combobox", { name: "Search tasks" });
	await search.fill("state:");
	await page.getByRole("option").first().waitFor();
	await search.press("ArrowDown");
	const options = page.getByRole("option");
	await becomes(() => options.first().evaluate(outlineOf), CHOSEN, "the chosen completion has an outline");
	ok((await options.nth(1).evaluate(outlineOf)) !== CHOSEN, "others have none");
	await search.press("Escape");

	await person.go("/");
	await page.locator(".tiles").waitFor();
	const [canvas, ...dots] = await page.evaluate(() => {
		const colour = (one) => getComputedStyle(one).backgroundColor;
		const filled = [".running", ".failed", ".succeeded"].map((state) => `.tiles ${state} .dot`);
		return [colour(document.body), ...filled.map((one) => colour(document.querySelector(one)))];
	});
	ok(!dots.includes(canvas), "the dots of states are visible", { canvas, dots });
	equal(new Set(dots).size, 3, "in the colours of the states");
	const shapes = await page
		.locator(".tiles .dot")
		.evaluateAll((all) =>
			all.map((dot) => getComputedStyle(dot)).map(({ borderRadius, boxShadow }) => borderRadius + boxShadow),
		);
	ok(new Set(shapes).size >= 3, "and in their shapes", shapes);
	for (const path of ["/", "/tasks", "/workers", "/events"]) {
		await person.go(path);
		await page.locator("main h1").first().waitFor();
		await isAccessible(page, `forced colours: ${path}`);
	}
	await page.keyboard.press("Tab");
	const focus = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
	ok(focus !== "none", "what has the focus has an outline", focus);
	await person.leave("forced colours");
}

await someTasks();
await run({ narrow, phoneMenu, phoneDialogs, forcedColours }, stop);
