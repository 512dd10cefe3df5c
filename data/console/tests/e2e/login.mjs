// Login and logout: passwords, pasted tokens, the end of a session, tabs.
import { Person, status, stop } from "./browser.mjs";
import { becomes, equal, host, ok, run, until } from "./harness.mjs";
import { ADDRESS, request, USERS } from "./service.mjs";

const { password } = USERS.operator;
const WITHIN = 10; // seconds, in which nginx forgets that a token was valid

const isValid = async (token) => (await request("GET", "/v1/me", undefined, { token })).status === 200;
/** The status of a renewal with this refresh token. */
async function renewal(token) {
	const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: token });
	return (await fetch(`${ADDRESS}/v1/token`, { method: "POST", body })).status;
}

const form = (page) => page.locator("main.login form");
const nav = (page) => page.getByRole("navigation", { name: "Pages" });

async function fill(page, name, text) {
	await page.getByLabel("Name").fill(name);
	await page.getByLabel("Password").fill(text);
	await page.getByRole("button", { name: "Log in" }).click();
}

async function paste(page, token) {
	await page.getByRole("button", { name: "Use a token" }).click();
	await page.getByLabel("Token").fill(token);
	await page.getByRole("button", { name: "Log in" }).click();
}

/** Checks that the token is nowhere but in sessionStorage and in the page's memory. */
async function isHidden(person, token, name) {
	const page = person.page;
	const places = await page.evaluate(() => ({
		address: location.href,
		localStorage: JSON.stringify(localStorage),
		cookie: document.cookie,
		page: document.documentElement.outerHTML,
		fields: [...document.querySelectorAll("input")].map(({ value }) => value).join(),
		history: JSON.stringify(history.state),
		name: window.name,
	}));
	const found = Object.keys(places).filter((place) => places[place].includes(token));
	equal(found, [], `${name}: the token is in none of ${Object.keys(places)}`);
	ok(!person.addresses.some((address) => address.includes(token)), `${name}: and in no address of a request`);
	const cookies = await person.context.cookies();
	equal(cookies.length, 0, `${name}: no cookies`);
}

async function withPassword() {
	const person = await Person.open();
	const { page } = person;
	await person.go("/tasks?q=state%3Afailed");
	await form(page).waitFor();
	await becomes(() => page.evaluate(() => document.activeElement?.name), "name", "the name has the focus");
	await fill(page, "operator", "a wrong password");
	await page.getByRole("alert").waitFor();
	ok(await form(page).isVisible(), "a wrong password: a message, and the form stays");
	equal(await page.getByLabel("Name").inputValue(), "operator", "with the name");
	equal(await person.session(), undefined, "nothing is kept");
	await fill(page, "operator", password);
	await nav(page).waitFor();
	ok(
		page.url().endsWith("/console/tasks?q=state%3Afailed"),
		"the right one: the page that was asked for",
		page.url(),
	);
	const { token, refresh } = await person.session();
	await host("secret", token);
	await host("secret", refresh);
	await isHidden(person, token, "login by password");
	ok(await isValid(token), "the token is valid");

	await page.reload();
	await nav(page).waitFor();
	equal((await person.session()).token, token, "a reload keeps the session");
	const other = await person.tab();
	await person.go("/tasks", other);
	await form(other).waitFor();
	ok(true, "another tab has none");
	await other.close();

	await page.getByRole("link", { name: "API", exact: true }).click();
	await page.waitForURL(/\/api$/);
	await page.getByRole("button", { name: "Log out" }).click();
	await form(page).waitFor();
	equal(await person.session(), undefined, "logged out: nothing is kept");
	await becomes(() => isValid(token), false, "the token is refused afterwards", WITHIN);
	equal(await renewal(refresh), 400, "and so is its renewal");
	await page.goBack();
	await page.waitForURL(/failed$/);
	await form(page).waitFor();
	ok(true, "the back button shows no data");
	await person.leave("login by password", status(400, 401));
}

/** A person with a login by password, and the session of it. */
async function loggedIn() {
	const person = await Person.open();
	const { page } = person;
	await person.go("/tasks");
	await fill(page, "operator", password);
	await nav(page).waitFor();
	return { person, page, first: await person.session() };
}

async function byRenewal() {
	const { person, page, first } = await loggedIn();
	await page.evaluate(
		(kept) => sessionStorage.setItem("polytask.session", JSON.stringify({ ...kept, renewAt: 0 })),
		first,
	);
	await page.reload();
	await until(async () => (await person.session())?.token !== first.token);
	const second = await person.session();
	ok(
		second.token !== first.token && second.refresh !== first.refresh,
		"shortly before its end a token is replaced",
	);
	for (const secret of [first.token, first.refresh, second.token, second.refresh])
		await host("secret", secret);
	await nav(page).waitFor();
	ok(second.renewAt > Date.now() + 60_000, "the next time is when that one ends", second.renewAt);
	await becomes(() => isValid(first.token), false, "the one before is refused", WITHIN);
	ok(await isValid(second.token), "the new one is valid");
	await page.getByRole("link", { name: "Tasks" }).click();
	await page.getByRole("heading", { level: 1, name: "Tasks" }).waitFor();
	await person.leave("renewal", status(401));
}

async function withToken() {
	const person = await Person.open();
	const { page } = person;
	const token = await host("token", "operator", "pasted");
	await person.go("/tasks");
	await paste(page, "pt_0000000000000000000000000000000000000000000");
	await page.getByRole("alert").waitFor();
	equal(await person.session(), undefined, "a token that is not valid: a message, nothing is kept");
	await page.getByLabel("Token").fill(`  ${token}\n`);
	await page.getByRole("button", { name: "Log in" }).click();
	await nav(page).waitFor();
	await isHidden(person, token, "a pasted token");

	await page.getByRole("button", { name: "Log out" }).click();
	const dialog = page.getByRole("dialog", { name: "Log out" });
	await dialog.waitFor();
	await page.keyboard.press("Escape");
	await dialog.waitFor({ state: "hidden" });
	ok(await nav(page).isVisible(), "log out with a pasted token asks first; Escape stays");
	await page.getByRole("button", { name: "Log out" }).click();
	await dialog.getByRole("button", { name: "Forget it here" }).click();
	await form(page).waitFor();
	equal(await person.session(), undefined, "forget it here: nothing is kept");
	ok(await isValid(token), "but the token is still valid");

	await paste(page, token);
	await nav(page).waitFor();
	await page.getByRole("button", { name: "Log out" }).click();
	await dialog.getByRole("button", { name: "Revoke the token" }).click();
	await form(page).waitFor();
	await becomes(() => isValid(token), false, "revoke it: the token is refused afterwards", WITHIN);
	await person.leave("a pasted token", status(401));
}

async function ended() {
	const person = await Person.open();
	const { page } = person;
	const token = await host("token", "operator", "ending");
	const path = "/tasks?q=state%3Apending%20kind%3Aencode";
	await person.go(path);
	await paste(page, token);
	await nav(page).waitFor();
	await host("ctl", "token", "revoke", "ending");
	await becomes(() => isValid(token), false, "a token is revoked elsewhere", WITHIN);
	await page.getByRole("button", { name: /^running/ }).click();
	await form(page).waitFor();
	const farewell = await page.getByRole("status").textContent();
	ok(farewell.length > 10, "the login page shows the reason", farewell);
	const address = page.url();
	equal(await person.session(), undefined, "the session has ended");
	await fill(page, "operator", password);
	await page.getByRole("heading", { level: 1, name: "Tasks" }).waitFor();
	equal(page.url(), address, "after a login: the same page");
	const search = await page.getByRole("combobox").inputValue();
	ok(/kind:encode/.test(search) && /running/.test(search), "with the same search", search);
	await person.leave("the end of a token", status(401));
}

/** A tab that was duplicated has the same tokens, and both replace them at the same time. */
async function duplicated() {
	const { person, page, first } = await loggedIn();
	const due = JSON.stringify({ ...first, renewAt: 0 });
	const other = await person.tab();
	const copy = (text) =>
		sessionStorage.getItem("polytask.session") ?? sessionStorage.setItem("polytask.session", text);
	await other.addInitScript(copy, due);
	await page.evaluate((text) => sessionStorage.setItem("polytask.session", text), due);
	await Promise.all([page.reload(), person.go("/tasks", other)]);
	const tokens = async () => [(await person.session())?.token, (await person.session(other))?.token];
	await until(async () => (await tokens()).every((token) => token && token !== first.token));
	const [one, two] = await tokens();
	equal([two, one === first.token], [one, false], "two tabs of one login have the same new token");
	await person.page.waitForTimeout(500);
	ok(await isValid(one), "it is valid: no refresh token was used twice");
	for (const { token, refresh } of [first, await person.session()])
		for (const secret of [token, refresh]) await host("secret", secret);

	const present = await person.session();
	let answered;
	const isAnswered = new Promise((resolve) => (answered = resolve));
	let release;
	const isReleased = new Promise((resolve) => (release = resolve));
	await page.route("**/v1/token", async (route) => {
		const response = await route.fetch();
		answered(JSON.parse(await response.text()));
		await isReleased;
		await route.fulfill({ response }).catch(() => {});
	});
	await page.evaluate(
		(kept) => sessionStorage.setItem("polytask.session", JSON.stringify({ ...kept, renewAt: 0 })),
		present,
	);
	await page.reload();
	await nav(page).waitFor();
	const next = await isAnswered;
	for (const secret of [next.access_token, next.refresh_token]) await host("secret", secret);
	await page.getByRole("button", { name: "Log out" }).click();
	await form(page).waitFor();
	release();
	await becomes(
		() => isValid(next.access_token),
		false,
		"a log out during a renewal ends the new token",
		WITHIN,
	);
	equal(await renewal(next.refresh_token), 400, "and its renewal");
	equal(await person.session(), undefined, "and nothing is kept");
	await form(other).waitFor();
	ok(true, "the other tab has logged out as well");
	await person.leave("tabs of one login", status(400, 401));
}

/** A tab with the session of another one, as after "Duplicate". */
async function copied(person, session) {
	const other = await person.tab();
	await other.addInitScript((text) => {
		if (!sessionStorage.getItem("begun")) sessionStorage.setItem("polytask.session", text);
		sessionStorage.setItem("begun", "yes");
	}, JSON.stringify(session));
	await person.go("/tasks", other);
	await nav(other).waitFor();
	return other;
}

/** What a tab shows beside the form: the reason. */
async function isLoggedOut(page, name) {
	await form(page).waitFor();
	ok(
		/another tab/.test(await page.getByRole("status").textContent()),
		`${name}: the login page has the reason`,
	);
	equal(await page.locator(".shell").count(), 0, `${name}: nothing else is shown`);
}

async function leaving() {
	const { person, page, first } = await loggedIn();
	const other = await copied(person, first);
	const strangers = [await person.enter("/tasks", "viewer", await person.tab()), await person.tab()];
	await person.go("/tasks", strangers[1]);
	await fill(strangers[1], "operator", password);
	await nav(strangers[1]).waitFor();
	const heard = await person.tab();
	await person.go("/", heard);
	await heard.evaluate(() => {
		globalThis.heard = [];
		new BroadcastChannel("polytask.session").onmessage = ({ data }) => globalThis.heard.push(data);
	});
	await page.getByRole("button", { name: "Log out" }).click();
	await isLoggedOut(other, "a duplicated tab");
	equal(await person.session(other), undefined, "a duplicated tab: nothing is kept");
	const told = await heard.evaluate(() => globalThis.heard);
	equal([told.length, Object.keys(told[0])], [1, ["ended"]], "one message between the tabs");
	ok(
		![first.token, first.refresh].some((secret) => JSON.stringify(told).includes(secret)),
		"without a token",
	);
	for (const stranger of strangers) {
		ok(await nav(stranger).isVisible(), "a tab with another login goes on");
		await stranger.getByRole("link", { name: "API", exact: true }).click();
		await stranger.waitForURL(/\/api$/);
	}
	for (const session of [first, await person.session(strangers[1])])
		for (const secret of [session.token, session.refresh]) await host("secret", secret);

	const token = await host("token", "operator", "in two tabs");
	const tabs = [page, other];
	for (const tab of tabs) {
		await paste(tab, token);
		await nav(tab).waitFor();
	}
	const leave = async (name) => {
		await page.getByRole("button", { name: "Log out" }).click();
		await page.getByRole("dialog").getByRole("button", { name }).click();
		await form(page).waitFor();
	};
	await leave("Forget it here");
	await paste(page, token);
	await nav(page).waitFor();
	ok(await nav(other).isVisible(), "a pasted token that one tab forgets: the other one goes on");
	await leave("Revoke the token");
	await isLoggedOut(other, "a pasted token that one tab revokes");
	await person.leave("a log out and other tabs", status(401));
}

await run({ withPassword, byRenewal, withToken, ended, duplicated, leaving }, stop);
