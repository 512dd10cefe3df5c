/** Counts of one kind for tests. */
import type { KindCounts } from "../../src/api/types.ts";

export interface Given {
	pending?: number;
	running?: number;
	ready?: number;
	failedHour?: number;
	succeededHour?: number;
	endedMinute?: number;
	oldest?: string;
}

export function kind(dialect: string, given: Given): KindCounts {
	const { pending = 0, running = 0, failedHour = 0, succeededHour = 0 } = given;
	return {
		dialect,
		kind: null,
		states: { pending, running, succeeded: succeededHour, failed: failedHour, cancelled: 0 },
		ready: given.ready ?? pending,
		delayed: pending - (given.ready ?? pending),
		oldest_waiting_at: given.oldest ?? null,
		succeeded: { last_minute: given.endedMinute ?? 0, last_hour: succeededHour, last_day: succeededHour },
		failed: { last_minute: 0, last_hour: failedHour, last_day: failedHour },
	};
}
