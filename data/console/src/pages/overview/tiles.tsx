/** Present counts of tasks; each links to the tasks that it counts. */
import type { ComponentChildren } from "preact";
import type { KindCounts, State } from "../../api/types.ts";
import { byDialect, totalsOf } from "../../model/totals.ts";
import { tasksPage } from "../../model/routes.ts";
import { dialectName } from "../../model/states.ts";
import { When } from "../../ui/basics.tsx";

interface TileProps {
	name: string;
	state: State;
	count: number;
	/** Further terms of the search, after the state. */
	terms?: string;
	children?: ComponentChildren;
}

function Tile({ name, state, count, terms = "", children }: TileProps) {
	return (
		<li class={`card ${state}`}>
			<a href={tasksPage(`state:${state}${terms}`)}>
				<span class="dot" aria-hidden="true" /> {name} <b>{count.toLocaleString()}</b>
			</a>
			<small>{children}</small>
		</li>
	);
}

export function Tiles({ rows }: { rows: KindCounts[] }) {
	const { pending, delayed, oldest, running, failedHour, failedDay, succeededHour } = totalsOf(rows);
	const day = tasksPage("state:failed updated:<24h");
	return (
		<ul class="tiles">
			<Tile name="Pending" state="pending" count={pending}>
				oldest ready <When time={oldest} />
				{delayed > 0 && `, ${delayed.toLocaleString()} delayed`}
			</Tile>
			<Tile name="Running" state="running" count={running} />
			<Tile name="Failed in the last hour" state="failed" count={failedHour} terms=" updated:<1h">
				<a href={day}>{failedDay.toLocaleString()} in the last day</a>
			</Tile>
			<Tile name="Succeeded in the last hour" state="succeeded" count={succeededHour} terms=" updated:<1h" />
		</ul>
	);
}

export function Dialects({ rows }: { rows: KindCounts[] }) {
	return (
		<div class="card dialects" tabIndex={0} role="region" aria-label="Tasks by API">
			<table>
				<thead>
					<tr>
						<th scope="col">API</th>
						{["Pending", "Running", "Failed", "Succeeded in 1 h", "Oldest ready"].map((name) => (
							<th key={name} scope="col" class="number">
								{name}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{byDialect(rows).map(([dialect, own]) => {
						const { pending, running, failed, succeededHour, oldest } = totalsOf(own);
						const of = `dialect:${dialect} `;
						const cells: [string, ComponentChildren][] = [
							["state:pending", pending.toLocaleString()],
							["state:running", running.toLocaleString()],
							["state:failed", failed.toLocaleString()],
							["state:succeeded updated:<1h", succeededHour.toLocaleString()],
							["state:pending sort:created", <When time={oldest} />],
						];
						return (
							<tr key={dialect}>
								<th scope="row">
									<a href={tasksPage(of.trim())}>{dialectName(dialect)}</a>
								</th>
								{cells.map(([terms, text]) => (
									<td key={terms} class="number">
										<a href={tasksPage(of + terms)}>{text}</a>
									</td>
								))}
							</tr>
						);
					})}
				</tbody>
			</table>
		</div>
	);
}
