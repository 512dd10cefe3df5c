/**
 * A JSON value as a tree whose objects fold. All texts are text nodes: markup in them has no effect. Folded
 * members are not drawn, and only the first MEMBERS_MAX of an object, because a value may have 100,000.
 */
import { useState } from "preact/hooks";
import { formatJson } from "../api/json.ts";

const OPEN_LEVELS = 2;
const FOLDED_FROM = 40; // members after which a value begins folded
const MEMBERS_MAX = 1000; // members that are drawn

function Scalar({ value }: { value: unknown }) {
	const type = value === null ? "null" : typeof value;
	return (
		<span class={`json-${type}`}>{typeof value === "string" ? JSON.stringify(value) : String(value)}</span>
	);
}

function Member({ name, value, level }: { name?: string; value: unknown; level: number }) {
	const members = typeof value === "object" && value !== null ? Object.entries(value) : [];
	const [isOpen, setOpen] = useState(level < OPEN_LEVELS && members.length <= FOLDED_FROM);
	const label = name !== undefined && <span class="json-name">{name}: </span>;
	if (typeof value !== "object" || value === null)
		return (
			<li>
				{label}
				<Scalar value={value} />
			</li>
		);
	const size = Array.isArray(value) ? `[${members.length}]` : `{${members.length}}`;
	if (!members.length)
		return (
			<li>
				{label}
				{Array.isArray(value) ? "[]" : "{}"}
			</li>
		);
	return (
		<li>
			<details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
				<summary>
					{label}
					<span class="muted">{size}</span>
				</summary>
				<ul>
					{isOpen &&
						members
							.slice(0, MEMBERS_MAX)
							.map(([member, inner]) => (
								<Member key={member} name={member} value={inner} level={level + 1} />
							))}
					{isOpen && members.length > MEMBERS_MAX && (
						<li class="muted">… {members.length - MEMBERS_MAX} more</li>
					)}
				</ul>
			</details>
		</li>
	);
}

export function Json({ value }: { value: unknown }) {
	return (
		<ul class="json">
			<Member value={value} level={0} />
		</ul>
	);
}

/** The value as text, indented. */
export function JsonText({ value }: { value: unknown }) {
	return <pre tabIndex={0}>{formatJson(value, 2)}</pre>;
}
