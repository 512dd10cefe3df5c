// Deliveries of webhooks: receivers that fail, deliveries that are sent again, pages and a filter.
import { stop } from "./browser.mjs";
import { becomes, equal, ok, run } from "./harness.mjs";
import { addHook, dialog, endTask, head, inDialog, openHook, Receiver, removeHook } from "./receiver.mjs";
import { ask, createMany } from "./service.mjs";

const MARKUP = `<img src=x onerror="ran.push('hook')"><script>ran.push("script")</script>`;
const PAGE = 50; // deliveries
const MANY = 105; // more than one request delivers again

const rows = (page) => page.locator(".deliveries > li");
const badges = (page) => page.locator(".deliveries summary .badge").allTextContents();
const test = ({ id }) => ask("POST", `/v1/webhooks/${id}/test`);

/** The deliveries of a webhook, as [state, attempts]. */
async function delivered(hook, query = "") {
	const { items } = await ask("GET", `/v1/webhooks/${hook.id}/deliveries?limit=100${query}`);
	return items.map(({ state, attempts }) => [state, attempts]);
}

async function failing() {
	const receiver = await Receiver.open();
	receiver.status = 500;
	receiver.text = `broken ${MARKUP}`;
	const hook = await addHook({ url: receiver.url, name: "failing", filter: { kinds: ["failing"] } });
	const { person, page } = await openHook(hook);
	const id = await endTask("failing", { name: MARKUP });
	await becomes(() => rows(page).count(), 1, "a delivery appears");
	const row = rows(page).first();
	await becomes(
		async () =>
			/pending.*\d attempts?, next .*not 2xx/.test(await row.locator("summary").first().textContent()),
		true,
		"with its failure, and when it is tried again",
	);
	await row.locator("summary").first().click();
	await row.locator("ol pre").first().waitFor();
	equal(await row.locator("ol pre").first().textContent(), receiver.text, "the receiver's answer, as text");
	const details = await row.textContent();
	ok(/ms: 500/.test(details), "the log of attempts has the status", details);
	for (const name of ["task:", "fields:"])
		await row.locator(".json summary").filter({ hasText: name }).click();
	await becomes(
		async () => (await row.locator(".json").textContent()).includes(`name: ${JSON.stringify(MARKUP)}`),
		true,
		"the body has the task's text, as text",
	);
	equal(
		await row.getByRole("button", { name: "Deliver again" }).count(),
		0,
		"a pending one is not delivered again",
	);
	equal(await row.getByRole("link").getAttribute("href"), `/console/tasks/${id}`, "it leads to the task");
	const facts = page.locator("dl").first();
	await becomes(() => facts.locator(".badge").textContent(), "failing", "the webhook is failing");
	await becomes(async () => /last status 500/.test(await facts.textContent()), true, "with the last status");
	await head(page, "Test…").click();
	await becomes(() => dialog(page).getByRole("status").textContent(), "Result: failed", "a test fails");
	equal(await dialog(page).locator("pre").textContent(), receiver.text, "and shows the answer as text");
	await page.keyboard.press("Escape");
	await person.leave("failing");
	await removeHook(hook);
	receiver.close();
}

async function again() {
	const receiver = await Receiver.open();
	receiver.status = 500;
	const hook = await addHook({
		url: receiver.url,
		name: "again",
		max_parallel: 16,
		filter: { kinds: ["none"] },
	});
	const first = await test(hook);
	await becomes(() => delivered(hook), [["failed", 1]], "a test has failed");
	const { person, page } = await openHook(hook);
	await becomes(() => badges(page), ["failed"], "the page shows it");
	receiver.status = 200;
	await rows(page).first().locator("summary").click();
	await rows(page).first().getByRole("button", { name: "Deliver again" }).click();
	await becomes(
		() => delivered(hook, "&state=delivered").then((all) => all.length),
		1,
		"one is delivered again",
	);
	await becomes(() => badges(page), ["delivered"], "the page shows it");
	equal(
		receiver.calls.map(({ headers }) => headers["webhook-id"]),
		[first.id, first.id],
		"the receiver got the same delivery twice",
	);

	receiver.status = 500;
	for (let made = 0; made < MANY; made++) await test(hook);
	const failed = async () => {
		let count = 0;
		let before = "";
		do {
			const { items, next } = await ask(
				"GET",
				`/v1/webhooks/${hook.id}/deliveries?state=failed&limit=100${before}`,
			);
			count += items.length;
			before = next ? `&before=${encodeURIComponent(next)}` : "";
		} while (before);
		return count;
	};
	await becomes(failed, MANY, "many tests have failed", 40);
	receiver.status = 200;
	receiver.calls.length = 0;
	const opener = page.getByRole("button", { name: "Deliver failed ones again…" });
	await opener.click();
	await dialog(page).getByLabel("Created from").fill("2001-01-01T00:00");
	await dialog(page).getByLabel("to", { exact: true }).fill("2001-01-02T00:00");
	await inDialog(page, "Deliver again").click();
	await becomes(
		() => dialog(page).getByRole("status").textContent(),
		"0 deliveries will be sent again.",
		"a range without any",
	);
	equal(await failed(), MANY, "nothing is sent");
	await page.keyboard.press("Escape");
	await opener.click();
	await inDialog(page, "Deliver again").click();
	await becomes(
		() => dialog(page).getByRole("status").textContent(),
		`${MANY} deliveries will be sent again.`,
		"the last day: all that failed, by several requests",
	);
	await becomes(
		() => new Set(receiver.calls.map(({ headers }) => headers["webhook-id"])).size,
		MANY,
		"they are sent",
		40,
	);
	equal(receiver.calls.length, MANY, "each once");
	await becomes(failed, 0, "none has failed any more");
	await person.leave("again");
	await removeHook(hook);
	receiver.close();
}

async function paging() {
	const receiver = await Receiver.open();
	const filter = { kinds: ["paged"], types: ["task.created"] };
	const hook = await addHook({ url: receiver.url, name: "paged", max_parallel: 16, filter });
	const ids = await createMany(Array.from({ length: PAGE + 10 }, () => ({ kind: "paged" })));
	await becomes(
		() => new Set(receiver.calls.map(({ headers }) => headers["webhook-id"])).size,
		ids.length,
		"delivered",
	);
	receiver.status = 404;
	await test(hook);
	await becomes(() => delivered(hook, "&state=failed"), [["failed", 1]], "and one test that fails");
	const { person, page } = await openHook(hook);
	await becomes(() => rows(page).count(), PAGE, "the newest ones");
	equal((await badges(page))[0], "failed", "the newest is the first");
	const older = page.getByRole("button", { name: "Older deliveries" });
	await older.click();
	await becomes(() => rows(page).count(), ids.length + 1, "then all");
	await becomes(() => older.count(), 0, "there are no older ones");
	const state = page.getByLabel("State", { exact: true });
	await state.selectOption("failed");
	await becomes(() => badges(page), ["failed"], "a filter by state");
	ok(page.url().endsWith("?state=failed"), "which the address has", page.url());
	await page.reload();
	await becomes(() => badges(page), ["failed"], "also after a reload");
	await state.selectOption("pending");
	await page.getByRole("heading", { name: "No deliveries" }).waitFor();
	await state.selectOption("delivered");
	await becomes(async () => [...new Set(await badges(page))], ["delivered"], "another one");
	await state.selectOption("");
	await becomes(() => rows(page).count(), PAGE, "any: the newest ones again");
	await person.leave("paging");
	await removeHook(hook);
	receiver.close();
}

await run({ failing, again, paging }, stop);
