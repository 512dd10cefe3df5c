/** Workers: when they were seen, which tasks they hold, and drains. */
import { call, read } from "./http.ts";
import type { Workers } from "./types.ts";

const PAGES = 10; // of 1000 workers; the service keeps the times of 4,096

/** All workers of the tenant, because those with a problem can be on any page. */
export async function readWorkers(signal: AbortSignal): Promise<Workers> {
	let all = await read<Workers>("/v1/workers", {}, signal);
	for (let page = 1; page < PAGES && all.next; page++) {
		const more = await read<Workers>("/v1/workers", { cursor: all.next }, signal);
		all = { ...more, items: [...all.items, ...more.items], complete: all.complete && more.complete };
	}
	return all;
}

/** The name `*` drains all workers, also those not known yet; it does not change the drains of single workers. */
export async function setDrain(name: string, drain: boolean): Promise<void> {
	await call("POST", `/v1/workers/${encodeURIComponent(name)}/drain`, { body: { drain } });
}

/** False for names that a browser changes in a path, such as `..`: no request can address these workers. */
export function hasAddress(name: string): boolean {
	return !/\\|(^|\/)\.\.?(\/|$)/.test(name);
}
