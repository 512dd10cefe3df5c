/** Data of a page: read when the inputs change, and again on demand. The last data stay until the next ones arrive. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isAbort, Problem } from "../api/http.ts";

export interface Resource<T> {
	data: T | undefined;
	/** The failure of the last read. */
	problem: Problem | undefined;
	isLoading: boolean;
	reload(): void;
	/** Replaces the data, after a change whose response contains them. */
	set(data: T): void;
}

export function asProblem(error: unknown): Problem {
	return error instanceof Problem ? error : new Problem(0, { title: String(error) });
}

interface Reading<T> {
	data: T | undefined;
	problem: Problem | undefined;
	isLoading: boolean;
}

/** `read` depends on `inputs`: when they change, the data are dropped and read again. */
export function useResource<T>(read: (signal: AbortSignal) => Promise<T>, inputs: unknown[]): Resource<T> {
	const [reading, setReading] = useState<Reading<T>>({
		data: undefined,
		problem: undefined,
		isLoading: true,
	});
	const latest = useRef<AbortController | undefined>(undefined);
	const begin = useRef(read);
	begin.current = read;

	const reload = useCallback(() => {
		latest.current?.abort();
		const controller = (latest.current = new AbortController());
		setReading((last) => ({ ...last, isLoading: true }));
		begin.current(controller.signal).then(
			(data) => {
				if (latest.current === controller) setReading({ data, problem: undefined, isLoading: false });
			},
			(error: unknown) => {
				if (latest.current !== controller || isAbort(error)) return;
				setReading((last) => ({ ...last, problem: asProblem(error), isLoading: false }));
			},
		);
	}, []);

	useEffect(() => {
		setReading({ data: undefined, problem: undefined, isLoading: true });
		reload();
		return () => latest.current?.abort();
	}, inputs);

	const set = useCallback((data: T) => setReading({ data, problem: undefined, isLoading: false }), []);
	return { ...reading, reload, set };
}
