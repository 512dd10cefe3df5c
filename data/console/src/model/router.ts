/** The address of the page. A click on a link below /console/ changes it without loading the page again. */
import { signal } from "@preact/signals";
import { BASE } from "./routes.ts";

export interface Place {
	/** Without a slash at its end, except for the base itself. */
	path: string;
	query: URLSearchParams;
}

function read(): Place {
	const path = location.pathname.replace(/\/+$/, "") || "/";
	return { path, query: new URLSearchParams(location.search) };
}

export const place = signal(read());

/** The address, without the host, of the page that linked to this one; empty: none. */
export function cameFrom(): string {
	return (history.state as { from?: string } | null)?.from ?? "";
}

/** Identifies the entry in the history of the browser: going back leads to an entry that was there before. */
export function entry(): number {
	return (history.state as { entry?: number } | null)?.entry ?? 0;
}

/** Goes to an address; with `replace` the present one is not kept in the history of the browser. */
export function go(address: string, replace = false): void {
	if (replace) history.replaceState(history.state, "", address);
	else history.pushState({ from: location.pathname + location.search, entry: Date.now() }, "", address);
	place.value = read();
}

function onClick(event: MouseEvent): void {
	if (
		event.defaultPrevented ||
		event.button ||
		event.metaKey ||
		event.ctrlKey ||
		event.shiftKey ||
		event.altKey
	)
		return;
	const link = (event.target as Element).closest?.("a[href]");
	if (!(link instanceof HTMLAnchorElement) || link.target || link.origin !== location.origin) return;
	const isPage = link.pathname === BASE || link.pathname.startsWith(`${BASE}/`);
	if (!isPage || link.getAttribute("href")?.startsWith("#")) return;
	event.preventDefault();
	go(link.href);
	window.scrollTo(0, 0);
}

export function startRouter(): void {
	window.addEventListener("popstate", () => (place.value = read()));
	document.addEventListener("click", onClick);
}
