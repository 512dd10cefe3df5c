/** Reads again what no event tells of, such as when a worker was seen. Rests while the page is hidden. */
import { useEffect, useRef } from "preact/hooks";

export function usePoll(reload: () => void, ms: number): void {
	const latest = useRef(reload);
	latest.current = reload;
	useEffect(() => {
		const timer = setInterval(() => document.visibilityState === "visible" && latest.current(), ms);
		return () => clearInterval(timer);
	}, [ms]);
}
