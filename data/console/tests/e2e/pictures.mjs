// Takes a picture of each page, in both themes, wide and as on a phone, of a service that runs:
//
//     . ~/polytask/demo.env; node pictures.mjs FOLDER [PATH…]
//
// POLYTASK_URL and POLYTASK_TOKEN are those of the environment. PATH is below /console/; by default all pages, with the
// first failed and the first running task.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Person, stop } from "./browser.mjs";
import { ADDRESS, first } from "./service.mjs";

const [folder, ...given] = process.argv.slice(2);
const LOOKS = ["light", "dark"].flatMap((colorScheme) => [
	{ colorScheme, viewport: { width: 1400, height: 900 } },
	{ colorScheme, viewport: { width: 390, height: 844 } },
]);
const PAGES = [
	"/",
	"/tasks",
	"/tasks?q=state%3Afailed",
	"/workers",
	"/events",
	"/webhooks",
	"/users",
	"/api/native",
];
const SETTLED = 400; // ms without a request

async function allPaths() {
	const tasks = await Promise.all(
		["state=failed", "state=running"].map((query) => first(query).catch(() => undefined)),
	);
	return [...PAGES, ...tasks.filter(Boolean).map((id) => `/tasks/${id}`)];
}

/** Nothing is read any more. The stream of events never ends, so that it does not count. */
async function settle(page) {
	await page.locator("main").waitFor();
	await page.waitForTimeout(SETTLED);
	for (const loading of await page.locator(".loading").all()) await loading.waitFor({ state: "detached" });
	await page.waitForTimeout(SETTLED);
}

async function take(person, path, name) {
	await person.go(path);
	await settle(person.page);
	const file = join(folder, `${name}.png`);
	await person.page.screenshot({ path: file });
	console.log(file);
}

function fileName(path, { colorScheme, viewport }) {
	const page = path.replace(/[?&=%/]+/g, "-").replace(/^-|-$/g, "") || "overview";
	return `${page}-${colorScheme}-${viewport.width}`;
}

if (!folder || !ADDRESS || !process.env.POLYTASK_TOKEN) {
	console.error("usage: POLYTASK_URL=… POLYTASK_TOKEN=… node pictures.mjs FOLDER [PATH…]");
	process.exit(2);
}
await mkdir(folder, { recursive: true });
const paths = given.length ? given : await allPaths();
for (const look of LOOKS) {
	const person = await Person.open(look);
	await person.go("/");
	await take(person, "/", fileName("/login", look));
	await person.enter(paths[0]);
	for (const path of paths) await take(person, path, fileName(path, look));
	for (const text of person.complaints) console.log(`${look.colorScheme}: ${text}`);
	await person.context.close();
}
await stop();
