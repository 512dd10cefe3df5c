/** A JSON value as a tree whose objects fold. All texts are text nodes: markup in them has no effect. */
import { formatJson } from "../api/json.ts";

const OPEN_LEVELS = 2;
const LONG = 40; // members after which a value begins folded

function Scalar({ value }: { value: unknown }) {
	const type = value === null ? "null" : typeof value;
	return (
		<span class={`json-${type}`}>{typeof value === "string" ? JSON.stringify(value) : String(value)}</span>
	);
}

function Member({ name, value, level }: { name?: string; value: unknown; level: number }) {
	const label = name !== undefined && <span class="json-name">{name}: </span>;
	if (typeof value !== "object" || value === null)
		return (
			<li>
				{label}
				<Scalar value={value} />
			</li>
		);
	const members = Object.entries(value);
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
			<details open={level < OPEN_LEVELS && members.length <= LONG}>
				<summary>
					{label}
					<span class="muted">{size}</span>
				</summary>
				<ul>
					{members.map(([member, inner]) => (
						<Member key={member} name={member} value={inner} level={level + 1} />
					))}
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
