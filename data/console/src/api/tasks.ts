/** Tasks: lists, one task and its history, changes, bulks, counts. */
import { call, read, type Answer } from "./http.ts";
import type { Attempt, BulkAction, BulkDryRun, HistoryEntry, Page, Stats, Task } from "./types.ts";

/** Conditions of a list, by the names of its parameters. */
export type Conditions = Record<string, string[]>;

const path = (id: string) => `/v1/tasks/${encodeURIComponent(id)}`;
/** The revision of a task is its ETag. */
const ifMatch = (task: Task) => ({ "If-Match": `"${task.revision}"` });

export interface ListRequest {
	conditions: Conditions;
	sort: string;
	limit: number;
	cursor?: string | undefined;
	etag?: string | undefined;
}

/** A page of a list; status 304 if its ETag is still `etag`. */
export function listTasks(request: ListRequest, signal?: AbortSignal): Promise<Answer<Page<Task>>> {
	const { conditions, sort, limit, cursor, etag } = request;
	const headers = etag ? { "If-None-Match": etag } : undefined;
	return call("GET", "/v1/tasks", {
		query: { ...conditions, sort, limit, cursor },
		headers: headers ?? {},
		signal,
	});
}

export function readTask(id: string, signal?: AbortSignal): Promise<Task> {
	return read(path(id), undefined, signal);
}

export function readHistory(id: string, before?: string, signal?: AbortSignal): Promise<Page<HistoryEntry>> {
	return read(`${path(id)}/history`, { before, limit: 100 }, signal);
}

export function readAttempts(
	id: string,
	signal?: AbortSignal,
): Promise<{ items: Attempt[]; complete: boolean }> {
	return read(`${path(id)}/attempts`, undefined, signal);
}

const STATS_PAGES = 10;
const STATS_PAGE = 1000; // kinds
/** With as many kinds, there may be others that were not read. */
export const KINDS_MAX = STATS_PAGES * STATS_PAGE;

/** The counts of the first KINDS_MAX kinds. */
export async function readStats(signal: AbortSignal): Promise<Stats> {
	const stats = await read<Stats>("/v1/stats", {}, signal);
	for (let page = 1; stats.next && page < STATS_PAGES; page++) {
		const more = await read<Stats>("/v1/stats", { cursor: stats.next }, signal);
		stats.items.push(...more.items);
		stats.next = more.next;
	}
	return stats;
}

export type Change = Partial<Pick<Task, "state" | "priority" | "not_before" | "max_attempts" | "archived">>;

/** This and each change below fails with 412 if the task has changed since it was read. */
export async function patchTask(task: Task, change: Change): Promise<Task> {
	return (await call<Task>("PATCH", path(task.id), { body: change, headers: ifMatch(task) })).data;
}

export async function retryTask(task: Task): Promise<Task> {
	return (await call<Task>("POST", `${path(task.id)}/retry`, { headers: ifMatch(task) })).data;
}

export async function archiveTask(task: Task): Promise<Task> {
	return (await call<Task>("POST", `${path(task.id)}/archive`, { headers: ifMatch(task) })).data;
}

export async function deleteTask(task: Task): Promise<void> {
	await call("DELETE", path(task.id), { headers: ifMatch(task) });
}

export interface BulkRequest {
	filter: Conditions;
	do: BulkAction;
	priority?: number | undefined;
}

/** Unwraps arrays of one value, because the service refuses arrays for conditions that take one value. */
function bulkBody({ filter, ...others }: BulkRequest): Record<string, unknown> {
	const members = Object.entries(filter).map(([name, all]) => [name, all.length === 1 ? all[0] : all]);
	return { ...others, filter: Object.fromEntries(members) };
}

export async function countBulk(request: BulkRequest): Promise<BulkDryRun> {
	return (await call<BulkDryRun>("POST", "/v1/bulk", { body: { ...bulkBody(request), dry_run: true } })).data;
}

/** Starts the bulk that a dry run counted; 409 if the number of tasks has changed since. Returns the bulk's task. */
export async function startBulk(request: BulkRequest, token: string): Promise<Task> {
	return (await call<Task>("POST", "/v1/bulk", { body: { ...bulkBody(request), token } })).data;
}

/** The counts of the task's dialect and kind, and the workers. */
export function readKindStats({ dialect, kind }: Task, signal?: AbortSignal): Promise<Stats> {
	return read("/v1/stats", { dialect, kind: kind ?? "" }, signal);
}
