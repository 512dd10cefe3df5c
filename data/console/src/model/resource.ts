/** Data of a page: read when the inputs change, and again on demand. The last data stay until the next ones arrive. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isAbort, Problem } from "../api/http.ts";
import { isAtRest } from "./live.ts";
import { Retry } from "./retry.ts";

export interface Resource<T> {
	data: T | undefined;
	/** The failure of the last read. */
	problem: Problem | undefined;
	isLoading: boolean;
	/** Reads again at once, because a person has asked for it, or has changed something. */
	reload(): void;
	/** Reads again, unless the service has refused the last read for a time: it is repeated after that. */
	refresh(): void;
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

/**
 * `read` depends on `inputs`: when they change, the data are dropped and read again. Without `isRepeated` only then,
 * for a read that also changes something.
 */
export function useResource<T>(
	read: (signal: AbortSignal) => Promise<T>,
	inputs: unknown[],
	isRepeated = true,
): Resource<T> {
	const [reading, setReading] = useState<Reading<T>>({
		data: undefined,
		problem: undefined,
		isLoading: true,
	});
	const latest = useRef<AbortController | undefined>(undefined);
	const begin = useRef(read);
	begin.current = read;
	const [retry] = useState(
		() =>
			new Retry(
				() => reload(),
				() => !isAtRest(),
			),
	);

	const reload = useCallback(() => {
		retry.stop();
		latest.current?.abort();
		const controller = (latest.current = new AbortController());
		setReading((last) => ({ ...last, isLoading: true }));
		begin.current(controller.signal).then(
			(data) => {
				if (latest.current !== controller) return;
				retry.note(undefined);
				setReading({ data, problem: undefined, isLoading: false });
			},
			(error: unknown) => {
				if (latest.current !== controller || isAbort(error)) return;
				const problem = asProblem(error);
				if (isRepeated) retry.note(problem);
				setReading((last) => ({ ...last, problem, isLoading: false }));
			},
		);
	}, []);

	useEffect(() => {
		setReading({ data: undefined, problem: undefined, isLoading: true });
		reload();
		return () => {
			retry.stop();
			latest.current?.abort();
		};
	}, inputs);

	const refresh = useCallback(() => void (retry.isWaiting || reload()), []);
	const set = useCallback((data: T) => setReading({ data, problem: undefined, isLoading: false }), []);
	return { ...reading, reload, refresh, set };
}
