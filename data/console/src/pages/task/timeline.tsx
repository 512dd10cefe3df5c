/** The periods of the task to scale and in words, and the reason why it is pending. */
import { readKindStats } from "../../api/tasks.ts";
import type { HistoryEntry, Task } from "../../api/types.ts";
import { duration, now } from "../../model/clock.ts";
import { useReload } from "../../model/live.ts";
import { useResource } from "../../model/resource.ts";
import { hasEnded } from "../../model/states.ts";
import { periods } from "../../model/timeline.ts";
import { whyWaiting } from "../../model/waiting.ts";
import { eventWords } from "../../model/words.ts";
import { When } from "../../ui/basics.tsx";
import { Section } from "./parts.tsx";

const ROWS = 12; // the last periods, which are drawn
const BAD = ["failed", "expired", "timed_out"]; // events that end an attempt without success
const STATS_MS = 3000; // between two reads of the counts

function Waiting({ task }: { task: Task }) {
	const stats = useResource((signal) => readKindStats(task, signal), []);
	useReload(stats.refresh, STATS_MS);
	return <p class="why">{stats.data && whyWaiting(task, stats.data, now.value)}</p>;
}

export function Timeline({ task, entries }: { task: Task; entries: HistoryEntry[] }) {
	const all = periods(task, entries, now.value);
	const shown = all.slice(-ROWS);
	const from = shown[0]!.from;
	const scale = 100 / Math.max(shown.at(-1)!.to - from, 1);
	return (
		<Section title="Timeline">
			{task.state === "pending" && <Waiting task={task} />}
			<ol class="timeline">
				<li>
					<span>Created</span> <When time={task.created_at} />
				</li>
				{all.length > ROWS && <li class="muted">{all.length - ROWS} earlier periods</li>}
				{shown.map((period) => (
					<li
						key={period.from}
						class={
							period.end === "completed" ? "succeeded" : BAD.includes(period.end) ? "failed" : period.state
						}
					>
						<span>{period.name}</span>
						<span>
							<i
								style={{
									left: `${(period.from - from) * scale}%`,
									width: `${(period.to - period.from) * scale}%`,
								}}
							/>
						</span>
						<span>
							{duration(period.to - period.from)} <small>{eventWords(period.end)}</small>
						</span>
					</li>
				))}
				{hasEnded(task) && (
					<li>
						<span>Ended</span> <When time={task.finished_at} />
					</li>
				)}
			</ol>
		</Section>
	);
}
