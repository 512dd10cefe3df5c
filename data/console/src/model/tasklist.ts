/** The list of tasks of a search: the rows read so far, further pages, and refreshes that keep the place. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isAbort, type Problem } from "../api/http.ts";
import { listTasks } from "../api/tasks.ts";
import type { Page, Task } from "../api/types.ts";
import { asProblem } from "./resource.ts";
import type { Search } from "./search.ts";

const FIRST_PAGE = 100;
const REFRESH_MOST = 500; // the largest limit of a list

export interface TaskList {
	items: Task[];
	/** Exact; null: the service cannot count these; undefined: not yet known. */
	total: number | null | undefined;
	hasMore: boolean;
	/** The first rows are being read. */
	isLoading: boolean;
	problem: Problem | undefined;
	/** Reads the next page, unless it is being read. */
	more(): void;
	/** Reads the rows again from the first one. */
	refresh(): void;
}

export interface Rows {
	items: Task[];
	total: number | null | undefined;
	next: string | null;
	etag: string | undefined;
	/** The limit that the ETag is of. */
	limit: number;
}

export const NONE: Rows = { items: [], total: undefined, next: null, etag: undefined, limit: 0 };

/** The fresh first rows, and of those read before the ones behind the last of these. */
export function merge(last: Rows, page: Page<Task>, limit: number, etag: string | null): Rows {
	const tail = page.items.at(-1);
	const behind = tail ? last.items.findIndex(({ id }) => id === tail.id) : -1;
	const kept = behind >= 0 && page.next ? last.items.slice(behind + 1) : [];
	const fresh = new Set(page.items.map(({ id }) => id));
	const items = [...page.items, ...kept.filter(({ id }) => !fresh.has(id))];
	return {
		items,
		total: page.total,
		next: kept.length ? last.next : page.next,
		etag: etag ?? undefined,
		limit,
	};
}

export function useTaskList(search: Search): TaskList {
	const [rows, setRows] = useState(NONE);
	const [problem, setProblem] = useState<Problem>();
	const [isBusy, setBusy] = useState(true);
	const latest = useRef<AbortController | undefined>(undefined);
	/** The rows are asked for again while a request is under way, whose answer may be older. */
	const isAgain = useRef(false);
	const current = useRef(rows);
	const put = (next: Rows) => setRows((current.current = next));

	/** One request at a time: a later one aborts it. */
	const request = useCallback(
		async (cursor: string | undefined, limit: number, etag: string | undefined, take: typeof merge) => {
			latest.current?.abort();
			const controller = (latest.current = new AbortController());
			setBusy(true);
			try {
				const { conditions, sort } = search;
				const answer = await listTasks({ conditions, sort, limit, cursor, etag }, controller.signal);
				if (latest.current !== controller) return;
				if (answer.status !== 304) put(take(current.current, answer.data, limit, answer.etag));
				setProblem(undefined);
			} catch (error) {
				if (isAbort(error)) return;
				setProblem(asProblem(error));
			}
			if (latest.current === controller) {
				latest.current = undefined;
				setBusy(false);
			}
		},
		[search],
	);

	useEffect(() => {
		put(NONE);
		setProblem(undefined);
		isAgain.current = false;
		if (search.fault) return setBusy(false);
		void request(undefined, FIRST_PAGE, undefined, (_, page, limit, etag) => merge(NONE, page, limit, etag));
		return () => latest.current?.abort();
	}, [search]);

	const more = () => {
		const { next } = current.current;
		if (!next || latest.current) return;
		void request(next, FIRST_PAGE, undefined, (last, page) => {
			const known = new Set(last.items.map(({ id }) => id));
			const items = [...last.items, ...page.items.filter(({ id }) => !known.has(id))];
			return { ...last, items, next: page.next, etag: undefined };
		});
	};
	const refresh = () => {
		if (search.fault) return;
		isAgain.current = latest.current !== undefined;
		if (isAgain.current) return;
		const last = current.current;
		const limit = Math.min(Math.max(last.items.length, FIRST_PAGE), REFRESH_MOST);
		void request(undefined, limit, limit === last.limit ? last.etag : undefined, merge);
	};
	useEffect(() => {
		if (!isBusy && isAgain.current) refresh();
	}, [isBusy]);
	const { items, total, next } = rows;
	return { items, total, hasMore: next !== null, isLoading: isBusy && rows === NONE, problem, more, refresh };
}
