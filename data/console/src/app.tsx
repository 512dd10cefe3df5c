/** The pages by their addresses. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "./api/http.ts";
import { asProblem } from "./model/resource.ts";
import { place } from "./model/router.ts";
import { BASE, tasksPage } from "./model/routes.ts";
import { caller, ready, resume } from "./model/session.ts";
import { Login } from "./pages/login.tsx";
import { TaskList } from "./pages/tasks.tsx";
import { Empty, Loading, Trouble } from "./ui/basics.tsx";
import { Shell } from "./ui/shell.tsx";

/** A page with a part of the address, such as an id. */
type Page = ComponentType<{ id: string }>;

interface Entry {
	/** Below the base; the first group is the page's `id`. */
	path: RegExp;
	title: string;
	load: () => Promise<Page>;
}

const PAGES: Entry[] = [
	{ path: /^$/, title: "Overview", load: async () => (await import("./pages/overview.tsx")).OverviewPage },
	{ path: /^\/tasks$/, title: "Tasks", load: async () => TaskList },
	{ path: /^\/tasks\/([^/]+)$/, title: "Task", load: async () => (await import("./pages/task.tsx")).TaskPage },
	{ path: /^\/workers$/, title: "Workers", load: async () => (await import("./pages/workers.tsx")).WorkersPage },
	{ path: /^\/events$/, title: "Events", load: async () => (await import("./pages/events.tsx")).EventsPage },
	{ path: /^\/webhooks(?:\/([^/]+))?$/, title: "Webhooks", load: async () => (await import("./pages/webhooks.tsx")).WebhooksPage },
	{ path: /^\/users$/, title: "Users", load: async () => (await import("./pages/users.tsx")).UsersPage },
	{ path: /^\/api(?:\/([^/]+))?$/, title: "API", load: async () => (await import("./pages/api.tsx")).ApiPage },
];

const loaded = new Map<Entry, Page>();

function NotFound() {
	return (
		<Empty title="There is no such page">
			<a href={tasksPage("")}>All tasks</a>
		</Empty>
	);
}

/** Draws a page whose code may have to be fetched first. */
function Later({ entry, id }: { entry: Entry; id: string }) {
	const [, setCount] = useState(0);
	const [problem, setProblem] = useState<Problem>();
	const Found = loaded.get(entry);
	useEffect(() => {
		document.title = `${id || entry.title} – Polytask`;
	}, [entry, id]);
	useEffect(() => {
		if (Found) return;
		entry.load().then(
			(page) => {
				loaded.set(entry, page);
				setCount((count) => count + 1);
			},
			(error: unknown) => setProblem(asProblem(error)),
		);
	}, [entry]);
	// After an update of the service, the files of the old page are gone.
	if (problem) return <Trouble problem={problem} retry={() => location.reload()} />;
	return Found ? <Found id={id} key={id} /> : <Loading />;
}

function Pages() {
	const path = place.value.path.slice(BASE.length);
	const entry = PAGES.find((page) => page.path.test(path));
	const id = decodeURIComponent(entry?.path.exec(path)?.[1] ?? "");
	return <Shell>{entry ? <Later entry={entry} id={id} key={entry.title} /> : <NotFound />}</Shell>;
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
