/** The rows of a search: reads further pages, and refreshes the rows without moving them. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isAbort, type Problem } from "../api/http.ts";
import { listTasks } from "../api/tasks.ts";
import type { Task } from "../api/types.ts";
import { isAtRest } from "./live.ts";
import { asProblem } from "./resource.ts";
import { Retry } from "./retry.ts";
import { entry } from "./router.ts";
import type { Search } from "./search.ts";
import { caller } from "./session.ts";
import { merge, NONE, pageBefore, replaceRows, shiftOf, withMark, type Rows } from "./taskrows.ts";

const FIRST_PAGE = 100;
const REFRESH_MAX = 500; // the largest limit of a list
const SHOWN_PAGES = 3; // requests for the rows in sight, if these are behind the first ones
const SLACK = 20; // rows that may have come between those in sight

export interface TaskList {
	items: Task[];
	/** The exact number of matches; null: the service cannot count them; undefined: not yet known. */
	total: number | null | undefined;
	/** The cursor of the next page; null: all were read. A page may have no row, though others follow. */
	next: string | null;
	/** The first rows are being read. */
	isLoading: boolean;
	/** A request is under way. */
	isBusy: boolean;
	problem: Problem | undefined;
	/** Reads the next page, unless it is being read. */
	more(): void;
	/** Reads the first rows again, and those in sight, because a person has asked for it, or has changed something. */
	reload(): void;
	/** The same, unless the service has refused the last read for a time: it is repeated after that. */
	refresh(): void;
	/** The scroll position and focus, and what is in sight, which the rows update. */
	spot: Spot;
}

export interface Spot {
	/** The scroll position in pixels. */
	top: number;
	/** The task whose row had the focus last; empty: none. */
	id: string;
	/** The rows in sight, by their index: from `first` up to `end`, without it. */
	first: number;
	end: number;
}

const TOP: Readonly<Spot> = { top: 0, id: "", first: 0, end: 0 };

/** The list that was shown last, so that going back to it shows the same rows. */
let left: { entry: number; user: string | undefined; rows: Rows; spot: Spot } | undefined;

function found() {
	return left?.entry === entry() && left.user && left.user === caller.peek()?.user ? left : undefined;
}

/** `known`: how many match, as far as that was counted elsewhere; a search among many others ends with the last one. */
export function useTaskList(search: Search, known: number | undefined): TaskList {
	const [begun] = useState(found);
	const [spot] = useState<Spot>(begun?.spot ?? { ...TOP });
	const [rows, setRows] = useState(begun?.rows ?? NONE);
	const isFirst = useRef(true);
	/** Where in the history of the browser these rows are. */
	const here = useRef(0);
	const [problem, setProblem] = useState<Problem>();
	const [isBusy, setBusy] = useState(true);
	const latest = useRef<AbortController | undefined>(undefined);
	/** A refresh was requested during a request, whose response may be older. */
	const isStale = useRef(false);
	const current = useRef(rows);
	const latestReload = useRef(() => {});
	const [retry] = useState(
		() =>
			new Retry(
				() => latestReload.current(),
				() => !isAtRest(),
			),
	);
	const put = (next: Rows) => setRows((current.current = next));

	/** One request at a time: a later one aborts it. Returns whether it has brought rows. */
	const request = useCallback(
		async (cursor: string | undefined, limit: number, etag: string | undefined, take: typeof merge) => {
			retry.stop();
			latest.current?.abort();
			const controller = (latest.current = new AbortController());
			setBusy(true);
			let isNew = false;
			try {
				const { conditions, sort } = search;
				const answer = await listTasks({ conditions, sort, limit, cursor, etag }, controller.signal);
				if (latest.current !== controller) return false;
				if (answer.status !== 304) {
					const next = take(current.current, answer.data, limit, answer.etag);
					put(withMark(next, answer.data, sort));
					isNew = true;
				}
				retry.note(undefined);
				setProblem(undefined);
			} catch (error) {
				if (isAbort(error)) return false;
				const found = asProblem(error);
				retry.note(found);
				setProblem(found);
			}
			if (latest.current === controller) {
				latest.current = undefined;
				setBusy(false);
			}
			return isNew;
		},
		[search],
	);

	/** Reads the rows in sight again, if they are behind the first `limit` ones; `before`: the rows that `spot` means. */
	const requestShown = async (before: Task[], limit: number) => {
		const { sort } = search;
		const { etag, items } = current.current;
		const shift = shiftOf(before, items, spot.first, spot.end - spot.first);
		const [first, end] = [Math.max(spot.first + shift, limit), Math.min(spot.end + shift, items.length)];
		if (end <= limit) return;
		// Until these rows were read as well, an unchanged list is no reason to read none.
		current.current = { ...current.current, etag: undefined };
		let last = 0;
		for (let page = 0; page < SHOWN_PAGES; page++) {
			const from = pageBefore(current.current, first, sort);
			if (!from || from.at <= last) return;
			last = from.at;
			const count = Math.min(end - from.at + SLACK, REFRESH_MAX);
			const take: typeof merge = (rows, answer) => replaceRows(rows, answer, from.at, sort);
			if (!(await request(from.cursor, count, undefined, take))) return;
			if (from.at + count >= end) {
				current.current = { ...current.current, etag };
				return;
			}
		}
	};

	useEffect(() => {
		const isReturn = isFirst.current && begun !== undefined;
		isFirst.current = false;
		here.current = entry();
		setProblem(undefined);
		isStale.current = false;
		if (isReturn) reload();
		else {
			put(NONE);
			Object.assign(spot, TOP);
			if (search.fault) return setBusy(false);
			void request(undefined, FIRST_PAGE, undefined, (_, page, limit, etag) =>
				merge(NONE, page, limit, etag),
			);
		}
		return () => {
			retry.stop();
			latest.current?.abort();
		};
	}, [search]);
	useEffect(
		() => () => {
			left = { entry: here.current, user: caller.peek()?.user, rows: current.current, spot };
		},
		[],
	);

	const more = () => {
		const { next } = current.current;
		if (!next || latest.current) return;
		void request(next, FIRST_PAGE, undefined, (last, page) => {
			const known = new Set(last.items.map(({ id }) => id));
			const items = [...last.items, ...page.items.filter(({ id }) => !known.has(id))];
			return { ...last, items, next: page.next, etag: undefined };
		});
	};
	const reload = () => {
		if (search.fault) return;
		isStale.current = latest.current !== undefined;
		if (isStale.current) return;
		const last = current.current;
		const limit = Math.min(Math.max(last.items.length, FIRST_PAGE), REFRESH_MAX);
		void request(undefined, limit, limit === last.limit ? last.etag : undefined, merge).then(
			(isNew) => void (isNew && requestShown(last.items, limit)),
		);
	};
	latestReload.current = reload;
	const refresh = () => void (retry.isWaiting || reload());
	useEffect(() => {
		if (!isBusy && isStale.current) refresh();
	}, [isBusy]);
	const { items } = rows;
	const isCounted = rows.total === null && known !== undefined;
	const total = isCounted ? known : rows.total;
	const next = isCounted && items.length >= known ? null : rows.next;
	const isSearching = !items.length && next !== null && !problem;
	useEffect(() => {
		if (isSearching && !isBusy) more();
	}, [isSearching, next, isBusy]);
	const isLoading = isSearching || (isBusy && rows === NONE);
	return { items, total, next, isLoading, isBusy, problem, more, reload, refresh, spot };
}
