/** The addresses of the pages, below /console/, and who may see them. */
import type { Right } from "../api/types.ts";
import { withTerm } from "./search.ts";

export const BASE = "/console";

export interface MenuEntry {
	/** Below the base. */
	path: string;
	name: string;
	/** Behind "g". */
	key: string;
	/** Without it the service refuses what the page shows; undefined: nothing is refused. */
	right?: Right;
}

/** The pages of the menu, in its order. */
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

/** The list of tasks with this text of a search. */
export function tasksPage(text: string): string {
	return text ? `${BASE}/tasks?q=${encodeURIComponent(text)}` : `${BASE}/tasks`;
}

/** The list of tasks with these conditions: { state: ["failed"] }. */
export function filteredTasksPage(conditions: Record<string, string[]>): string {
	const text = Object.entries(conditions).reduce((all, [name, values]) => withTerm(all, name, values), "");
	return tasksPage(text);
}
