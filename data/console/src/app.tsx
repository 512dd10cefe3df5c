/** The pages by their addresses. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "./api/http.ts";
import { asProblem } from "./model/resource.ts";
import { place } from "./model/router.ts";
import { BASE, tasksPage, WAYS, type Way } from "./model/routes.ts";
import { caller, may, ready, resume } from "./model/session.ts";
import { ApiPage } from "./pages/api.tsx";
import { EventsPage } from "./pages/events.tsx";
import { Login } from "./pages/login.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { TaskPage } from "./pages/task.tsx";
import { TasksPage } from "./pages/tasks.tsx";
import { UsersPage } from "./pages/users.tsx";
import { WebhooksPage } from "./pages/webhooks.tsx";
import { WorkersPage } from "./pages/workers.tsx";
import { Empty, Loading, Trouble } from "./ui/basics.tsx";
import { Shell } from "./ui/shell.tsx";

/** A page with a part of the address, such as an id. */
type Page = ComponentType<{ id: string }>;

interface Entry {
	/** Of the menu: gives the title, and the right that it needs. */
	way: Way;
	/** Below the base; the first group is the page's `id`. */
	path: RegExp;
	page: Page;
}

const PAGES: Entry[] = [
	{ way: WAYS.overview, path: /^$/, page: OverviewPage },
	{ way: WAYS.tasks, path: /^\/tasks$/, page: TasksPage },
	{ way: WAYS.tasks, path: /^\/tasks\/([^/]+)$/, page: TaskPage },
	{ way: WAYS.workers, path: /^\/workers$/, page: WorkersPage },
	{ way: WAYS.events, path: /^\/events$/, page: EventsPage },
	{ way: WAYS.webhooks, path: /^\/webhooks(?:\/([^/]+))?$/, page: WebhooksPage },
	{ way: WAYS.users, path: /^\/users$/, page: UsersPage },
	{ way: WAYS.api, path: /^\/api(?:\/([^/]+))?$/, page: ApiPage },
];

function NotFound() {
	return (
		<Empty title="There is no such page">
			<a href={tasksPage("")}>All tasks</a>
		</Empty>
	);
}

function Drawn({ way, page: Page, id }: Entry & { id: string }) {
	useEffect(() => {
		document.title = `${id || way.name} – Polytask`;
		// The keyboard and a screen reader go on at the new page, unless a part of it has taken the focus.
		if (document.activeElement === document.body) document.getElementById("page")?.focus();
	}, [way, id]);
	return <Page id={id} key={id} />;
}

function NotAllowed({ right }: { right: string }) {
	return (
		<Empty title={`This page needs the right ${right}`}>
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
	return <Drawn {...entry} id={id} key={entry.path.source} />;
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
