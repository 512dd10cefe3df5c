/** When the page repeats, by itself, a read that the service has refused for a time. */
import { Problem, serviceTime } from "../api/http.ts";

const MAX_DELAY = 30; // seconds; nginx asks for 1 s, however long the service is down
const LOOK_MS = 1000; // between two looks at `mayAsk`

/** The service has named a time after which the same request may succeed. */
export function isRefusal(error: unknown): error is Problem {
	return error instanceof Problem && [429, 503].includes(error.status) && error.retryAfter > 0;
}

/** Plans one repetition after each refusal: after Retry-After, and later if the one before was refused as well. */
export class Retry {
	private refusals = 0;
	private timer: ReturnType<typeof setTimeout> | undefined;

	/** Calls `again` as soon as `mayAsk()` is true as well. */
	constructor(
		private readonly again: () => void,
		private readonly mayAsk: () => boolean,
	) {}

	/** Before this time the page sends no request by itself. */
	get isWaiting(): boolean {
		return this.timer !== undefined;
	}

	/** A request begins, or the data are of no use any more. */
	stop(): void {
		clearTimeout(this.timer);
		this.timer = undefined;
	}

	/** Takes note of an answer: undefined is a success. Sets `retryAt` of a refusal. */
	note(problem: Problem | undefined): void {
		this.stop();
		if (!isRefusal(problem)) {
			if (!problem) this.refusals = 0;
			return;
		}
		const seconds = Math.max(problem.retryAfter, Math.min(2 ** this.refusals++, MAX_DELAY));
		problem.retryAt = serviceTime() + seconds * 1000;
		this.plan(seconds * 1000);
	}

	private plan(ms: number): void {
		this.timer = setTimeout(() => {
			if (!this.mayAsk()) return this.plan(LOOK_MS);
			this.stop();
			this.again();
		}, ms);
	}
}
