/** Keyboard shortcuts: each page adds its own while it is shown; "?" lists the active ones. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export interface Shortcut {
	/** KeyboardEvent.key, such as "j" or "Enter"; or two keys that follow each other, such as "g t". */
	key: string;
	about: string;
	run: () => void;
}

export const shortcuts = signal<Shortcut[]>([]);

let prefix = "";

function takesText(target: EventTarget | null): boolean {
	return (
		target instanceof HTMLElement &&
		(target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
	);
}

/** Enter and space belong to the control that has the focus. */
function belongsToControl(event: KeyboardEvent): boolean {
	const isOn = event.target instanceof HTMLElement && event.target.closest("a, button, summary");
	return Boolean(isOn) && (event.key === "Enter" || event.key === " ");
}

function onKey(event: KeyboardEvent): void {
	if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
	if (takesText(event.target) || belongsToControl(event) || document.querySelector("dialog[open]")) return;
	const pressed = prefix ? `${prefix} ${event.key}` : event.key;
	prefix = "";
	// The latest addition takes precedence: a part of a page over the page.
	const found = shortcuts.value.findLast((shortcut) => shortcut.key === pressed);
	if (found) {
		event.preventDefault();
		found.run();
	} else if (shortcuts.value.some((shortcut) => shortcut.key.startsWith(`${pressed} `))) {
		prefix = pressed;
		setTimeout(() => (prefix = ""), 1000);
	}
}

export function startKeys(): void {
	document.addEventListener("keydown", onKey);
}

/** Adds shortcuts until the component is removed. Their keys must not change. */
export function useShortcuts(list: Shortcut[]): void {
	const latest = useRef(list);
	latest.current = list;
	useEffect(() => {
		const added = list.map((shortcut, index) => ({ ...shortcut, run: () => latest.current[index]?.run() }));
		shortcuts.value = [...shortcuts.peek(), ...added];
		return () => {
			shortcuts.value = shortcuts.peek().filter((shortcut) => !added.includes(shortcut));
		};
	}, []);
}
