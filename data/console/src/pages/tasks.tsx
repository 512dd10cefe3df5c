/** The list of tasks of all APIs: counts, search, rows, actions on several tasks. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { serviceTime } from "../api/http.ts";
import type { Task } from "../api/types.ts";
import { countWhere, kindsOf, readCounts } from "../model/counts.ts";
import { useReload } from "../model/live.ts";
import { useResource } from "../model/resource.ts";
import { go, place } from "../model/router.ts";
import { taskPage, tasksPage } from "../model/routes.ts";
import { DEFAULT_SORT, parseSearch, withTerm } from "../model/search.ts";
import { may } from "../model/session.ts";
import { useTaskList, type TaskList } from "../model/tasklist.ts";
import { Empty, Loading, Trouble } from "../ui/basics.tsx";
import { SearchBox } from "../ui/search.tsx";
import { SelectionBar } from "./tasks/selection.tsx";
import { Rail } from "./tasks/rail.tsx";
import { Rows, type Selection } from "./tasks/rows.tsx";

const LIST_MS = 1000; // between two reads of the list
const COUNTS_MS = 2000;

function useSelection(items: Task[]): [Map<string, Task>, Selection, () => void] {
	const [selected, setSelected] = useState(new Map<string, Task>());
	const toggle = (task: Task) => {
		const next = new Map(selected);
		if (!next.delete(task.id)) next.set(task.id, task);
		setSelected(next);
	};
	const toggleAll = () => {
		const isAll = items.every(({ id }) => selected.has(id));
		setSelected(new Map(isAll ? [] : items.map((task) => [task.id, task])));
	};
	const selection = { ids: new Set(selected.keys()), toggle, toggleAll, isAvailable: may("write") };
	return [selected, selection, () => setSelected(new Map())];
}

function NoTasks({ text, fault }: { text: string; fault: string }) {
	if (fault) return <Empty title="The search was not understood" />;
	if (text)
		return (
			<Empty title="No task matches">
				<a href={tasksPage("")}>All tasks</a>
			</Empty>
		);
	return (
		<Empty title="There are no tasks yet">
			<p>A client of any of the APIs creates them; the page API shows how.</p>
		</Empty>
	);
}

/** Where the service cannot count, it is known when all were read. */
function numberOf({ total, items, next }: TaskList): string {
	if (total === undefined) return "";
	return total?.toLocaleString() ?? `${items.length.toLocaleString()}${next ? "+" : ""}`;
}

export function TasksPage() {
	const text = place.value.query.get("q") ?? "";
	const search = useMemo(() => parseSearch(text, serviceTime()), [text]);
	const counts = useResource(readCounts, []);
	const known = useMemo(() => countWhere(counts.data, search.conditions), [counts.data, search]);
	const list = useTaskList(search, known);
	const [selected, selection, clear] = useSelection(list.items);
	const isHeld = selected.size > 0;
	useReload(list.refresh, LIST_MS, undefined, isHeld);
	useReload(counts.refresh, COUNTS_MS, undefined, isHeld);
	useEffect(clear, [text]);
	useEffect(() => {
		if (search.id) go(taskPage(search.id), true);
	}, [search]);

	const kinds = useMemo(() => kindsOf(counts.data ?? []), [counts.data]);
	const show = (next: string) => go(tasksPage(next));
	const hasNone = !list.items.length && !list.next;
	return (
		<div class="tasks">
			<Rail counts={counts.data} text={text} search={show} />
			<section aria-labelledby="tasks">
				<header>
					<h1 id="tasks">
						Tasks <small>{numberOf(list)}</small>
					</h1>
					<SearchBox text={text} kinds={kinds} fault={search.fault} search={show} />
				</header>
				{isHeld && (
					<SelectionBar
						tasks={[...selected.values()]}
						total={list.total}
						filter={search.conditions}
						clear={clear}
						done={() => (clear(), list.reload())}
					/>
				)}
				{list.problem && <Trouble problem={list.problem} retry={list.reload} />}
				{list.isLoading && !list.items.length && <Loading lines={12} />}
				{!list.isLoading && !list.problem && hasNone && <NoTasks text={text} fault={search.fault} />}
				{list.items.length > 0 && (
					<Rows
						list={list}
						selection={selection}
						sort={search.sort}
						order={(sort) => show(withTerm(text, "sort", sort === DEFAULT_SORT ? [] : [sort]))}
					/>
				)}
			</section>
		</div>
	);
}
