/** Chooses the page by the address, and fetches its code. */
import type { ComponentType } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import type { Problem } from "./api/http.ts";
import { isAtRest } from "./model/live.ts";
import { asProblem } from "./model/resource.ts";
import { Retry } from "./model/retry.ts";
import { place } from "./model/router.ts";
import { BASE, tasksPage, MENU, type MenuEntry } from "./model/routes.ts";
import { caller, may, ready, resume } from "./model/session.ts";
import { Login } from "./pages/login.tsx";
import { Empty, Loading, Trouble } from "./ui/basics.tsx";
import { Shell } from "./ui/shell.tsx";

/** A page with a part of the address, such as an id. */
type Page = ComponentType<{ id: string }>;

interface Route {
	/** The entry of the menu that the page belongs to: its title, and the right that it needs. */
	menu: MenuEntry;
	/** Below the base; the first group is the page's `id`. */
	path: RegExp;
	/** Fetches the code of the page, so that no page waits for that of others. */
	load: () => Promise<Page>;
}

const ROUTES: Route[] = [
	{ menu: MENU.overview, path: /^$/, load: async () => (await import("./pages/overview.tsx")).OverviewPage },
	{ menu: MENU.tasks, path: /^\/tasks$/, load: async () => (await import("./pages/tasks.tsx")).TasksPage },
	{
		menu: MENU.tasks,
		path: /^\/tasks\/([^/]+)$/,
		load: async () => (await import("./pages/task.tsx")).TaskPage,
	},
	{
		menu: MENU.workers,
		path: /^\/workers$/,
		load: async () => (await import("./pages/workers.tsx")).WorkersPage,
	},
	{
		menu: MENU.events,
		path: /^\/events$/,
		load: async () => (await import("./pages/events.tsx")).EventsPage,
	},
	{
		menu: MENU.webhooks,
		path: /^\/webhooks(?:\/([^/]+))?$/,
		load: async () => (await import("./pages/webhooks.tsx")).WebhooksPage,
	},
	{ menu: MENU.users, path: /^\/users$/, load: async () => (await import("./pages/users.tsx")).UsersPage },
	{
		menu: MENU.api,
		path: /^\/api(?:\/([^/]+))?$/,
		load: async () => (await import("./pages/api.tsx")).ApiPage,
	},
];

const loaded = new Map<Route, Page>();

function NotFound() {
	return (
		<Empty title="There is no such page" isPage>
			<a href={tasksPage("")}>All tasks</a>
		</Empty>
	);
}

function LoadedPage({ route, id }: { route: Route; id: string }) {
	const [loadedPage, setLoadedPage] = useState<{ page: Page | undefined }>({ page: loaded.get(route) });
	const [problem, setProblem] = useState<Problem>();
	const [failure, again] = useErrorBoundary();
	useEffect(() => {
		document.title = `${id || route.menu.name} – Polytask`;
		// The keyboard and a screen reader go on at the new page, unless a part of it has taken the focus.
		if (document.activeElement === document.body) document.getElementById("page")?.focus();
	}, [route, id]);
	useEffect(() => {
		route.load().then(
			(page) => {
				loaded.set(route, page);
				setLoadedPage({ page });
			},
			(error: unknown) => setProblem(asProblem(error)),
		);
	}, [route]);
	const Page = loadedPage.page;
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
			<p>Your token does not have it. The operator of the service can give it to your user.</p>
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

function RoutedPage({ path }: { path: string }) {
	const route = ROUTES.find((page) => page.path.test(path));
	if (!route) return <NotFound />;
	const { right } = route.menu as MenuEntry;
	if (right && !may(right)) return <NotAllowed right={right} />;
	const id = decoded(route.path.exec(path)?.[1] ?? "");
	return <LoadedPage route={route} id={id} key={route.path.source + id} />;
}

function Pages() {
	return (
		<Shell>
			<RoutedPage path={place.value.path.slice(BASE.length)} />
		</Shell>
	);
}

export function App() {
	const [problem, setProblem] = useState<Problem>();
	const [retry] = useState(
		() =>
			new Retry(
				() => start(),
				() => !isAtRest(),
			),
	);
	const start = () => {
		retry.stop();
		setProblem(undefined);
		resume().then(
			() => retry.note(undefined),
			(error: unknown) => {
				const found = asProblem(error);
				retry.note(found);
				setProblem(found);
			},
		);
	};
	useEffect(start, []);
	if (problem && problem.status !== 401)
		return (
			<main class="login">
				<Trouble problem={problem} retry={start} />
			</main>
		);
	if (!ready.value) return <Loading />;
	return caller.value ? <Pages /> : <Login />;
}
