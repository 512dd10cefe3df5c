// Users and their credentials: each end of them, which the service obeys; what is not offered; hostile names; pages.
import { Person, status, stop } from "./browser.mjs";
import { becomes, equal, host, ok, run } from "./harness.mjs";
import { ADDRESS, ask, request } from "./service.mjs";

const WITHIN = 10; // seconds, in which nginx forgets that a token was valid
const REFUSED = 403; // of VirtShell
const MARKUP = `<img src=x onerror=ran.push("user")>`;
const TURNED = "\u202Egnp.exe \u2067\u0645";
const PASSWORD = "a long password of a user";
const ZONE = "Pacific/Marquesas"; // 9:30 hours behind UTC

const row = (page, name) =>
	page
		.locator(".users > li")
		.filter({ has: page.locator("summary strong").getByText(name, { exact: true }) });
const badge = (of) => of.locator("summary .badge").first().textContent();
const credential = (of, text) => of.locator(".credentials > li").filter({ hasText: text });
const button = (of, name) => of.getByRole("button", { name, exact: true });
const dialog = (page) => page.getByRole("dialog");
const inDialog = (page, name) => dialog(page).getByRole("button", { name, exact: true });
const isValid = async (token) => (await request("GET", "/v1/me", undefined, { token })).status === 200;
const names = (page) => page.locator(".users > li > details > summary strong").allTextContents();

const addUser = (name, ...more) =>
	host("ctl", "user", "add", name, "--tenant", "demo", "--rights", "read,write", ...more);

async function readUser(name) {
	for (let cursor = ""; ;) {
		const { items, next } = await ask("GET", `/v1/users?limit=200${cursor}`);
		const found = items.find((user) => user.name === name);
		if (found || !next) return found;
		cursor = `&cursor=${encodeURIComponent(next)}`;
	}
}

/** The credentials of a user by their labels. */
async function readCredentials(name) {
	const { items } = await ask("GET", `/v1/credentials?user=${(await readUser(name)).id}`);
	return Object.fromEntries(items.map((one) => [one.label, one]));
}

async function open(name, options = { timezoneId: ZONE }) {
	const person = await Person.open(options);
	const page = await person.enter("/users");
	const of = row(page, name);
	await of.locator("summary").first().click();
	await of.getByRole("heading", { name: "Credentials" }).waitFor();
	return { person, page, of };
}

/** Sets an end in the dialog, as a time of the page's zone; empty: never. */
async function setEnd(page, of, name, time) {
	await button(of, `Set end… ${name}`).click();
	ok((await dialog(page).textContent()).includes(ZONE), "the dialog names the time zone");
	if (time) await dialog(page).getByLabel(/^Time/).fill(time);
	await inDialog(page, time ? "Set the end" : "Never").click();
	await dialog(page).waitFor({ state: "hidden" });
}

async function endOfUser() {
	await addUser("leaving");
	const token = await host("token", "leaving", "leaving's");
	ok(await isValid(token), "the user's token is valid");
	const { person, page, of } = await open("leaving");
	await button(of, "Set end… leaving").click();
	ok(await inDialog(page, "Set the end").isDisabled(), "without a time nothing can be set");
	await page.keyboard.press("Escape");
	equal((await readUser("leaving")).expires_at, null, "Escape changes nothing");
	await setEnd(page, of, "leaving", "2100-01-02T03:04");
	await becomes(
		async () => (await readUser("leaving")).expires_at,
		"2100-01-02T12:34:00.000Z",
		"an end in the time zone of the page",
	);
	ok(/live.*ends/.test(await of.locator("summary").first().textContent()), "the row shows it");
	ok(await isValid(token), "until then the token is valid");
	await button(of, "Set end… leaving").click();
	equal(await dialog(page).getByLabel(/^Time/).inputValue(), "2100-01-02T03:04", "the dialog begins with it");
	await page.keyboard.press("Escape");
	await setEnd(page, of, "leaving", "2020-01-02T03:04");
	await becomes(() => badge(of), "expired", "an end that has passed");
	await becomes(() => isValid(token), false, "the token is refused", WITHIN);
	await becomes(() => credential(of, "leaving's").count(), 0, "none of its credentials is live");
	await setEnd(page, of, "leaving", "");
	await becomes(() => badge(of), "live", "never: it lives again");
	equal((await readUser("leaving")).expires_at, null, "without an end");
	await becomes(() => isValid(token), true, "and so does its token", WITHIN);

	await button(of, "Revoke… leaving").click();
	ok((await dialog(page).textContent()).includes("cannot be undone"), "to revoke it is for ever: it is said");
	await page.keyboard.press("Escape");
	equal((await readUser("leaving")).state, "live", "Escape changes nothing");
	await button(of, "Revoke… leaving").click();
	await inDialog(page, "Revoke").click();
	await becomes(() => badge(of), "revoked", "revoked");
	await becomes(() => isValid(token), false, "its token is refused", WITHIN);
	equal(await of.locator(".ending").count(), 0, "then nothing more is offered");
	await person.leave("the end of a user", status(401));
}

/** By a password: { access, refresh }. */
async function logIn(name) {
	const body = new URLSearchParams({ grant_type: "password", username: name, password: PASSWORD });
	const answer = await (await fetch(`${ADDRESS}/v1/token`, { method: "POST", body })).json();
	await host("secret", answer.access_token);
	await host("secret", answer.refresh_token);
	return { access: answer.access_token, refresh: answer.refresh_token };
}

async function renewal(token) {
	const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: token });
	return (await fetch(`${ADDRESS}/v1/token`, { method: "POST", body })).status;
}

async function credentials() {
	await addUser("several");
	await host("password", "several", PASSWORD);
	const label = `${MARKUP} ${TURNED}`;
	const [ended, revoked] = [await host("token", "several", "to-end"), await host("token", "several", label)];
	await host("token", "several", "rotated");
	await host("rotate", "rotated");
	const key = await host("key", "several");
	equal(await host("signed", ...key), 200, "a request with the key");
	const login = await logIn("several");
	const { person, page, of } = await open("several");
	await becomes(() => of.locator(".credentials > li").count(), 6, "two tokens, one twice, a key, a login");
	equal(await of.locator(".credentials img").count(), 0, "a label with markup");
	equal(
		(await of.locator(".credentials strong").allTextContents()).filter((text) => text === label).length,
		1,
		"is shown as text",
	);
	const replaced = of.locator(".credentials > li").filter({ hasText: "replaced" });
	equal(await replaced.getByRole("button").allTextContents(), ["Revoke…"], "a replaced token: no other end");
	equal(
		await credential(of, "login").getByRole("button").allTextContents(),
		["Revoke…"],
		"a login: no other end",
	);

	await setEnd(page, of, "token to-end", "2100-01-02T03:04");
	await becomes(
		async () => (await readCredentials("several"))["to-end"].expires_at,
		"2100-01-02T12:34:00.000Z",
		"the end of a token",
	);
	ok(await isValid(ended), "until then it is valid");
	await setEnd(page, of, "token to-end", "2020-01-02T03:04");
	await becomes(() => badgeOf(credential(of, "to-end")), "expired", "an end that has passed");
	await becomes(() => isValid(ended), false, "it is refused", WITHIN);
	equal(
		await credential(of, "to-end")
			.getByRole("button", { name: /^Set end/ })
			.count(),
		0,
		"it cannot live again",
	);

	await button(of, `Revoke… token ${label}`).click();
	ok(await isValid(revoked), "another token is valid");
	await inDialog(page, "Revoke").click();
	await becomes(async () => (await readCredentials("several"))[label].state, "revoked", "it is revoked");
	await becomes(() => isValid(revoked), false, "and refused", WITHIN);

	await setEnd(page, of, `key ${key[0]}`, "2020-01-02T03:04");
	await becomes(() => badgeOf(credential(of, key[0])), "expired", "the end of a key");
	equal(await host("signed", ...key), REFUSED, "what it signs is refused");
	await setEnd(page, of, `key ${key[0]}`, "");
	await becomes(() => badgeOf(credential(of, key[0])), "live", "a key can live again");
	equal(await host("signed", ...key), 200, "and is accepted");
	await button(of, `Revoke… key ${key[0]}`).click();
	await inDialog(page, "Revoke").click();
	await becomes(() => badgeOf(credential(of, key[0])), "revoked", "revoked");
	equal(await host("signed", ...key), REFUSED, "it is refused for ever");

	ok(await isValid(login.access), "the token of a login is valid");
	await credential(of, "login").getByRole("button").click();
	await inDialog(page, "Revoke").click();
	await becomes(() => badgeOf(credential(of, "login")), "revoked", "the login is revoked");
	await becomes(() => isValid(login.access), false, "its token is refused", WITHIN);
	equal(await renewal(login.refresh), 400, "and its renewal");
	ok(await isValid((await logIn("several")).access), "the user can log in again");

	await page.reload();
	await of.locator("summary").first().click();
	await becomes(
		() => of.locator(".credentials > li").count(),
		3,
		"the live ones and the replaced one are left",
	);
	await of.getByLabel("Include ended ones").check();
	await becomes(() => of.locator(".credentials > li").count(), 7, "all, if wanted");
	await of.getByLabel("Include ended ones").uncheck();
	await becomes(() => of.locator(".credentials > li").count(), 3, "or not");
	await person.leave("credentials");
}

const badgeOf = (of) => of.locator(".badge").textContent();

async function oneself() {
	const { person, of } = await open("operator");
	await of.getByText("This is you").waitFor();
	equal(await button(of, "Revoke… operator").count(), 0, "the own user cannot be revoked");
	equal(await button(of, "Set end… operator").count(), 0, "nor ended");
	const { id } = await readUser("operator");
	equal((await request("POST", `/v1/users/${id}/revoke`)).status, 409, "the service would refuse it");
	await person.leave("the own user");
}

/** The pages of the service are made small, so that few users need several of them. */
async function pages() {
	for (const name of ["zoe-1", "zoe-2", "zoe-3"]) await addUser(name);
	for (const label of ["one", "two", "three"]) await host("token", "zoe-1", label);
	const { items } = await ask("GET", "/v1/users?limit=200");
	const all = items.map(({ name }) => name);
	const person = await Person.open();
	const asked = [];
	await person.context.route(/\/v1\/(users|credentials)\?/, (route) => {
		const url = new URL(route.request().url());
		url.searchParams.set("limit", "2");
		asked.push(url.pathname);
		return route.continue({ url: url.href });
	});
	const page = await person.enter("/users");
	await becomes(() => names(page), all.slice(0, 2), "the first page");
	const more = page.locator(".page > .action").getByRole("button", { name: "More" });
	await more.click();
	await becomes(() => names(page), all.slice(0, 4), "the next one");
	await page.keyboard.press("/");
	await page.keyboard.type("ZOE");
	await becomes(() => names(page), ["zoe-1", "zoe-2", "zoe-3"], "a search looks at all pages");
	await page.getByLabel("Search by name").fill("nobody");
	await page.getByRole("heading", { name: "No user has such a name" }).waitFor();
	await page.getByLabel("Search by name").fill("");
	await becomes(() => names(page), all, "without a search all are there");
	equal(await more.count(), 0, "there are no more");
	const of = row(page, "zoe-1");
	await of.locator("summary").first().click();
	await becomes(() => of.locator(".credentials > li").count(), 2, "credentials: the first page");
	await of.getByRole("button", { name: "More" }).click();
	await becomes(
		() => of.locator(".credentials strong").allTextContents(),
		["three", "two", "one"],
		"the next one",
	);
	ok(asked.includes("/v1/credentials"), "by the service's pages", asked);
	await person.leave("pages");
}

/** Names of users have neither blanks nor angle brackets; labels do (see credentials). */
async function hostileName() {
	const name = `'{{7*7}}$&%60&lt${"w".repeat(200)}`;
	await addUser(name);
	const { person, page, of } = await open(name, { viewport: { width: 390, height: 844 } });
	const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	ok(tooWide <= 0, "a very long name: the page is no wider than the screen", tooWide);
	await button(of, `Revoke… ${name}`).click();
	equal(await dialog(page).getByRole("heading").textContent(), `Revoke ${name}?`, "a dialog has it as it is");
	await inDialog(page, "Revoke").click();
	await becomes(async () => (await readUser(name)).state, "revoked", "and the user can be ended");
	await person.leave("hostile names");
}

await run({ endOfUser, credentials, oneself, pages, hostileName }, stop);
