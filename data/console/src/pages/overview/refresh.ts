/** Reads again, while the page is live: soon after events, and now and then without any. */
import { useEffect } from "preact/hooks";
import { isAtRest, useReload } from "../../model/live.ts";

const EVENTS_MS = 2000;
const QUIET_MS = 15_000;

export function useRefresh(reload: () => void, byEvents = true): void {
	useReload(reload, EVENTS_MS, () => byEvents);
	useEffect(() => {
		const timer = setInterval(() => isAtRest() || reload(), QUIET_MS);
		return () => clearInterval(timer);
	}, []);
}
