// Accessibility: axe-core on each page and dialog, in both themes, wide and on a phone; use by keyboard only; reduced
// motion; the choice of the theme; no layout shift while data arrive.
import { inDialog, isAccessible, SIZES } from "./axe.mjs";
import { Person, stop } from "./browser.mjs";
import { becomes, equal, ok, run } from "./harness.mjs";
import { ask, create, first, someTasks, USERS } from "./service.mjs";
import { smallTargets } from "./targets.mjs";

async function dialogs(page, name) {
	await inDialog(page, `${name}: keys`, () => page.keyboard.press("?"));
	await inDialog(page, `${name}: log out`, () => page.getByRole("button", { name: "Log out" }).click());
	await page.getByRole("checkbox", { name: "Select the rows read so far" }).check();
	await isAccessible(page, `${name}: selected rows`);
	for (const button of ["Cancel…", "Priority…"])
		await inDialog(page, `${name}: ${button}`, () => page.getByRole("button", { name: button }).click());
	await page.getByRole("button", { name: /^Select all .* that match/ }).click();
	await inDialog(page, `${name}: all`, async () => {
		await page.getByRole("button", { name: "Cancel…" }).click();
		await page
			.getByRole("dialog")
			.getByRole("button", { name: /^Cancel .* tasks?$/ })
			.waitFor();
	});
	const search = page.getByRole("combobox", { name: "Search tasks" });
	await search.fill("state:f");
	await page.getByRole("option").first().waitFor();
	await isAccessible(page, `${name}: completions`);
	await search.fill("colour:red");
	await search.press("Enter");
	await page.locator(".fault").waitFor();
	await isAccessible(page, `${name}: a fault in the search`);
}

async function enoughData() {
	await someTasks();
	await ask(
		"POST",
		"/v1/tasks",
		Array.from({ length: 150 }, (_, index) => ({ kind: "many", fields: { name: `film ${index}` } })),
	);
	const { id } = await create({ kind: "worked", fields: { name: "worked on", size: 1 } });
	const { claims } = await ask("POST", "/v1/claims", {
		worker: "encoder-1",
		kinds: ["worked"],
		confirm_seconds: 60,
	});
	await ask("POST", `/v1/tasks/${id}/heartbeat`, {
		token: claims[0].token,
		log: ["reads the film", "writes the film"],
		progress: { percent: 40 },
		lease_seconds: 600,
	});
	return { running: id, failed: await first("state=failed"), pending: await first("state=pending") };
}

async function everyPage(colorScheme) {
	const { running, failed, pending } = await enoughData();
	const paths = [
		"/",
		"/tasks?q=state%3Apending",
		"/tasks?q=kind%3Anone",
		`/tasks/${running}`,
		`/tasks/${failed}`,
	];
	paths.push(
		`/tasks/${pending}`,
		"/tasks/01a22295-0000-7000-8000-000000000000",
		"/workers",
		"/events",
		"/webhooks",
		"/users",
	);
	paths.push("/api", "/nothing");
	for (const [size, viewport] of Object.entries(SIZES)) {
		const look = `${colorScheme}, ${size}`;
		const guest = await Person.open({ colorScheme, viewport });
		await guest.go("/");
		await guest.page.getByLabel("Name").waitFor();
		await isAccessible(guest.page, `${look}: login`);
		await guest.leave(`${look}: login`);
		const person = await Person.open({ colorScheme, viewport });
		const page = await person.enter("/tasks?q=kind%3Amany");
		await page.locator(".rows [data-id]").first().waitFor();
		// Colours and widths of dialogs do not depend on each other.
		if ((colorScheme === "light") === (size === "wide")) await dialogs(page, look);
		for (const path of paths) {
			await person.go(path);
			await page.locator("main h1").first().waitFor();
			await isAccessible(page, `${look}: ${path}`);
		}
		await person.leave(look, /status of (400|404|422)/);
	}
}

async function everyPageLight() {
	await everyPage("light");
}

async function everyPageDark() {
	await everyPage("dark");
}

const active = (page) => page.evaluate(() => document.activeElement?.outerHTML.slice(0, 120));

/** Whether what has the focus looks different from when it has not. */
function showsFocus() {
	const element = document.activeElement;
	const look = () => {
		const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor } =
			getComputedStyle(element);
		return JSON.stringify([
			outlineStyle,
			outlineWidth,
			outlineColor,
			boxShadow,
			borderColor,
			backgroundColor,
		]);
	};
	const focused = look();
	element.blur();
	const blurred = look();
	element.focus({ focusVisible: true });
	return focused !== blurred;
}

async function keyboardOnly() {
	const person = await Person.open();
	const { page } = person;
	await person.go("/tasks");
	await page.getByLabel("Name").waitFor();
	await page.keyboard.type("operator");
	await page.keyboard.press("Tab");
	await page.keyboard.type(USERS.operator.password);
	await page.keyboard.press("Enter");
	await page.locator(".shell").waitFor();
	ok(true, "a login without a mouse");
	await page.locator(".rows [data-id]").first().waitFor();
	await person.go("/tasks");
	await page.locator(".rows [data-id]").first().waitFor();
	await becomes(() => page.evaluate(() => document.activeElement.id), "page", "the focus begins at the page");
	const skip = page.getByRole("link", { name: "Skip to the page" });
	await page.getByRole("link", { name: "Polytask" }).focus();
	await page.keyboard.press("Shift+Tab");
	ok(
		await skip.evaluate((link) => link === document.activeElement),
		"the first stop skips the menu",
		await active(page),
	);
	const box = await skip.boundingBox();
	ok(box.x >= 0 && box.y >= 0 && box.height > 10, "the focused link is visible", box);
	await page.keyboard.press("Enter");
	await becomes(() => page.evaluate(() => document.activeElement.id), "page", "it leads to the page");
	const hidden = [];
	for (let stops = 0; stops < 30; stops++) {
		await page.keyboard.press("Tab");
		const isSeen = await page.evaluate(showsFocus);
		if (!isSeen) hidden.push(await active(page));
	}
	equal(hidden, [], "30 stops of Tab: the focus is seen on each");

	await page.keyboard.press("Escape");
	await page.evaluate(() => document.activeElement.blur());
	const opener = page.getByRole("button", { name: "Log out" });
	await page.keyboard.press("?");
	const dialog = page.getByRole("dialog", { name: "Keyboard" });
	await dialog.waitFor();
	const outside = [];
	for (let stops = 0; stops < 4; stops++) {
		await page.keyboard.press("Tab");
		const isOutside = await page.evaluate(
			() => document.activeElement !== document.body && !document.activeElement.closest("dialog"),
		);
		if (isOutside) outside.push(await active(page));
	}
	equal(outside, [], "Tab stays in a dialog");
	await page.keyboard.press("Escape");
	await dialog.waitFor({ state: "hidden" });
	await opener.focus();
	await page.keyboard.press("Enter");
	await page.getByLabel("Name").waitFor();
	ok(true, "a logout without a mouse");
	await person.leave("keyboard");
}

/** Holds back answers, so that what is shown meanwhile can be looked at. */
async function whileLoading(options, look) {
	const person = await Person.open(options);
	const page = await person.enter("/tasks");
	await page.locator(".rows [data-id]").first().waitFor();
	let release;
	const held = new Promise((resolve) => (release = resolve));
	await page.route(/\/v1\/tasks\?/, async (route) => {
		await held;
		await route.continue();
	});
	await page.getByRole("button", { name: /^failed/ }).click();
	await page.locator(".loading").waitFor();
	const result = await look(page);
	release();
	await becomes(() => page.locator(".loading").count(), 0, "then the rows are there");
	await person.leave("loading");
	return result;
}

async function motion() {
	const moving = (page) =>
		page.evaluate(
			() => document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 50).length,
		);
	equal(
		await whileLoading({ reducedMotion: "reduce" }, moving),
		0,
		"nothing moves for people who asked for reduced motion",
	);
}

const background = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

async function theme() {
	const person = await Person.open({ colorScheme: "light" });
	const page = await person.enter("/tasks");
	const light = await background(page);
	await page.emulateMedia({ colorScheme: "dark" });
	await becomes(async () => (await background(page)) !== light, true, "the theme of the system is followed");
	const dark = await background(page);
	const button = page.getByRole("button", { name: /^Colours/ });
	await button.click();
	await becomes(() => background(page), light, "light by choice");
	await page.reload();
	await page.locator(".shell").waitFor();
	equal(await background(page), light, "it stays after a reload");
	const other = await person.enter("/tasks", "operator", await person.tab());
	await other.emulateMedia({ colorScheme: "dark" });
	equal(await background(other), light, "also in another tab");
	await button.click();
	await page.emulateMedia({ colorScheme: "light" });
	await becomes(() => background(page), dark, "dark by choice");
	await page.evaluate(() => localStorage.setItem("polytask.theme", "<odd>"));
	await page.reload();
	await page.locator(".shell").waitFor();
	await button.click();
	ok(true, "an invalid value in localStorage is ignored");
	await person.leave("theme");
}

/** The sum of all shifts of a page from its start, as browsers count them (CLS). */
async function nothingJumps() {
	const person = await Person.open({ viewport: SIZES.wide });
	const page = await person.enter("/tasks");
	for (const path of ["/tasks", "/", "/workers", "/events", `/tasks/${await first("state=failed")}`]) {
		await person.go(path);
		await page.locator("main h1").first().waitFor();
		await becomes(() => page.locator(".loading").count(), 0, `${path}: it has been read`);
		const shift = await page.evaluate(
			() =>
				new Promise((resolve) => {
					let sum = 0;
					new PerformanceObserver((seen) => {
						for (const entry of seen.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
					}).observe({ type: "layout-shift", buffered: true });
					requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum), 100)));
				}),
		);
		ok(shift < 0.1, `${path}: no layout shift while data arrive`, shift);
	}
	await person.leave("layout");
}

/** The check itself: small targets that are near each other are found, others are not. */
async function targets() {
	const person = await Person.open();
	const page = await person.enter("/");
	await page.locator(".tiles").waitFor();
	const add = (html, height, margin) =>
		page.evaluate(
			([tag, px, gap]) => {
				const main = document.querySelector("main");
				main.replaceChildren();
				for (const name of ["one", "two"]) {
					const box = main.appendChild(document.createElement("div"));
					const target = box.appendChild(document.createElement(tag));
					if (tag === "a") target.href = "/";
					target.append(name);
					Object.assign(target.style, { display: "block", height: px, minHeight: 0, padding: 0 });
					box.style.marginBottom = gap;
				}
			},
			[html, height, margin],
		);
	for (const [tag, height, margin, count] of [
		["button", "14px", "0", 2],
		["a", "14px", "9px", 2],
		["a", "14px", "11px", 0],
		["button", "24px", "0", 0],
	]) {
		await add(tag, height, margin);
		const found = await page.evaluate(smallTargets);
		equal(found.length, count, `${tag} of ${height}, ${margin} apart: ${count} too small`);
	}
	await page.evaluate(() => {
		const text = document.querySelector("main").appendChild(document.createElement("p"));
		for (const word of ["a", "b"]) {
			const link = text.appendChild(document.createElement("a"));
			link.href = "/";
			link.append(word);
		}
	});
	ok((await page.evaluate(smallTargets)).length > 0, "links beside each other are too small");
	await page.evaluate(() => document.querySelector("main p").append(" and other words"));
	equal(await page.evaluate(smallTargets), [], "in a sentence they are not");
	await person.leave("targets");
}

await run({ everyPageLight, everyPageDark, keyboardOnly, motion, theme, nothingJumps, targets }, stop);
