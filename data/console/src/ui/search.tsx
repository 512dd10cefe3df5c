/** The search box of tasks, with completions (WAI-ARIA combobox with a list). */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { complete, type Completion } from "../model/search.ts";
import { useShortcuts } from "./keys.ts";

export interface SearchProps {
	text: string;
	kinds: string[];
	fault: string;
	/** With the text that was confirmed. */
	search: (text: string) => void;
}

export function SearchBox({ text, kinds, fault, search }: SearchProps) {
	const input = useRef<HTMLInputElement>(null);
	const [draft, setDraft] = useState(text);
	const [offers, setOffers] = useState<Completion[]>([]);
	const [chosen, setChosen] = useState(-1);
	const list = useId();
	useEffect(() => setDraft(text), [text]);
	useShortcuts([{ key: "/", about: "Search", run: () => input.current?.focus() }]);

	const offer = () => {
		const { value, selectionStart } = input.current!;
		setOffers(complete(value, selectionStart ?? value.length, kinds));
		setChosen(-1);
	};
	const take = ({ text: part, start, end }: Completion) => {
		const next = draft.slice(0, start) + part + draft.slice(end);
		setDraft(next);
		setOffers(complete(next, start + part.length, kinds));
		setChosen(-1);
		requestAnimationFrame(() => {
			input.current?.focus();
			input.current?.setSelectionRange(start + part.length, start + part.length);
		});
	};
	const confirm = () => {
		setOffers([]);
		search(draft.trim());
	};
	/** The chosen one, or the only one, unless that is written already. */
	const rest = offers.filter(({ text: part, start, end }) => draft.slice(start, end) !== part.trim());
	const meant = offers[chosen] ?? (offers.length === 1 ? rest[0] : undefined);
	const onKeyDown = (event: KeyboardEvent) => {
		if (event.key === "ArrowDown" || event.key === "ArrowUp") {
			event.preventDefault();
			if (!offers.length) return offer();
			const step = event.key === "ArrowDown" ? 1 : -1;
			setChosen((chosen + step + offers.length + (chosen < 0 && step < 0 ? 1 : 0)) % offers.length);
		} else if ((event.key === "Enter" && offers[chosen]) || (event.key === "Tab" && meant)) {
			event.preventDefault();
			take(meant!);
		} else if (event.key === "Enter") confirm();
		else if (event.key === "Escape") {
			event.preventDefault();
			if (offers.length) setOffers([]);
			else input.current?.blur();
		}
	};
	return (
		<div class="search">
			<input
				ref={input}
				role="combobox"
				aria-label="Search tasks"
				aria-expanded={offers.length > 0}
				aria-controls={list}
				aria-autocomplete="list"
				aria-activedescendant={chosen >= 0 ? `${list}-${chosen}` : undefined}
				aria-invalid={fault !== ""}
				aria-describedby={fault ? `${list}-fault` : undefined}
				placeholder="state:failed kind:… created:<2h, or an id"
				autocomplete="off"
				autocapitalize="off"
				spellcheck={false}
				value={draft}
				onInput={(event) => (setDraft(event.currentTarget.value), offer())}
				onFocus={offer}
				onBlur={() => setTimeout(() => setOffers([]), 150)}
				onKeyDown={onKeyDown}
			/>
			<ul id={list} role="listbox" aria-label="Completions" hidden={!offers.length}>
				{offers.map((one, index) => (
					<li
						key={one.label}
						id={`${list}-${index}`}
						role="option"
						aria-selected={index === chosen}
						onMouseDown={(event) => (event.preventDefault(), take(one))}
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
