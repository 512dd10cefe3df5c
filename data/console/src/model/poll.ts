/** Reads again what no event tells of, such as when a worker was seen. Rests as the stream of events does. */
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
