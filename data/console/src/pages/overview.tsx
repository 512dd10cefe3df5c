/** The state of the service: problems first, then counts, by API and over time. */
import { useMemo } from "preact/hooks";
import { readHealth, readIfAvailable, readSeries, readWebhooks } from "../api/overview.ts";
import { readStats } from "../api/tasks.ts";
import { attention, RECENT } from "../model/attention.ts";
import { useResource } from "../model/resource.ts";
import { caller, may, reloadCaller } from "../model/session.ts";
import { Loading, Trouble } from "../ui/basics.tsx";
import { useRefresh } from "./overview/refresh.ts";
import { Dialects, Tiles } from "./overview/tiles.tsx";
import { Notices } from "./overview/notices.tsx";
import { Throughput } from "./overview/throughput.tsx";
import { Welcome } from "./overview/welcome.tsx";

/** Data that change more slowly than the counts. */
async function readRest(signal: AbortSignal) {
	const isAdmin = may("admin");
	const [recent, webhooks, health] = await Promise.all([
		readIfAvailable(readSeries(RECENT, 60, signal)),
		isAdmin ? readWebhooks(signal) : [],
		isAdmin ? readIfAvailable(readHealth(signal)) : undefined,
		reloadCaller(),
	]);
	return { recent, webhooks, health };
}

export function OverviewPage() {
	const counts = useResource(readStats, []);
	const rest = useResource(readRest, []);
	useRefresh(counts.refresh);
	useRefresh(rest.refresh, false);
	const stats = counts.data;
	const notices = useMemo(
		() => stats && rest.data && attention({ stats, caller: caller.value!, ...rest.data }),
		[stats, rest.data],
	);
	const problem = counts.problem ?? rest.problem;
	const isReady = stats && (notices || rest.problem);
	return (
		<div class="page overview">
			<h1>Overview</h1>
			{problem && <Trouble problem={problem} retry={() => (counts.reload(), rest.reload())} />}
			{!isReady && !problem && <Loading lines={16} />}
			{isReady && (
				<>
					{notices && (notices.length > 0 || (stats.items.length > 0 && !problem)) && (
						<Notices notices={notices} />
					)}
					{stats.items.length ? (
						<>
							<Tiles rows={stats.items} />
							{rest.data && !rest.data.recent ? (
								<p class="muted">This service has no counts by time, so there is no chart.</p>
							) : (
								<Throughput />
							)}
							<Dialects rows={stats.items} />
						</>
					) : (
						<Welcome />
					)}
				</>
			)}
		</div>
	);
}
