/** Workers: when they were seen, what they hold, and their drains. */
import { call, read } from "./http.ts";
import type { Workers } from "./types.ts";

const PAGES = 10; // of 1000 workers; the service keeps the times of 4,096

/** All workers of the tenant, so that those with a problem are found wherever their names are. */
export async function readWorkers(signal: AbortSignal): Promise<Workers> {
	let all = await read<Workers>("/v1/workers", {}, signal);
	for (let page = 1; page < PAGES && all.next; page++) {
		const more = await read<Workers>("/v1/workers", { cursor: all.next }, signal);
		all = { ...more, items: [...all.items, ...more.items], complete: all.complete && more.complete };
	}
	return all;
}

/** `*` stands for all workers, also those that are not known yet; it is a drain of its own. */
export async function setDrain(name: string, drain: boolean): Promise<void> {
	await call("POST", `/v1/workers/${encodeURIComponent(name)}/drain`, { body: { drain } });
}

/** A browser resolves these as parts of a path, so that no request can name them. */
export function hasAddress(name: string): boolean {
	return !/\\|(^|\/)\.\.?(\/|$)/.test(name);
}
