/**
 * A modal dialog on the browser's own <dialog>: it keeps the focus, and Escape closes it. What it asks for has the
 * focus first, but no button of a dangerous action.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export interface DialogProps {
	title: string;
	close: () => void;
	children: ComponentChildren;
}

export function Dialog({ title, close, children }: DialogProps) {
	const element = useRef<HTMLDialogElement>(null);
	const heading = useId();
	useEffect(() => {
		const before = document.activeElement as HTMLElement | null;
		element.current?.showModal();
		element.current?.querySelector<HTMLElement>("input, select, textarea, .primary")?.focus();
		return () => before?.focus?.();
	}, []);
	const onClick = (event: MouseEvent) => {
		if (event.target === element.current) close();
	};
	return (
		<dialog ref={element} aria-labelledby={heading} onClose={close} onClick={onClick}>
			{/* Inside a section, header and footer are not landmarks. */}
			<section class="dialog">
				<header>
					<h2 id={heading}>{title}</h2>
					<button type="button" class="quiet" aria-label="Close" onClick={close}>
						✕
					</button>
				</header>
				{children}
			</section>
		</dialog>
	);
}
