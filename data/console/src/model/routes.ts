/** The addresses of the pages, below /console/. */
import { withTerm } from "./search.ts";

export const BASE = "/console";

export const taskPage = (id: string) => `${BASE}/tasks/${encodeURIComponent(id)}`;

/** The list of tasks with this text of a search. */
export function tasksPage(text: string): string {
	return text ? `${BASE}/tasks?q=${encodeURIComponent(text)}` : `${BASE}/tasks`;
}

/** The list of tasks with these conditions: { state: ["failed"] }. */
export function tasksWhere(conditions: Record<string, string[]>): string {
	const text = Object.entries(conditions).reduce((all, [name, values]) => withTerm(all, name, values), "");
	return tasksPage(text);
}
