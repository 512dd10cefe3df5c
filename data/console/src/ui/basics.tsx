/** Small parts of every page: times, states, buttons, messages. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Problem } from "../api/http.ts";
import type { State } from "../api/types.ts";
import { exact, now, relative } from "../model/clock.ts";
import { isPaused } from "../model/live.ts";
import { asProblem } from "../model/resource.ts";

/** A relative time, with the exact one on hover. */
export function When({ time, none = "–" }: { time: string | null | undefined; none?: string }) {
	if (!time) return <span class="muted">{none}</span>;
	return (
		<time dateTime={time} title={exact(time)}>
			{relative(time, now.value)}
		</time>
	);
}

export interface BadgeProps {
	/** A class of parts.css, which has a colour and a shape; empty: neither. */
	tone: string;
	word: string;
	children?: ComponentChildren;
}

/** A state, shown by colour, shape and word. */
export function Badge({ tone, word, children }: BadgeProps) {
	return (
		<span class={`badge ${tone}`}>
			<span class="dot" aria-hidden="true" />
			{word}
			{children}
		</span>
	);
}

/** The state of a task; `status` is the same in the words of the task's own API. */
export function StateBadge({ state, status }: { state: State; status?: string }) {
	const own = status && status.toLowerCase() !== state ? status : "";
	return (
		<Badge tone={state} word={state}>
			{own && <small>{own}</small>}
		</Badge>
	);
}

export function Bar({ share, label }: { share: number; label: string }) {
	return <progress class="bar" max={1} value={share} aria-label={label} />;
}

export interface ActionProps {
	children: ComponentChildren;
	/** The action. A failure is shown beside the button. */
	run: () => Promise<unknown> | void;
	kind?: "plain" | "primary" | "danger";
	disabled?: boolean;
	label?: string;
	title?: string;
}

/** A button whose action takes time: it is busy meanwhile, and shows what went wrong. */
export function Action({ children, run, kind = "plain", disabled, label, title }: ActionProps) {
	const [isBusy, setBusy] = useState(false);
	const [problem, setProblem] = useState<Problem>();
	const press = async () => {
		setBusy(true);
		setProblem(undefined);
		try {
			await run();
		} catch (error) {
			setProblem(asProblem(error));
		}
		setBusy(false);
	};
	return (
		<span class="action">
			<button
				type="button"
				class={kind}
				disabled={disabled || isBusy}
				aria-busy={isBusy}
				aria-label={label}
				title={title}
				onClick={press}
			>
				{children}
			</button>
			{problem && <Trouble problem={problem} />}
		</span>
	);
}

/** The time of day, because a screen reader would read each change of the seconds that are left. */
function NextTry({ at }: { at: number }) {
	const time = new Date(at);
	return (
		<p>
			The page tries again{" "}
			{isPaused.value ? (
				"when live updates go on."
			) : (
				<>
					at <time dateTime={time.toISOString()}>{time.toLocaleTimeString()}</time>.
				</>
			)}
		</p>
	);
}

/**
 * A failure, with the id of the request, by which an operator finds it in the log. `retry` is offered; the page may
 * also repeat the request itself (problem.retryAt).
 */
export function Trouble({ problem, retry }: { problem: Problem; retry?: () => void }) {
	return (
		<div class="trouble" role="alert">
			<strong>{problem.message}</strong>
			{problem.faults.map((fault) => (
				<p key={fault.detail}>
					<code>{fault.pointer ?? fault.parameter ?? fault.header}</code> {fault.detail}
				</p>
			))}
			{problem.request && <small>Request {problem.request}</small>}
			{retry && problem.retryAt > 0 && <NextTry at={problem.retryAt} />}
			{retry && (
				<button type="button" onClick={retry}>
					Try again
				</button>
			)}
		</div>
	);
}

export interface EmptyProps {
	title: string;
	children?: ComponentChildren;
	/** The page has no other content, so the title is its heading. */
	isPage?: boolean;
}

export function Empty({ title, children, isPage }: EmptyProps) {
	return (
		<div class="empty">
			{isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
			{children}
		</div>
	);
}

/** Grey lines in place of data that are being read, of about the same height. */
export function Loading({ lines = 6 }: { lines?: number }) {
	return (
		<div class="loading" role="status" aria-label="Loading">
			{Array.from({ length: lines }, (_, line) => (
				<i key={line} />
			))}
		</div>
	);
}

export function Field({ name, children }: { name: string; children: ComponentChildren }) {
	return (
		<>
			<dt>{name}</dt>
			<dd>{children}</dd>
		</>
	);
}

/** A button that copies a text and confirms it. */
export function Copy({ text, label }: { text: string; label: string }) {
	const [isDone, setDone] = useState(false);
	const copy = async () => {
		await navigator.clipboard.writeText(text);
		setDone(true);
		setTimeout(() => setDone(false), 2000);
	};
	return (
		<Action run={copy} label={label}>
			{isDone ? "Copied" : "Copy"}
		</Action>
	);
}
