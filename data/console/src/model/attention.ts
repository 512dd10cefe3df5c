/** The notices of the overview: a sentence for each problem, with a link to the page that helps. Urgent ones first. */
import type { Health, Series, WebhookHealth } from "../api/overview.ts";
import type { Caller, Stats, Worker } from "../api/types.ts";
import { duration } from "./clock.ts";
import { byDialect, totalsOf } from "./totals.ts";
import { BASE, tasksPage } from "./routes.ts";
import { countTasks, dialectName } from "./states.ts";

export interface Notice {
	isUrgent: boolean;
	text: string;
	/** The address of the page that helps, and the text of the link; empty: none. */
	href: string;
	link: string;
}

export interface Facts {
	stats: Stats;
	/** The last RECENT seconds by minutes. undefined: the service does not offer it, as `health`. */
	recent: Series | undefined;
	health: Health | undefined;
	webhooks: WebhookHealth[];
	caller: Pick<Caller, "tasks" | "bytes">;
}

export const RECENT = 300; // seconds in which a backlog grows
const SILENT = 60_000; // ms after which a worker counts as gone, and a ready task as late
const GROWTH = 10; // tasks; a smaller growth is not reported
const NEAR = 0.9; // of a quota
const NAMED = 3; // workers that a notice names

const sum = (counts: number[]) => counts.reduce((all, count) => all + count, 0);
const notice = (isUrgent: boolean, text: string, href = "", link = ""): Notice => ({
	isUrgent,
	text,
	href,
	link,
});

const TURNS = /[\u202A-\u202E\u2066-\u2069]/g; // the direction of writing, until further ones or the end of the line
const LEFTWARD = /[\u0590-\u08FF\u200F\uFB1D-\uFEFC]/;

/** A name in a sentence, which must not turn the rest of it. */
function isolated(name: string): string {
	const calm = name.replace(TURNS, "");
	return LEFTWARD.test(calm) ? `\u2068${calm}\u2069` : calm;
}

function names(list: { name: string }[]): string {
	const more = list.length - NAMED;
	const first = list.slice(0, NAMED).map(({ name }) => isolated(name));
	return first.join(", ") + (more > 0 ? ` and ${more.toLocaleString()} more` : "");
}

function ofHealth({ health }: Facts): Notice[] {
	// The other notices cover the checks of the tenant, with more detail.
	const checks = health?.checks.filter(({ name }) => !name.startsWith("tenant_")) ?? [];
	return checks.flatMap(({ advice }) => (advice ? notice(true, advice) : []));
}

function ofQuota({ caller }: Facts): Notice[] {
	return (["tasks", "bytes"] as const).flatMap((what) => {
		const { used, limit } = caller[what];
		if (!limit || used < limit * NEAR) return [];
		const isFull = used >= limit;
		const share = `${Math.floor((used / limit) * 100)} % of the quota of ${what} is used`;
		const text = `${share}: ${used.toLocaleString()} of ${limit.toLocaleString()}.`;
		const href = tasksPage("state:succeeded,failed,cancelled sort:created");
		return notice(isFull, isFull ? `${text} New tasks are refused.` : text, href, "Tasks that have ended");
	});
}

function ofWorkers({ stats }: Facts): Notice[] {
	const { items = [], drain_all = false } = stats.workers ?? {};
	const at = Date.parse(stats.at);
	const isSilent = ({ last_seen_at }: Worker) => !last_seen_at || at - Date.parse(last_seen_at) > SILENT;
	const link = (isUrgent: boolean, text: string) => notice(isUrgent, text, `${BASE}/workers`, "Workers");
	const dead = items.filter((worker) => worker.tasks && isSilent(worker));
	const drained = items.filter(({ drain }) => drain);
	const { ready, endedMinute, oldest } = totalsOf(stats.items);
	const late = oldest ? at - Date.parse(oldest) : 0;
	const found: Notice[] = [];
	if (dead.length) {
		const held = countTasks(sum(dead.map((worker) => worker.tasks)));
		const silence = "were not seen for over a minute, or since the service started";
		found.push(link(true, `Workers that hold ${held} ${silence}: ${names(dead)}.`));
	}
	// Ended tasks show that back ends work without claims.
	if (ready && late > SILENT && !endedMinute && items.every((worker) => worker.drain || isSilent(worker))) {
		const wait = `Ready: ${countTasks(ready)}, the oldest for ${duration(late)}`;
		found.push(link(true, `No worker has asked for work in the last minute. ${wait}.`));
	}
	if (drain_all) found.push(link(false, "All workers are drained: none gets further tasks."));
	else if (drained.length)
		found.push(link(false, `Drained workers get no further tasks: ${names(drained)}.`));
	return found;
}

function ofWebhooks({ webhooks, stats }: Facts): Notice[] {
	return webhooks.flatMap(({ id, name, url, enabled, reason, state }) => {
		const { failing_since: since, last_status: status, missed } = state;
		const link = (isUrgent: boolean, text: string) =>
			notice(isUrgent, `The webhook ${isolated(name ?? url)} ${text}`, `${BASE}/webhooks/${id}`, "Webhook");
		if (!enabled) return reason ? link(true, `was disabled by the service: ${reason}`) : [];
		if (since) {
			const length = duration(Date.parse(stats.at) - Date.parse(since));
			return link(false, `has delivered nothing for ${length}${status ? ` (last status ${status})` : ""}.`);
		}
		return missed ? link(false, "may have missed events.") : [];
	});
}

function ofBacklog({ stats, recent }: Facts): Notice[] {
	return byDialect(stats.items).flatMap(([dialect, rows]) => {
		const { ready, oldest } = totalsOf(rows);
		const item = recent?.items.find((one) => one.dialect === dialect);
		const late = oldest ? Date.parse(stats.at) - Date.parse(oldest) : 0;
		if (!item || late <= SILENT) return [];
		const created = sum(item.created);
		const grown = created - sum([...item.succeeded, ...item.failed, ...item.cancelled]);
		if (grown < GROWTH || grown < created / 10) return [];
		const text = `The backlog of ${dialectName(dialect)} has grown by ${countTasks(grown)} in ${RECENT / 60} minutes`;
		const href = tasksPage(`state:pending dialect:${dialect} sort:created`);
		return notice(
			false,
			`${text}. Ready: ${countTasks(ready)}, the oldest for ${duration(late)}.`,
			href,
			"Pending tasks",
		);
	});
}

function ofFailures({ stats }: Facts): Notice[] {
	const { failedHour } = totalsOf(stats.items);
	const parts = byDialect(stats.items).flatMap(([dialect, rows]) => {
		const { failedHour: count } = totalsOf(rows);
		return count ? `${dialectName(dialect)} ${count.toLocaleString()}` : [];
	});
	const text = `${countTasks(failedHour)} failed in the last hour: ${parts.join(", ")}.`;
	return failedHour ? [notice(false, text, tasksPage("state:failed updated:<1h"), "Failed tasks")] : [];
}

const CHECKS = [ofHealth, ofQuota, ofWorkers, ofWebhooks, ofBacklog, ofFailures];

export function attention(facts: Facts): Notice[] {
	const all = CHECKS.flatMap((check) => check(facts));
	return all.sort((a, b) => Number(b.isUrgent) - Number(a.isUrgent));
}
