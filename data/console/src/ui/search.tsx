/** The search box of tasks, with completions (WAI-ARIA combobox with a list). */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { complete, type Completion } from "../model/search.ts";
import { useShortcuts } from "./keys.ts";

export interface SearchProps {
	text: string;
	kinds: string[];
	fault: string;
	/** Called with the text when the user presses Enter. */
	search: (text: string) => void;
}

export function SearchBox({ text, kinds, fault, search }: SearchProps) {
	const input = useRef<HTMLInputElement>(null);
	const [draft, setDraft] = useState(text);
	const [completions, setCompletions] = useState<Completion[]>([]);
	const [active, setActive] = useState(-1);
	const list = useId();
	useEffect(() => setDraft(text), [text]);
	useShortcuts([{ key: "/", about: "Search", run: () => input.current?.focus() }]);

	const suggest = () => {
		const { value, selectionStart } = input.current!;
		setCompletions(complete(value, selectionStart ?? value.length, kinds));
		setActive(-1);
	};
	const accept = ({ text: part, start, end }: Completion) => {
		const next = draft.slice(0, start) + part + draft.slice(end);
		setDraft(next);
		setCompletions(complete(next, start + part.length, kinds));
		setActive(-1);
		requestAnimationFrame(() => {
			input.current?.focus();
			input.current?.setSelectionRange(start + part.length, start + part.length);
		});
	};
	const confirm = () => {
		setCompletions([]);
		search(draft.trim());
	};
	/** The active one, or the only one, unless that is written already. */
	const rest = completions.filter(({ text: part, start, end }) => draft.slice(start, end) !== part.trim());
	const meant = completions[active] ?? (completions.length === 1 ? rest[0] : undefined);
	const onKeyDown = (event: KeyboardEvent) => {
		if (event.key === "ArrowDown" || event.key === "ArrowUp") {
			event.preventDefault();
			if (!completions.length) return suggest();
			const step = event.key === "ArrowDown" ? 1 : -1;
			setActive((active + step + completions.length + (active < 0 && step < 0 ? 1 : 0)) % completions.length);
		} else if ((event.key === "Enter" && completions[active]) || (event.key === "Tab" && meant)) {
			event.preventDefault();
			accept(meant!);
		} else if (event.key === "Enter") confirm();
		else if (event.key === "Escape") {
			event.preventDefault();
			if (completions.length) setCompletions([]);
			else input.current?.blur();
		}
	};
	return (
		<div class="search">
			<input
				ref={input}
				role="combobox"
				aria-label="Search tasks"
				aria-expanded={completions.length > 0}
				aria-controls={list}
				aria-autocomplete="list"
				aria-activedescendant={active >= 0 ? `${list}-${active}` : undefined}
				aria-invalid={fault !== ""}
				aria-describedby={fault ? `${list}-fault` : undefined}
				placeholder="state:failed kind:… created:<2h, or an id"
				autocomplete="off"
				autocapitalize="off"
				spellcheck={false}
				value={draft}
				onInput={(event) => (setDraft(event.currentTarget.value), suggest())}
				onFocus={suggest}
				onBlur={() => setTimeout(() => setCompletions([]), 150)}
				onKeyDown={onKeyDown}
			/>
			<ul id={list} role="listbox" aria-label="Completions" hidden={!completions.length}>
				{completions.map((one, index) => (
					<li
						key={one.label}
						id={`${list}-${index}`}
						role="option"
						aria-selected={index === active}
						onMouseDown={(event) => (event.preventDefault(), accept(one))}
					>
						<b>{one.label}</b> <span>{one.about}</span>
					</li>
				))}
			</ul>
			{fault && (
				<p class="fault" id={`${list}-fault`} role="status">
					{fault}
				</p>
			)}
		</div>
	);
}
