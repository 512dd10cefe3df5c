// axe-core on the dialogs of each page, and on the pages of one webhook, one user and each API.
import { inDialog, isAccessible, SIZES } from "./axe.mjs";
import { Person, stop } from "./browser.mjs";
import { host, ok, run } from "./harness.mjs";
import { addHook, dialog, endTask, Receiver } from "./receiver.mjs";
import { ask, change, create } from "./service.mjs";

const CODE = `<b>${"long ".repeat(40)}</b>`;
const LOOKS = [
	["light", "wide"],
	["dark", "phone"],
];
const OTHERS = [
	["light", "phone"],
	["dark", "wide"],
];

const click = (page, name) => () => page.getByRole("button", { name, exact: true }).first().click();

async function everyDialog(page, name, buttons) {
	for (const button of buttons) await inDialog(page, `${name}: ${button}`, click(page, button));
}

async function look([colorScheme, size], visit) {
	const name = `${colorScheme}, ${size}`;
	const person = await Person.open({ colorScheme, viewport: SIZES[size] });
	await visit(person, name);
	await person.leave(name);
}

async function tasks() {
	const { id: waits } = await create({ kind: "looked", fields: { name: "waits" } });
	const { id: failed } = await create({ kind: "looked", fields: { name: "has failed" } });
	await change(failed, { state: "failed", error: "broken" });
	await ask("POST", `/v1/tasks/${failed}/archive`);
	for (const one of LOOKS)
		await look(one, async (person, name) => {
			const page = await person.enter(`/tasks/${waits}`);
			await everyDialog(page, `${name}: a task`, ["Cancel…", "Prioritize…", "Archive…", "Delete…"]);
			await person.go(`/tasks/${failed}`);
			await everyDialog(page, `${name}: an archived task`, ["Retry…", "Unarchive…"]);
		});
}

async function webhook() {
	const receiver = await Receiver.open();
	receiver.text = CODE;
	const hook = await addHook({ url: receiver.url, name: "looked at", filter: { kinds: ["told"] } });
	await endTask("told");
	receiver.status = 500;
	await ask("POST", `/v1/webhooks/${hook.id}/test`);
	for (const one of LOOKS)
		await look(one, async (person, name) => {
			const page = await person.enter("/webhooks");
			await everyDialog(page, `${name}: webhooks`, ["Add…"]);
			await person.go(`/webhooks/${hook.id}`);
			const again = "Deliver failed ones again…";
			await everyDialog(page, name, ["Test…", "Change…", "New secret…", "Delete…", again]);
			await inDialog(page, `${name}: the secret`, async () => {
				await click(page, "New secret…")();
				await dialog(page)
					.getByLabel(/^Hours/)
					.fill("0");
				await click(page, "Make a new secret")();
				const secret = page.getByRole("dialog", { name: "The secret" });
				await host("secret", await secret.locator("pre").textContent());
			});
			const rows = page.locator(".deliveries > li");
			await rows.nth(1).waitFor();
			for (const at of [0, 1]) await rows.nth(at).locator("summary").first().click();
			await rows.nth(1).locator(".json").waitFor();
			await isAccessible(page, `${name}: one webhook, open deliveries`);
			await click(page, "Disable")();
			await inDialog(page, `${name}: Enable…`, click(page, "Enable…"));
			await click(page, "Enable…")();
			await click(page, "Events from now on")();
			await page.getByRole("button", { name: "Disable" }).waitFor();
		});
	for (const one of OTHERS)
		await look(one, async (person, name) => {
			const page = await person.enter(`/webhooks/${hook.id}`);
			await page.locator(".deliveries > li").first().waitFor();
			await isAccessible(page, `${name}: one webhook`);
		});
	receiver.close();
	await ask("DELETE", `/v1/webhooks/${hook.id}`);
}

async function users() {
	await host("ctl", "user", "add", "looked", "--tenant", "demo", "--rights", "read");
	await host("token", "looked", "looked's");
	for (const one of LOOKS)
		await look(one, async (person, name) => {
			const page = await person.enter("/users");
			const row = page.locator(".users > li").filter({ hasText: "looked" });
			await row.locator("summary").first().click();
			await row.locator(".credentials > li").waitFor();
			await isAccessible(page, `${name}: one user`);
			const buttons = [
				"Set end… looked",
				"Revoke… looked",
				"Set end… token looked's",
				"Revoke… token looked's",
			];
			await everyDialog(page, name, buttons);
		});
}

async function workers() {
	for (const kind of ["taken", "also"]) {
		await create({ kind });
		await ask("POST", "/v1/claims", {
			worker: "encoder-1",
			kinds: [kind],
			lease_seconds: 300,
			confirm_seconds: 60,
		});
	}
	for (const one of LOOKS)
		await look(one, async (person, name) => {
			const page = await person.enter("/workers");
			await everyDialog(page, name, ["Drain encoder-1", "Drain all…"]);
			await ask("POST", "/v1/workers/*/drain", { drain: true });
			await page.reload();
			await page.locator(".notice").waitFor();
			await isAccessible(page, `${name}: all workers are drained`);
			await ask("POST", "/v1/workers/*/drain", { drain: false });
		});
}

async function apis() {
	for (const one of [...LOOKS, ...OTHERS])
		await look(one, async (person, name) => {
			const page = await person.enter("/api");
			const links = page.getByRole("navigation", { name: "APIs" }).getByRole("link");
			await links.nth(5).waitFor();
			const names = await links.allTextContents();
			// Colours and widths do not depend on the API: each has two looks of the four.
			for (const [at, link] of names.entries()) {
				if (OTHERS.includes(one) && at) continue;
				await links.nth(at).click();
				await page.locator(".api-path").first().waitFor();
				await page.locator(".api-path summary").first().click();
				await isAccessible(page, `${name}: API ${link}`);
			}
			ok(names.length >= 6, `${name}: all APIs`, names);
		});
}

await run({ tasks, webhook, users, workers, apis }, stop);
