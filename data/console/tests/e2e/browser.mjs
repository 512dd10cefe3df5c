// The browser of the scenarios: Chromium, started once, and pages that report what must not happen on any of them.
import { chromium } from "playwright-core";
import { ok } from "./harness.mjs";
import { ADDRESS, USERS } from "./service.mjs";

export const CONSOLE = `${ADDRESS}/console`;
const STORE = "polytask.session";
const SECONDS = 20; // that any element may take to appear
const EXPECTED = /favicon/;

let browser;

/** Chromium refuses to run as root in its sandbox. */
async function start() {
	const args = ["--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"];
	if (process.getuid?.() === 0) args.push("--no-sandbox");
	browser ??= await chromium.launch({
		executablePath: process.env.POLYTASK_CHROMIUM || "/usr/bin/chromium-headless-shell",
		args,
	});
	return browser;
}

export async function stop() {
	await browser?.close();
}

/** In the page, before its own code. */
function watch() {
	globalThis.ran = [];
	for (const name of ["alert", "confirm", "prompt", "print"])
		globalThis[name] = () => globalThis.ran.push(name);
	document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
		console.error(`policy: ${violatedDirective} ${blockedURI}`),
	);
}

/** A browser of its own: other tabs of it are made with tab(). */
export class Person {
	/** What the pages have complained of. */
	complaints = [];
	/** Requests to other places than the service. */
	foreign = [];
	/** Addresses of requests. */
	addresses = [];

	static async open(options = {}) {
		const person = new Person();
		const settings = {
			viewport: { width: 1280, height: 800 },
			ignoreHTTPSErrors: true,
			locale: "en-GB",
			...options,
		};
		person.context = await (await start()).newContext(settings);
		person.context.setDefaultTimeout(SECONDS * 1000);
		await person.context.addInitScript(watch);
		person.page = await person.tab();
		return person;
	}

	async tab() {
		const page = await this.context.newPage();
		page.on("console", (message) => {
			if (message.type() === "error" || message.type() === "warning") this.complaints.push(message.text());
		});
		page.on("pageerror", (error) => this.complaints.push(`error: ${error.stack}`));
		page.on("dialog", (dialog) => {
			this.complaints.push(`dialog: ${dialog.message()}`);
			void dialog.dismiss();
		});
		page.on("request", (request) => {
			const address = request.url();
			this.addresses.push(address);
			if (!address.startsWith(`${ADDRESS}/`) && !address.startsWith("data:")) this.foreign.push(address);
		});
		return page;
	}

	/** Opens a page with the token of a user, as if it had been pasted. */
	async enter(path = "/tasks", user = "operator", page = this.page) {
		const kept = JSON.stringify({ token: USERS[user].token });
		await page.addInitScript(
			([name, text]) => sessionStorage.getItem(name) ?? sessionStorage.setItem(name, text),
			[STORE, kept],
		);
		await this.go(path, page);
		await page.locator(".shell").waitFor();
		return page;
	}

	go(path, page = this.page) {
		return page.goto(`${CONSOLE}${path}`);
	}

	/** What the tab keeps of its session; undefined: nothing. */
	async session(page = this.page) {
		const text = await page.evaluate((name) => sessionStorage.getItem(name), STORE);
		return text ? JSON.parse(text) : undefined;
	}

	/** Checks that the pages logged only `expected`, sent requests to the service only, and ran no injected code. */
	async leave(name, expected = EXPECTED) {
		for (const page of this.context.pages()) {
			const ran = await page.evaluate(() => globalThis.ran);
			ok(!ran?.length, `${name}: no foreign code has run`, ran);
		}
		const bad = this.complaints.filter((text) => !expected.test(text));
		ok(!bad.length, `${name}: nothing in the browser's console`, bad.join("\n"));
		ok(!this.foreign.length, `${name}: no request to another place`, this.foreign);
		await this.context.close();
	}
}

/** The browser itself writes each response that is an error. */
export const status = (...numbers) =>
	new RegExp(`Failed to load resource.*status of (${numbers.join("|")})|favicon`);
export const LOST = /Failed to load resource|ERR_/;
