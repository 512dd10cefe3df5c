// A receiver of webhooks, webhooks that send to it, and their pages.
import { once } from "node:events";
import { createServer } from "node:http";
import { Person } from "./browser.mjs";
import { host } from "./harness.mjs";
import { ask, change, create } from "./service.mjs";

/** Has what it was sent in `calls`: { path, headers, body }. `status` and `text` are its answer to what follows. */
export class Receiver {
	calls = [];
	status = 200;
	text = "";

	static async open() {
		const receiver = new Receiver();
		receiver.server = createServer((message, response) => {
			const parts = [];
			message.on("data", (part) => parts.push(part));
			message.on("end", () => {
				const body = Buffer.concat(parts).toString();
				receiver.calls.push({ path: message.url, headers: message.headers, body });
				response.writeHead(receiver.status).end(receiver.text);
			});
		}).listen(0, "127.0.0.1");
		await once(receiver.server, "listening");
		receiver.url = `http://127.0.0.1:${receiver.server.address().port}/hook`;
		return receiver;
	}

	/** The requests about a task. */
	about(id) {
		return this.calls.filter(({ body }) => body.includes(id));
	}

	close() {
		this.server.close();
		this.server.closeAllConnections();
	}
}

export async function addHook(members) {
	const hook = await ask("POST", "/v1/webhooks", members);
	if (hook.secret) await host("secret", hook.secret);
	return hook;
}

export const removeHook = ({ id }) => ask("DELETE", `/v1/webhooks/${id}`);

/** A task that succeeds at once. */
export async function endTask(kind, fields = { name: "ends" }) {
	const { id } = await create({ kind, fields });
	await change(id, { state: "succeeded" });
	return id;
}

/** The page of a webhook. */
export async function openHook(hook, options) {
	const person = await Person.open(options);
	const page = await person.enter(`/webhooks/${hook.id}`);
	await page.getByRole("heading", { level: 1, name: hook.name ?? hook.url }).waitFor();
	return { person, page };
}

export const dialog = (page) => page.getByRole("dialog");
export const inDialog = (page, name) => dialog(page).getByRole("button", { name, exact: true });
/** A button of the page's head. */
export const head = (page, name) =>
	page.locator("main header").first().getByRole("button", { name, exact: true });
