/** The pages by their addresses. */
import type { ComponentType } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import type { Problem } from "./api/http.ts";
import { asProblem } from "./model/resource.ts";
import { place } from "./model/router.ts";
import { BASE, tasksPage, WAYS, type Way } from "./model/routes.ts";
import { caller, may, ready, resume } from "./model/session.ts";
import { Login } from "./pages/login.tsx";
import { Empty, Loading, Trouble } from "./ui/basics.tsx";
import { Shell } from "./ui/shell.tsx";

/** A page with a part of the address, such as an id. */
type Page = ComponentType<{ id: string }>;

interface Entry {
	/** Of the menu: gives the title, and the right that it needs. */
	way: Way;
	/** Below the base; the first group is the page's `id`. */
	path: RegExp;
	/** Fetches the code of the page, so that no page waits for that of others. */
	load: () => Promise<Page>;
}

const PAGES: Entry[] = [
	{ way: WAYS.overview, path: /^$/, load: async () => (await import("./pages/overview.tsx")).OverviewPage },
	{ way: WAYS.tasks, path: /^\/tasks$/, load: async () => (await import("./pages/tasks.tsx")).TasksPage },
	{
		way: WAYS.tasks,
		path: /^\/tasks\/([^/]+)$/,
		load: async () => (await import("./pages/task.tsx")).TaskPage,
	},
	{
		way: WAYS.workers,
		path: /^\/workers$/,
		load: async () => (await import("./pages/workers.tsx")).WorkersPage,
	},
	{ way: WAYS.events, path: /^\/events$/, load: async () => (await import("./pages/events.tsx")).EventsPage },
	{
		way: WAYS.webhooks,
		path: /^\/webhooks(?:\/([^/]+))?$/,
		load: async () => (await import("./pages/webhooks.tsx")).WebhooksPage,
	},
	{ way: WAYS.users, path: /^\/users$/, load: async () => (await import("./pages/users.tsx")).UsersPage },
	{
		way: WAYS.api,
		path: /^\/api(?:\/([^/]+))?$/,
		load: async () => (await import("./pages/api.tsx")).ApiPage,
	},
];

const loaded = new Map<Entry, Page>();

function NotFound() {
	return (
		<Empty title="There is no such page" isPage>
			<a href={tasksPage("")}>All tasks</a>
		</Empty>
	);
}

function Drawn({ entry, id }: { entry: Entry; id: string }) {
	const [drawing, setDrawing] = useState<{ page: Page | undefined }>({ page: loaded.get(entry) });
	const [problem, setProblem] = useState<Problem>();
	const [failure, again] = useErrorBoundary();
	useEffect(() => {
		document.title = `${id || entry.way.name} – Polytask`;
		// The keyboard and a screen reader go on at the new page, unless a part of it has taken the focus.
		if (document.activeElement === document.body) document.getElementById("page")?.focus();
	}, [entry, id]);
	useEffect(() => {
		entry.load().then(
			(page) => {
				loaded.set(entry, page);
				setDrawing({ page });
			},
			(error: unknown) => setProblem(asProblem(error)),
		);
	}, [entry]);
	const Page = drawing.page;
	// After an update of the service, the files of the page that is shown are gone.
	if (problem) return <Trouble problem={problem} retry={() => location.reload()} />;
	// Something in between may answer in the place of the service, or this page may be older than the service.
	if (failure)
		return <Trouble problem={asProblem(`This page cannot show the answer: ${failure}`)} retry={again} />;
	return Page ? <Page id={id} /> : <Loading />;
}

function NotAllowed({ right }: { right: string }) {
	return (
		<Empty title={`This page needs the right ${right}`} isPage>
			<p>Your token does not have it. Whoever runs the service can give it to your user.</p>
		</Empty>
	);
}

/** A part of an address that is no valid escape stays as it is. */
function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

function Found({ path }: { path: string }) {
	const entry = PAGES.find((page) => page.path.test(path));
	if (!entry) return <NotFound />;
	const { right } = entry.way as Way;
	if (right && !may(right)) return <NotAllowed right={right} />;
	const id = decoded(entry.path.exec(path)?.[1] ?? "");
	return <Drawn entry={entry} id={id} key={entry.path.source + id} />;
}

function Pages() {
	return (
		<Shell>
			<Found path={place.value.path.slice(BASE.length)} />
		</Shell>
	);
}

export function App() {
	const [problem, setProblem] = useState<Problem>();
	const begin = () => {
		setProblem(undefined);
		resume().catch((error: unknown) => setProblem(asProblem(error)));
	};
	useEffect(begin, []);
	if (problem && problem.status !== 401)
		return (
			<main class="login">
				<Trouble problem={problem} retry={begin} />
			</main>
		);
	if (!ready.value) return <Loading />;
	return caller.value ? <Pages /> : <Login />;
}
