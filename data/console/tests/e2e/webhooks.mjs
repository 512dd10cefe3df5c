// Webhooks: each change of one, and that none is lost which somebody else has made.
import { createHmac } from "node:crypto";
import { status, stop } from "./browser.mjs";
import { becomes, equal, host, ok, run } from "./harness.mjs";
import { addHook, dialog, endTask, head, inDialog, openHook, Receiver, removeHook } from "./receiver.mjs";
import { ask } from "./service.mjs";

const MARKUP = `<img src=x onerror="ran.push('hook')"><script>ran.push("script")</script>`;

const readHook = ({ id }) => ask("GET", `/v1/webhooks/${id}`);
const elsewhere = ({ id }, members) => ask("PATCH", `/v1/webhooks/${id}`, members);

/** What the page reads of the webhook stays as it is now, so that it cannot notice a change before it asks for one. */
async function freeze(page, hook) {
	const path = `**/v1/webhooks/${hook.id}`;
	const json = await readHook(hook);
	await page.route(path, (route) =>
		route.request().method() === "GET" ? route.fulfill({ json }) : route.continue(),
	);
	return () => page.unroute(path);
}

const SINCE = "The webhook has been changed since you opened this. Close this and check it again.";

async function edit() {
	const receiver = await Receiver.open();
	const filter = { types: ["task.failed"], kinds: ["edited"] };
	const hook = await addHook({ url: receiver.url, name: "before", headers: { "X-Own": "kept" }, filter });
	const { person, page } = await openHook(hook);
	await head(page, "Change…").click();
	equal(await dialog(page).getByLabel("URL").inputValue(), receiver.url, "the form begins with what it is");
	ok(await dialog(page).getByLabel("failed").isChecked(), "and with its events");
	equal(await dialog(page).getByLabel("Format").count(), 0, "the format cannot be changed");
	await dialog(page).getByLabel("Name").fill(MARKUP);
	await dialog(page).getByLabel("URL").fill("http://user@127.0.0.1/");
	await inDialog(page, "Save").click();
	await dialog(page).getByRole("alert").waitFor();
	equal((await readHook(hook)).name, "before", "a URL with a user name: refused");
	await dialog(page).getByLabel("URL").fill(`${receiver.url}/two`);
	await dialog(page).getByLabel("succeeded").check();
	await dialog(page).getByLabel("failed").uncheck();
	await dialog(page).getByLabel("Native").check();
	await inDialog(page, "Save").click();
	await dialog(page).waitFor({ state: "hidden" });
	await page.getByRole("heading", { level: 1, name: MARKUP }).waitFor();
	const changed = await readHook(hook);
	equal(
		[changed.name, changed.url, changed.filter, Object.keys(changed.headers)],
		[
			MARKUP,
			`${receiver.url}/two`,
			{ dialects: ["native"], kinds: ["edited"], states: null, types: ["task.succeeded"] },
			["X-Own"],
		],
		"saved; kinds and header fields, which the form has not, stay",
	);
	const facts = await page.locator("dl").first().textContent();
	ok(facts.includes("succeeded; of Native; kind edited"), "the page shows it", facts);
	const id = await endTask("edited");
	await becomes(() => receiver.about(id).map(({ path }) => path), ["/hook/two"], "events go to the new URL");
	equal(receiver.about(id)[0].headers["x-own"], "kept", "with the header field");

	await head(page, "Change…").click();
	await elsewhere(hook, { max_parallel: 2 });
	await dialog(page).getByLabel("Name").fill("");
	await inDialog(page, "Save").click();
	await becomes(
		() => dialog(page).getByRole("alert").locator("strong").textContent(),
		SINCE,
		"changed elsewhere meanwhile: it is said",
	);
	equal((await readHook(hook)).name, MARKUP, "and nothing is overwritten");
	await page.keyboard.press("Escape");
	await dialog(page).waitFor({ state: "hidden" });
	await becomes(() => page.locator(".loading").count(), 0, "it is read again");
	await head(page, "Change…").click();
	await dialog(page).getByLabel("Name").fill("");
	await inDialog(page, "Save").click();
	await becomes(async () => (await readHook(hook)).name, null, "then it is saved; no name");
	await page.getByRole("heading", { level: 1, name: `${receiver.url}/two` }).waitFor();
	ok(true, "the URL is the heading");
	await person.leave("edit", status(404, 412, 422));
	await removeHook(hook);
	receiver.close();
}

async function offAndOn() {
	const receiver = await Receiver.open();
	const hook = await addHook({ url: receiver.url, name: "switched", filter: { kinds: ["switched"] } });
	const { person, page } = await openHook(hook);
	const disable = async () => {
		await head(page, "Disable").click();
		await head(page, "Enable…").waitFor();
		equal((await readHook(hook)).enabled, false, "it is disabled");
	};
	const enable = async (name) => {
		await head(page, "Enable…").click();
		await inDialog(page, name).click();
		await head(page, "Disable").waitFor();
		equal((await readHook(hook)).enabled, true, `${name}: it is enabled`);
	};
	const thaw = await freeze(page, hook);
	await elsewhere(hook, { max_parallel: 2 });
	await head(page, "Disable").click();
	await becomes(
		() => page.locator("main header").getByRole("alert").locator("strong").textContent(),
		SINCE,
		"changed elsewhere: it is not disabled",
	);
	equal((await readHook(hook)).enabled, true, "it is as it was");
	await thaw();
	await page.reload();
	await disable();
	equal(await head(page, "Test…").count(), 0, "a test is not offered then");
	ok((await page.locator("dl").first().textContent()).includes("disabled"), "the page says so");
	const lost = await endTask("switched");
	await enable("Events from now on");
	const told = await endTask("switched");
	await becomes(() => receiver.about(told).length, 1, "what ends now is told");
	await disable();
	const late = await endTask("switched");
	await enable("Also those since it was disabled");
	await becomes(() => receiver.about(late).length, 1, "what ended meanwhile is told");
	equal(receiver.about(lost).length, 0, "what ended before 'from now on' is not");
	await person.leave("off and on", status(412));
	await removeHook(hook);
	receiver.close();
}

/** The signatures of a request that are right by this secret. */
function signed({ headers, body }, secret) {
	const key = Buffer.from(secret.replace("whsec_", ""), "base64");
	const text = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
	const right = `v1,${createHmac("sha256", key).update(text).digest("base64")}`;
	return headers["webhook-signature"].split(" ").filter((one) => one === right).length;
}

async function newSecret() {
	const receiver = await Receiver.open();
	const hook = await addHook({ url: receiver.url, name: "signed", filter: { kinds: ["signed"] } });
	const { person, page } = await openHook(hook);
	const rotate = async (hours) => {
		await head(page, "New secret…").click();
		await dialog(page)
			.getByLabel(/^Hours/)
			.fill(hours);
		await inDialog(page, "Make a new secret").click();
	};
	const shown = async () => {
		const secret = await page.getByRole("dialog", { name: "The secret" }).locator("pre").textContent();
		await host("secret", secret);
		return secret;
	};
	const call = async () => {
		const id = await endTask("signed");
		await becomes(() => receiver.about(id).length, 1, "an event is delivered");
		return receiver.about(id)[0];
	};
	await rotate("2");
	const second = await shown();
	ok(second.startsWith("whsec_") && second !== hook.secret, "a new secret is shown");
	await page.keyboard.press("Escape");
	await dialog(page).waitFor({ state: "hidden" });
	const places = () =>
		page.evaluate(() =>
			[
				document.documentElement.outerHTML,
				JSON.stringify(localStorage),
				JSON.stringify(sessionStorage),
				location.href,
			].join(),
		);
	ok(!(await places()).includes(second), "once only: the page has it no more");
	ok((await page.locator("dl").first().textContent()).includes("Old secret"), "the old one still signs");
	let sent = await call();
	equal([signed(sent, second), signed(sent, hook.secret)], [1, 1], "both secrets sign");
	await page.reload();
	await head(page, "New secret…").waitFor();
	ok(!(await places()).includes(second), "nor after a reload");
	await rotate("1");
	await dialog(page).getByRole("alert").waitFor();
	ok(true, "while an old one signs, another one that signs, too, is refused");
	await dialog(page)
		.getByLabel(/^Hours/)
		.fill("0");
	await inDialog(page, "Make a new secret").click();
	const third = await shown();
	await page.keyboard.press("Escape");
	sent = await call();
	equal(
		[third, second, hook.secret].map((secret) => signed(sent, secret)),
		[1, 0, 0],
		"with 0 hours only the newest signs",
	);
	const thaw = await freeze(page, hook);
	await elsewhere(hook, { max_parallel: 2 });
	await rotate("0");
	await becomes(
		() => dialog(page).getByRole("alert").locator("strong").textContent(),
		SINCE,
		"changed elsewhere: no new secret",
	);
	await page.keyboard.press("Escape");
	await thaw();
	sent = await call();
	equal(signed(sent, third), 1, "the secret is as it was");
	await person.leave("a new secret", status(409, 412));
	await removeHook(hook);
	receiver.close();
}

async function removal() {
	const hook = await addHook({ url: "http://127.0.0.1:9/", name: "ended", filter: { kinds: ["none"] } });
	const other = await addHook({ url: "http://127.0.0.1:9/", name: "other", filter: { kinds: ["none"] } });
	const { person, page } = await openHook(hook);
	await head(page, "Delete…").click();
	await elsewhere(hook, { name: "changed" });
	// The page behind the dialog reads it again; the dialog is about what was there when it was opened.
	await becomes(() => page.locator("h1").textContent(), "changed", "the page shows the change");
	await inDialog(page, "Delete").click();
	await becomes(
		() => dialog(page).getByRole("alert").locator("strong").textContent(),
		SINCE,
		"changed elsewhere: it is not removed",
	);
	equal((await readHook(hook)).name, "changed", "it is there");
	await page.keyboard.press("Escape");
	await head(page, "Delete…").click();
	await inDialog(page, "Delete").click();
	await page.waitForURL(/\/webhooks$/);
	await becomes(() => page.locator("tbody tr").count(), 1, "removed: the other one is left");
	const { items } = await ask("GET", "/v1/webhooks");
	equal(
		items.map(({ id }) => id),
		[other.id],
		"also of the service",
	);
	await person.go(`/webhooks/${hook.id}`);
	await page.locator(".trouble").first().waitFor();
	ok(true, "its page says that there is none");
	await person.leave("removal", status(404, 412));
	await removeHook(other);
}

await run({ edit, offAndOn, newSecret, removal }, stop);
