/** Tasks that ended and failed per minute, as a chart and as a table. */
import { useState } from "preact/hooks";
import { readSeries } from "../../api/overview.ts";
import { exact } from "../../model/clock.ts";
import { linesOf } from "../../model/totals.ts";
import { useResource } from "../../model/resource.ts";
import { DIALECTS, dialectName } from "../../model/states.ts";
import { Trouble } from "../../ui/basics.tsx";
import { Chart } from "../../ui/chart.tsx";
import { useRefresh } from "./refresh.ts";

/** Name, length in seconds, step in seconds. */
const RANGES = [
	["1 h", 3600, 60],
	["6 h", 21_600, 300],
	["24 h", 86_400, 600],
	["7 d", 604_800, 3600],
] as const;

type ChartData = ReturnType<typeof linesOf>;

const NO_DATA: ChartData = { times: [], lines: [] };

const nameOf = (dialect: string) => (dialect ? dialectName(dialect) : "Failed, all APIs");
const colorOf = (dialect: string) =>
	dialect ? `--line-${Object.keys(DIALECTS).indexOf(dialect)}` : "--failed";

/** The rows are drawn only while the table is open. */
function NumbersTable({ times, lines }: ChartData) {
	const [isOpen, setOpen] = useState(false);
	return (
		<details onToggle={(event) => setOpen(event.currentTarget.open)}>
			<summary>Show as a table</summary>
			{isOpen && (
				<div class="numbers" tabIndex={0} role="region" aria-label="Tasks that ended">
					<table>
						<thead>
							<tr>
								<th scope="col">From</th>
								{lines.map(({ dialect }) => (
									<th key={dialect} scope="col" class="number">
										{nameOf(dialect)}
									</th>
								))}
							</tr>
						</thead>
						<tbody>
							{times.toReversed().map((time, row) => (
								<tr key={time}>
									<th scope="row">{exact(new Date(time * 1000).toISOString())}</th>
									{lines.map(({ dialect, counts }) => (
										<td key={dialect} class="number">
											{counts.at(-1 - row)!.toLocaleString()}
										</td>
									))}
								</tr>
							))}
						</tbody>
					</table>
				</div>
			)}
		</details>
	);
}

export function Throughput() {
	const [range, setRange] = useState<(typeof RANGES)[number]>(RANGES[0]);
	const [name, seconds, step] = range;
	const series = useResource(async (signal) => linesOf(await readSeries(seconds, step, signal)), [range]);
	useRefresh(series.refresh);
	const { data, problem } = series;
	return (
		<section class="card throughput" aria-labelledby="throughput">
			<header>
				<h2 id="throughput">Ended per minute</h2>
				{RANGES.map((one) => (
					<button key={one[0]} type="button" aria-pressed={one === range} onClick={() => setRange(one)}>
						{one[0]}
					</button>
				))}
			</header>
			{problem && <Trouble problem={problem} retry={series.reload} />}
			<div class="space">
				{data && !data.lines.length && <p class="muted">No task ended in this time.</p>}
				{data && data.lines.length > 0 && (
					<Chart
						label={`Tasks that ended per minute in the last ${name}, by API. A table of the numbers follows.`}
						times={data.times}
						lines={data.lines.map(({ dialect, rates }) => ({
							name: nameOf(dialect),
							color: colorOf(dialect),
							isDashed: !dialect,
							values: rates,
						}))}
					/>
				)}
			</div>
			<NumbersTable {...(data ?? NO_DATA)} />
		</section>
	);
}
