/** A section that unfolds. Its content is created when it is first opened, so that many of them cost little. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

export interface FoldProps {
	head: ComponentChildren;
	children: () => ComponentChildren;
	open?: boolean;
	id?: string;
}

export function Fold({ head, children, open = false, id }: FoldProps) {
	const [wasOpen, setWasOpen] = useState(open);
	return (
		<details id={id} open={open} onToggle={(event) => event.currentTarget.open && setWasOpen(true)}>
			<summary>{head}</summary>
			{(wasOpen || open) && children()}
		</details>
	);
}
