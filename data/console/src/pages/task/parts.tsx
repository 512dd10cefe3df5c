/** Shared parts of the task page. */
import type { ComponentChildren } from "preact";
import { useReload } from "../../model/live.ts";
import { useResource, type Resource } from "../../model/resource.ts";
import { Copy, Loading, Trouble } from "../../ui/basics.tsx";

const TEXT_MAX = 100_000; // characters of a text that are drawn
const READ_MS = 1000; // between two reads of the same

/** Data about a task, read again when the task changes. */
export function useTaskResource<T>(id: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
	const resource = useResource(read, [id]);
	useReload(resource.refresh, READ_MS, (event) => event.task_id === id);
	return resource;
}

interface SectionProps {
	title: string;
	/** Beside the title. */
	extra?: ComponentChildren;
	children: ComponentChildren;
}

export function Section({ title, extra, children }: SectionProps) {
	return (
		<section class="card">
			<header>
				<h2>{title}</h2>
				{extra}
			</header>
			{children}
		</section>
	);
}

/** A text with a button that copies it. Of a very long text only the beginning is shown, but all is copied. */
export function Text({ text, label }: { text: string; label: string }) {
	return (
		<div class="text">
			<pre tabIndex={0}>{text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text}</pre>
			<Copy text={text} label={label} />
		</div>
	);
}

interface LoadedProps<T> {
	resource: Resource<T>;
	children: (data: T) => ComponentChildren;
}

/** Shows the last data. They stay after the removal of the task, which the head of the page reports. */
export function Loaded<T>({ resource: { data, problem, reload }, children }: LoadedProps<T>) {
	const isTrouble = problem && !(data && problem.status === 404);
	return (
		<>
			{isTrouble && <Trouble problem={problem} retry={reload} />}
			{data ? children(data) : !problem && <Loading lines={3} />}
		</>
	);
}
