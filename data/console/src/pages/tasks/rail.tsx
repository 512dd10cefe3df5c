/**
 * The counts beside the list: each is a filter. Those of the states are of the chosen dialects, and vice versa; all
 * are of the chosen kinds.
 */
import type { KindCounts } from "../../api/types.ts";
import { countOf } from "../../model/counts.ts";
import { DIALECTS, STATES, dialectName } from "../../model/states.ts";
import { termValues, withTerm } from "../../model/search.ts";

export interface RailProps {
	counts: KindCounts[] | undefined;
	text: string;
	search: (text: string) => void;
}

interface ListProps extends RailProps {
	name: "state" | "dialect";
	values: readonly string[];
	count: (value: string) => number;
}

function Filters({ name, values, count, counts, text, search }: ListProps) {
	const chosen = termValues(text, name);
	const toggle = (value: string) => {
		const next = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
		search(withTerm(text, name, next));
	};
	return (
		<section>
			<h2>{name === "state" ? "State" : "API"}</h2>
			<ul>
				{values.map((value) => (
					<li key={value}>
						<button
							type="button"
							class={`filter ${name === "state" ? value : ""}`}
							aria-pressed={chosen.includes(value)}
							onClick={() => toggle(value)}
						>
							{name === "state" ? <span class="dot" aria-hidden="true" /> : null}
							{name === "state" ? value : dialectName(value)}
							<span class="count">{counts ? count(value).toLocaleString() : "…"}</span>
						</button>
					</li>
				))}
			</ul>
		</section>
	);
}

export function Rail(props: RailProps) {
	const { counts = [], text } = props;
	const states = termValues(text, "state");
	const dialects = termValues(text, "dialect");
	const kinds = termValues(text, "kind");
	return (
		<aside class="rail" aria-label="Filters">
			<Filters
				{...props}
				name="state"
				values={STATES}
				count={(state) => countOf(counts, [state], dialects, kinds)}
			/>
			<Filters
				{...props}
				name="dialect"
				values={Object.keys(DIALECTS)}
				count={(dialect) => countOf(counts, states, [dialect], kinds)}
			/>
		</aside>
	);
}
