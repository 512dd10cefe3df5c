/** Words for the values of histories and failures. */
import { caller } from "./session.ts";

/** Events whose names are not clear to a reader. */
const EVENTS: Record<string, string> = {
	claimed: "taken by a worker",
	released: "given back",
	undone: "claim undone",
	expired: "worker stopped reporting",
	timed_out: "timed out",
	retried: "started again",
};

export const eventWords = (event: string) => EVENTS[event] ?? event;

export const FAILURE_WORDS: Record<string, string> = {
	attempts_exhausted: "The last attempt has failed.",
	not_retryable: "The worker reported that another attempt would not help.",
	start_timeout: "No worker took it in time.",
	total_timeout: "It did not end in time.",
	reported: "A client or a back end set it as failed.",
};

/** The user or part of the service that made a change, in words. */
export function who(user: string): string {
	if (user === caller.value?.user) return "you";
	return { polytask: "the service", operator: "the operator" }[user] ?? user;
}
