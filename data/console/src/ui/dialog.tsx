/**
 * A modal dialog, an HTML <dialog> element: the focus stays inside, and Escape closes it. The first control gets the
 * focus, but never the button of a dangerous action.
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
