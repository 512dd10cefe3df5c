// Tasks with hostile texts in every member that a client or a worker can set: they are shown as text.
import { Person, status, stop } from "./browser.mjs";
import { becomes, equal, ok, run } from "./harness.mjs";
import { ask, create, read } from "./service.mjs";

/** Each would leave a mark in `ran` (browser.mjs). */
const IMAGE = `<img src=x onerror="ran.push('image')">`;
const MARKUP = `${IMAGE}<script>ran.push("script")</script><svg onload=ran.push("svg")><iframe srcdoc="${IMAGE}">`;
const LINK = "javascript:ran.push('link')//";
const TURNED = "\u202Egnp.exe \u2067\u2066\u200F \u0645\u0631\u062D\u0628\u0627";
const STACKED = `Z${"\u0301\u0316\u0489".repeat(60)}algo`;
const LONG = "Long".repeat(25_000); // 100 kB without a blank
const ESCAPES = "\u001b[31mred\u001b[0m\u0007\u0008\r\n\t";
const KIND = `"><img src=x onerror=ran.push('kind')>`;
const WIDE_KIND = "W".repeat(64);
const WORKER = `<img src=x onerror=ran.push('worker')> ${TURNED}`;

/** Names that are members of every object, and markup as a name. */
const NAMES = JSON.parse(
	`{"__proto__":{"rights":["admin"],"text":${JSON.stringify(MARKUP)}},"constructor":"c","toString":"t","hasOwnProperty":1,
	"<img src=x onerror=ran.push('name')>":1,"nested":{"":{"__proto__":{"":[]}}},"length":-1,"then":"x"}`,
);

const made = {};

async function make() {
	made.markup = await create({
		kind: KIND,
		state: "failed",
		error: `${MARKUP} ${ESCAPES}`,
		progress: { percent: 1e308, text: MARKUP },
		fields: { name: MARKUP, url: LINK, file: IMAGE, nested: [[[{ [IMAGE]: MARKUP }]]] },
	});
	made.names = await create({
		kind: "__proto__",
		fields: NAMES,
		progress: { done: -5, total: 0, percent: "x" },
	});
	made.long = await create({
		kind: WIDE_KIND,
		state: "failed",
		error: "E".repeat(4000),
		fields: { name: LONG, url: LONG },
	});
	made.turned = await create({
		kind: TURNED,
		state: "running",
		fields: { name: TURNED, title: STACKED },
		progress: STACKED,
	});
	made.status = await create({
		dialect: "virtshell",
		status: IMAGE,
		fields: { description: MARKUP, type: KIND },
	});
	made.inventory = await create({
		dialect: "vionlabs",
		fields: { inventory_id: IMAGE, product: "adbreaks", version: IMAGE },
	});
	made.handler = await create({
		dialect: "fourhse",
		fields: { handler: MARKUP, url: "data:text/html," + MARKUP },
	});
	made.number = await create({
		kind: "numbers",
		progress: 1e300,
		fields: { name: " \u0085\u2028 ", big: -0.1, list: Array(500).fill(0) },
	});
	const { id } = await create({ kind: "claimed", fields: { name: "claimed" } });
	const { claims } = await ask("POST", "/v1/claims", {
		worker: WORKER,
		kinds: ["claimed"],
		confirm_seconds: 60,
	});
	const [{ token }] = claims;
	const log = [MARKUP, ESCAPES, LINK, LONG.slice(0, 1000), TURNED];
	await ask("POST", `/v1/tasks/${id}/heartbeat`, {
		token,
		log,
		progress: { percent: 50, text: MARKUP },
		lease_seconds: 300,
	});
	made.claimed = await read(id);
}

/** What a page must never have: elements that only data could have brought, and a page wider than the screen. */
function inspect() {
	const odd =
		"img, iframe, object, embed, base, form[action], script:not([src^='/console/assets/']), #app style, #app svg [onload]";
	const unsafe = [...document.querySelectorAll("[href], [src], [action]")].filter((one) =>
		/^(javascript|data|vbscript):/i.test((one.getAttribute("href") ?? one.getAttribute("src") ?? "").trim()),
	);
	const handlers = [...document.querySelectorAll("*")].filter((one) =>
		one.getAttributeNames().some((name) => name.startsWith("on")),
	);
	const open = [...document.querySelectorAll("a[href]")].filter(
		(one) => one.origin !== location.origin && !/noopener/.test(one.rel),
	);
	// A part of a line that turns the direction of writing must not turn the rest of the line.
	const turning = [...document.querySelectorAll("#app *")].filter(
		(one) =>
			[...one.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.includes("\u202E")) &&
			getComputedStyle(one).display === "inline" &&
			getComputedStyle(one).unicodeBidi === "normal",
	);
	return {
		turning: turning.map((one) => one.outerHTML.slice(0, 200)),
		odd: [...document.querySelectorAll(odd)].map((one) => one.outerHTML.slice(0, 200)),
		unsafe: unsafe.map((one) => one.outerHTML.slice(0, 200)),
		handlers: handlers.map((one) => one.outerHTML.slice(0, 200)),
		open: open.map((one) => one.outerHTML.slice(0, 200)),
		tooWide: Math.max(0, document.documentElement.scrollWidth - innerWidth),
	};
}

const CLEAN = { turning: [], odd: [], unsafe: [], handlers: [], open: [], tooWide: 0 };
const settled = (page) => becomes(() => page.locator(".loading").count(), 0, "it has been read");

async function visit(person, path, name, wait) {
	await person.go(path);
	await person.page.locator(".shell main").waitFor();
	if (wait) await wait();
	await settled(person.page);
	equal(await person.page.evaluate(inspect), CLEAN, `${name}: only texts, no wider than the screen`);
}

const rows = (page) => page.locator(".rows [role=row][data-id]");

async function inList(person, size) {
	const { page } = person;
	await visit(person, "/tasks", `the list, ${size}`, () => rows(page).nth(8).waitFor());
	const boxes = await rows(page).evaluateAll((all) =>
		all.map((row) => Math.round(row.getBoundingClientRect().height)),
	);
	equal(new Set(boxes).size, 1, `the list, ${size}: all rows have one height`);
	const cut = await rows(page).evaluateAll(
		(all) =>
			all.filter((row) =>
				[...row.children].some(
					(cell) => cell.getBoundingClientRect().right > row.getBoundingClientRect().right + 1,
				),
			).length,
	);
	equal(cut, 0, `the list, ${size}: no cell leaves its row`);
	const high = await rows(page).evaluateAll(
		(all) =>
			all.filter((row) => {
				const [text, box] = [row.querySelector("a"), row].map((one) => one.getBoundingClientRect());
				return text.top < box.top || text.bottom > box.bottom;
			}).length,
	);
	equal(high, 0, `the list, ${size}: each text is within its row`);
	const text = await page.locator(`[data-id="${made.markup.id}"] .about a`).textContent();
	equal(text, MARKUP, `the list, ${size}: markup is shown as it was sent`);
	const badge = await page.locator(`[data-id="${made.status.id}"] .badge`).textContent();
	ok(badge.includes(IMAGE), `the list, ${size}: a status of its own as well`, badge);
}

/** A kind with quotes and markup can be searched for. */
async function inSearch(person) {
	const { page } = person;
	const search = page.getByRole("combobox", { name: "Search tasks" });
	await search.fill("kind:");
	await page.getByRole("option").filter({ hasText: KIND }).click();
	await search.press("Escape");
	await search.press("Enter");
	await becomes(
		() => rows(page).evaluateAll((all) => all.map((row) => row.dataset.id).sort()),
		[made.markup.id, made.status.id].sort(),
		"a kind with quotes is completed so that it finds its tasks",
	);
	await page.getByRole("checkbox", { name: "Select the rows read so far" }).check();
	await page.getByRole("button", { name: "Delete…" }).click();
	await page.getByRole("dialog").waitFor();
	equal(await page.evaluate(inspect), CLEAN, "the dialog: only texts");
	await page.keyboard.press("Escape");
}

async function tasks() {
	await make();
	for (const [size, viewport] of [
		["wide", { width: 1280, height: 800 }],
		["phone", { width: 390, height: 844 }],
	]) {
		const person = await Person.open({ viewport });
		await person.enter("/tasks");
		await inList(person, size);
		if (size === "wide") await inSearch(person);
		for (const [name, { id }] of Object.entries(made)) {
			const { page } = person;
			await visit(person, `/tasks/${id}`, `the task "${name}", ${size}`, () =>
				page.locator("main h1").waitFor(),
			);
		}
		for (const path of ["/", "/workers", "/events"]) await visit(person, path, `${path}, ${size}`);
		await person.leave(`hostile tasks, ${size}`);
	}
}

async function addresses() {
	const person = await Person.open();
	await person.enter("/tasks");
	for (const path of [
		`/tasks?q=${encodeURIComponent(MARKUP)}`,
		`/tasks?q=${encodeURIComponent(`kind:"${MARKUP}`)}`,
		`/tasks?q=%E0%A4%FF&q=2&__proto__[x]=1#<img src=x onerror=ran.push('hash')>`,
		`/tasks?q=${"x%20".repeat(1500)}`,
		"/tasks?q=fields.__proto__%3Ax",
		`/tasks/${encodeURIComponent(IMAGE)}`,
		"/tasks/%E0%A4%FF",
		"/tasks/01a22295-0000-7000-8000-000000000000",
		`/${encodeURIComponent(IMAGE)}`,
		"/__proto__",
		"/webhooks/constructor",
		"/api/__proto__",
	])
		await visit(person, path, path.slice(0, 60));
	await person.leave("addresses", status(400, 404, 414, 422));
}

await run({ tasks, addresses }, stop);
