/** Types of the native API (/v1/openapi/native.json). Integers that a double cannot hold are bigint. */

export type State = "pending" | "running" | "succeeded" | "failed" | "cancelled";
export type Right = "read" | "write" | "work" | "admin";
export type Time = string;
export type Integer = number | bigint;

export interface Task {
	id: string;
	dialect: string;
	kind: string | null;
	number: Integer | null;
	state: State;
	status: string;
	archived: boolean;
	revision: Integer;
	created_at: Time;
	updated_at: Time;
	started_at: Time | null;
	finished_at: Time | null;
	created_by: string;
	updated_by: string;
	priority: number;
	not_before: Time | null;
	ready_after: Time | null;
	attempt: number;
	max_attempts: number;
	attempts_before: number;
	policy: Record<string, number> | null;
	lease: { worker: string; expires_at: Time } | null;
	failure: string | null;
	error: string | null;
	progress: unknown;
	result: unknown;
	traceparent?: string;
	tracestate?: string;
	kept_until?: Time;
	fields: Record<string, unknown>;
	links: { self: string };
}

export interface Page<T> {
	items: T[];
	next: string | null;
	/** Lists of tasks only: null if the service cannot count them. */
	total?: number | null;
	complete?: boolean;
}

export interface HistoryEntry {
	event: string;
	at: Time;
	by: string;
	request_id: string | null;
	from: State | null;
	to: State;
	status: string;
	revision: Integer;
	attempt: number | null;
	worker: string | null;
	error: string | null;
	log: string[] | null;
}

export interface Attempt {
	number: number;
	worker: string;
	started_at: Time | null;
	ended_at: Time | null;
	outcome: string;
	error: string | null;
	log: string[] | null;
	log_complete: boolean;
}

/** An event of the feed; `id` is its position in the feed. */
export interface TaskEvent extends Omit<HistoryEntry, "to"> {
	id: string;
	type: string;
	task_id: string;
	dialect: string;
	kind: string | null;
	number: Integer | null;
	state: State;
}

export interface Windows {
	last_minute: number;
	last_hour: number;
	last_day: number;
}

export interface KindCounts {
	dialect: string;
	kind: string | null;
	states: Record<State, number>;
	ready: number;
	delayed: number;
	oldest_waiting_at: Time | null;
	succeeded: Windows;
	failed: Windows;
}

export interface Worker {
	name: string;
	first_seen_at: Time | null;
	last_seen_at: Time | null;
	drain: boolean;
	tasks: number;
	holds: { dialect: string; kind: string | null; tasks: number; oldest_started_at: Time }[];
}

export interface Workers {
	items: Worker[];
	seen: number;
	busy: number;
	drain_all: boolean;
	complete: boolean;
	next?: string | null;
}

export interface Stats {
	items: KindCounts[];
	totals: Omit<KindCounts, "dialect" | "kind">;
	at: Time;
	exact: boolean;
	workers: Workers | null;
	next: string | null;
}

export interface Usage {
	used: number;
	limit: number | null;
}

export interface Caller {
	tenant: string;
	user: string;
	rights: Right[];
	expires_at: Time | null;
	rate: { limit: number; remaining: number; reset_seconds: number } | null;
	tasks: Usage;
	bytes: Usage;
}

export type BulkAction = "cancel" | "retry" | "archive" | "delete" | "set_priority";

export interface BulkDryRun {
	dry_run: true;
	count: number;
	token: string;
}
