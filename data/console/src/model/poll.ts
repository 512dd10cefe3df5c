/** Reads data again at intervals, if no event reports their changes. Pauses while the page is hidden or paused. */
import { useEffect, useRef } from "preact/hooks";
import { isAtRest } from "./live.ts";

export function usePoll(reload: () => void, ms: number): void {
	const latest = useRef(reload);
	latest.current = reload;
	useEffect(() => {
		const timer = setInterval(() => isAtRest() || latest.current(), ms);
		return () => clearInterval(timer);
	}, [ms]);
}
