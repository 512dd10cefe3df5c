/** Chooses the rows of a long list that are drawn: the visible ones and some around them. All have the same height. */
import { useEffect, useState } from "preact/hooks";

const MARGIN = 12; // rows above and below those in sight

export interface Span {
	first: number;
	/** The index after the last row. */
	end: number;
}

/** `scroller` is the element that scrolls; `height` of a row in pixels. */
export function useVisibleRows(
	scroller: { current: HTMLElement | null },
	count: number,
	height: number,
): Span {
	const [span, setSpan] = useState<Span>({ first: 0, end: 60 });
	useEffect(() => {
		const element = scroller.current;
		if (!element) return;
		const measure = () => {
			const first = Math.max(Math.floor(element.scrollTop / height) - MARGIN, 0);
			const end = first + Math.ceil(element.clientHeight / height) + 2 * MARGIN;
			setSpan((last) => (last.first === first && last.end === end ? last : { first, end }));
		};
		const observer = new ResizeObserver(measure);
		observer.observe(element);
		element.addEventListener("scroll", measure, { passive: true });
		measure();
		return () => {
			observer.disconnect();
			element.removeEventListener("scroll", measure);
		};
	}, [scroller.current, height]);
	return { first: Math.min(span.first, count), end: Math.min(span.end, count) };
}
