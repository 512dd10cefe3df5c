// Checks of a page or a dialog by axe-core, of its width, and of the size of its targets.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { becomes, ok } from "./harness.mjs";
import { smallTargets } from "./targets.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
export const SIZES = { wide: { width: 1400, height: 900 }, phone: { width: 390, height: 844 } };

/** The violations, each in one line. */
async function violations(page) {
	if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(`${AXE}; undefined`);
	return page.evaluate(async (values) => {
		const found = await globalThis.axe.run(document, {
			runOnly: { type: "tag", values },
			resultTypes: ["violations"],
		});
		return found.violations.flatMap(({ id, help, nodes }) =>
			nodes
				.slice(0, 3)
				.map(({ html, any }) => `${id}: ${help}: ${html.slice(0, 200)} ${any[0]?.message ?? ""}`),
		);
	}, RULES);
}

export async function isAccessible(page, name) {
	await becomes(() => page.locator(".loading").count(), 0, `${name}: it has been read`);
	const found = await violations(page);
	ok(!found.length, `${name}: axe finds nothing`, found.join("\n"));
	const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	ok(tooWide <= 0, `${name}: no wider than the screen`, tooWide);
	const small = await page.evaluate(smallTargets);
	ok(!small.length, `${name}: targets are large enough, or far apart`, small.join("\n"));
	const titled = await page.title();
	ok(titled.includes("Polytask"), `${name}: has a title`, titled);
}

/** Opens a dialog, looks at it, and closes it by Escape. */
export async function inDialog(page, name, open) {
	await open();
	await page.getByRole("dialog").waitFor();
	await isAccessible(page, `${name}: dialog`);
	await page.keyboard.press("Escape");
	await becomes(() => page.getByRole("dialog").count(), 0, `${name}: Escape closes it`);
}
