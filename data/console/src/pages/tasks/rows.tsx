/** The rows of the list. Only those in sight are drawn, however many were read. */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Task } from "../../api/types.ts";
import { taskPage } from "../../model/routes.ts";
import { dialectName, share, summary } from "../../model/states.ts";
import type { TaskList } from "../../model/tasklist.ts";
import { shiftOf } from "../../model/taskrows.ts";
import { Bar, StateBadge, When } from "../../ui/basics.tsx";
import { useShortcuts } from "../../ui/keys.ts";
import { useVisibleRows } from "../../ui/rows.ts";

/** As in tasks.css. */
const ROW_HEIGHT = 44;
const NEAR = 40; // the next page is read when fewer rows than this follow

export interface Selection {
	ids: ReadonlySet<string>;
	toggle: (task: Task) => void;
	toggleAll: () => void;
	/** False: the caller may not change tasks. */
	isAvailable: boolean;
}

export interface RowsProps {
	list: TaskList;
	selection: Selection;
	sort: string;
	order: (sort: string) => void;
}

interface RowProps {
	task: Task;
	index: number;
	selection: Selection;
}

function Row({ task, index, selection }: RowProps) {
	const about = summary(task);
	const name = `${dialectName(task.dialect)}${task.kind ? ` · ${task.kind}` : ""}`;
	const done = task.state === "running" ? share(task.progress) : undefined;
	const isSelected = selection.ids.has(task.id);
	return (
		<div class={`row ${isSelected ? "selected" : ""}`} role="row" aria-rowindex={index + 2} data-id={task.id}>
			<span role="cell" class="pick">
				{selection.isAvailable && (
					<input
						type="checkbox"
						checked={isSelected}
						aria-label={`Select ${task.id}`}
						onChange={() => selection.toggle(task)}
					/>
				)}
			</span>
			<span role="cell" class="state">
				<StateBadge state={task.state} status={task.status} />
			</span>
			<span role="cell" class="about">
				<a href={taskPage(task.id)} title={task.id}>
					{about || task.id}
				</a>
				{done !== undefined && <Bar share={done} label={`Progress ${Math.round(done * 100)} %`} />}
				{task.state === "failed" && task.error && <small class="error">{task.error}</small>}
				<small class="narrow">{name}</small>
			</span>
			<span role="cell" class="kind">
				{dialectName(task.dialect)}
				{task.kind && <small title={task.kind}>{task.kind}</small>}
			</span>
			<span role="cell" class="attempt">
				{task.archived ? "archived" : task.attempt > 1 ? `attempt ${task.attempt}` : ""}
			</span>
			<span role="cell" class="when">
				<When time={task.created_at} />
			</span>
			<span role="cell" class="when">
				<When time={task.updated_at} />
			</span>
		</div>
	);
}

/** The head of a column by which the list can be sorted. */
function Order({ name, by, sort, order }: { name: string; by: string } & Pick<RowsProps, "sort" | "order">) {
	const direction = sort === `-${by}` ? "descending" : sort === by ? "ascending" : "none";
	return (
		<span role="columnheader" aria-sort={direction}>
			<button type="button" class="quiet" onClick={() => order(direction === "descending" ? by : `-${by}`)}>
				{name} <span aria-hidden="true">{{ descending: "↓", ascending: "↑", none: "" }[direction]}</span>
			</button>
		</span>
	);
}

function Head({ selection, isAll, ...sorting }: Omit<RowsProps, "list"> & { isAll: boolean }) {
	return (
		<div class="row head" role="row" aria-rowindex={1}>
			<span role="columnheader" class="pick">
				{selection.isAvailable ? (
					<input
						type="checkbox"
						checked={isAll}
						aria-label="Select the rows read so far"
						onChange={selection.toggleAll}
					/>
				) : (
					<span class="hidden">Selection</span>
				)}
			</span>
			<span role="columnheader">State</span>
			<span role="columnheader">Task</span>
			<span role="columnheader">API and kind</span>
			<span role="columnheader">
				<span class="hidden">Attempt</span>
			</span>
			<Order name="Created" by="created" {...sorting} />
			<Order name="Changed" by="updated" {...sorting} />
		</div>
	);
}

const rowOf = (target: EventTarget | null) => (target as Element | null)?.closest<HTMLElement>("[data-id]");

/** j and k move the focus over the links of the rows; rows out of sight are drawn when it gets there. */
function useRowKeys(
	list: TaskList,
	scroller: { current: HTMLDivElement | null },
	selection: Selection,
): void {
	const at = useRef(-1);
	const focus = (index: number) => {
		const task = list.items[index];
		const element = scroller.current;
		if (!task || !element) return;
		at.current = index;
		const top = index * ROW_HEIGHT;
		if (top < element.scrollTop) element.scrollTop = top;
		const bottom = top + 2 * ROW_HEIGHT; // with the head, which covers one row
		if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
		requestAnimationFrame(() => element.querySelector<HTMLElement>(`[data-id="${task.id}"] a`)?.focus());
	};
	const here = () => {
		const id = rowOf(document.activeElement)?.dataset.id;
		const found = id ? list.items.findIndex((task) => task.id === id) : -1;
		return found >= 0 ? found : at.current;
	};
	useShortcuts([
		{ key: "j", about: "Next task", run: () => focus(Math.min(here() + 1, list.items.length - 1)) },
		{ key: "k", about: "Task before", run: () => focus(Math.max(here() - 1, 0)) },
		{
			key: "x",
			about: "Select the task",
			run: () => {
				const task = list.items[here()];
				if (task && selection.isAvailable) selection.toggle(task);
			},
		},
	]);
}

/** Rows that are read keep their place when others come above them; going back leads to where the person was. */
function usePlace(
	list: TaskList,
	scroller: { current: HTMLDivElement | null },
	first: number,
	end: number,
): void {
	const { items, spot } = list;
	const before = useRef(items);
	const isReturn = useRef(spot.id !== "");
	useLayoutEffect(() => {
		scroller.current!.scrollTop = spot.top;
	}, []);
	useLayoutEffect(() => {
		const element = scroller.current!;
		const at = Math.floor(element.scrollTop / ROW_HEIGHT);
		const count = Math.ceil(element.clientHeight / ROW_HEIGHT);
		if (at > 0) element.scrollTop += shiftOf(before.current, items, at, count) * ROW_HEIGHT;
		before.current = items;
	}, [items]);
	useEffect(() => {
		const at = spot.top / ROW_HEIGHT;
		if (!isReturn.current || at < first || at >= end) return;
		isReturn.current = false;
		scroller.current!.querySelector<HTMLElement>(`[data-id="${spot.id}"] a`)?.focus({ preventScroll: true });
	}, [first, end]);
}

export function Rows({ list, selection, ...sorting }: RowsProps) {
	const scroller = useRef<HTMLDivElement>(null);
	const { first, end } = useVisibleRows(scroller, list.items.length, ROW_HEIGHT);
	useRowKeys(list, scroller, selection);
	usePlace(list, scroller, first, end);
	const { spot } = list;
	useEffect(() => void Object.assign(spot, { first, end }), [first, end]);
	useEffect(() => {
		if (list.next && !list.isBusy && !list.problem && end > list.items.length - NEAR) list.more();
	}, [end, list.items.length, list.next, list.isBusy]);

	const isAll = list.items.length > 0 && list.items.every(({ id }) => selection.ids.has(id));
	return (
		<div
			class="rows"
			ref={scroller}
			tabIndex={-1}
			onScroll={(event) => (spot.top = event.currentTarget.scrollTop)}
			onFocusIn={(event) => (spot.id = rowOf(event.target)?.dataset.id ?? spot.id)}
		>
			<div role="table" aria-label="Tasks" aria-rowcount={list.total == null ? -1 : list.total + 1}>
				<div role="rowgroup" class="headgroup">
					<Head selection={selection} isAll={isAll} {...sorting} />
				</div>
				<div role="rowgroup" class="body" style={{ height: `${list.items.length * ROW_HEIGHT}px` }}>
					<div style={{ transform: `translateY(${first * ROW_HEIGHT}px)` }} role="presentation">
						{list.items.slice(first, end).map((task, offset) => (
							<Row key={task.id} task={task} index={first + offset} selection={selection} />
						))}
					</div>
				</div>
			</div>
		</div>
	);
}
