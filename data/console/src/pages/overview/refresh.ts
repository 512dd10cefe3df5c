/** Reads again, while the page is live: soon after events, and now and then without any. */
import { useReload } from "../../model/live.ts";
import { usePoll } from "../../model/poll.ts";

const EVENTS_MS = 2000;
const QUIET_MS = 15_000;

export function useRefresh(refresh: () => void, byEvents = true): void {
	useReload(refresh, EVENTS_MS, () => byEvents);
	usePoll(refresh, QUIET_MS);
}
