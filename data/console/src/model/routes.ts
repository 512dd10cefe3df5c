/** The menu and the addresses of the pages, below /console/. */
import type { Right } from "../api/types.ts";
import { withTerm } from "./search.ts";

export const BASE = "/console";

export interface MenuEntry {
	/** Below the base. */
	path: string;
	name: string;
	/** The key that opens it after "g". */
	key: string;
	/** The right that the page needs; undefined: none. */
	right?: Right;
}

/** The entries of the menu, in its order. */
export const MENU = {
	overview: { path: "", name: "Overview", key: "o", right: "read" },
	tasks: { path: "/tasks", name: "Tasks", key: "t", right: "read" },
	workers: { path: "/workers", name: "Workers", key: "w", right: "read" },
	events: { path: "/events", name: "Events", key: "e", right: "read" },
	webhooks: { path: "/webhooks", name: "Webhooks", key: "h", right: "admin" },
	users: { path: "/users", name: "Users", key: "u", right: "admin" },
	api: { path: "/api", name: "API", key: "a" },
} satisfies Record<string, MenuEntry>;

export const taskPage = (id: string) => `${BASE}/tasks/${encodeURIComponent(id)}`;

/** The address of the list of tasks with this search text. */
export function tasksPage(text: string): string {
	return text ? `${BASE}/tasks?q=${encodeURIComponent(text)}` : `${BASE}/tasks`;
}

/** The address of the list of tasks with these conditions, such as { state: ["failed"] }. */
export function filteredTasksPage(conditions: Record<string, string[]>): string {
	const text = Object.entries(conditions).reduce((all, [name, values]) => withTerm(all, name, values), "");
	return tasksPage(text);
}
