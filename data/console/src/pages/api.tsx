/** The APIs that the service speaks: their OpenAPI documents. Operations are drawn when they are opened. */
import { useMemo, useState } from "preact/hooks";
import { listDocuments, readDocument, type Entry } from "../api/openapi.ts";
import { filterOperations, operationsOf, objectOf, textOf } from "../model/openapi.ts";
import { useResource } from "../model/resource.ts";
import { place } from "../model/router.ts";
import { BASE } from "../model/routes.ts";
import { dialectName } from "../model/states.ts";
import { Empty, Loading, Trouble } from "../ui/basics.tsx";
import { Markdown } from "../ui/markdown.tsx";
import { useShortcuts } from "../ui/keys.ts";
import { OperationFold } from "./api/operation.tsx";
import { DocumentContext } from "./api/parts.tsx";

function fragment(): string {
	void place.value;
	try {
		return decodeURIComponent(location.hash.slice(1));
	} catch {
		return "";
	}
}

function Document({ entry }: { entry: Entry }) {
	const document = useResource((signal) => readDocument(entry.document, signal), [entry.document]);
	const [filter, setFilter] = useState("");
	useShortcuts([{ key: "/", about: "Filter", run: () => window.document.getElementById("filter")?.focus() }]);
	const operations = useMemo(() => operationsOf(document.data ?? {}), [document.data]);
	const found = filterOperations(operations, filter);
	const target = fragment();
	if (document.problem) return <Trouble problem={document.problem} retry={document.reload} />;
	if (!document.data) return <Loading lines={12} />;
	const info = objectOf(document.data.info);
	const paths = [...new Set(found.map(({ path }) => path))];
	return (
		<DocumentContext.Provider value={document.data}>
			<section class="card">
				<h2>
					{textOf(info.title)} <small>{textOf(info.version)}</small>
				</h2>
				<Markdown text={textOf(info.description)} />
				<p>
					Base address <code>{entry.anchor}</code>: <a href={entry.document}>OpenAPI</a>
					{entry.page && (
						<>
							, <a href={entry.page}>specification</a>
						</>
					)}
				</p>
			</section>
			<input
				id="filter"
				type="search"
				placeholder="Filter"
				aria-label="Filter operations"
				value={filter}
				onInput={(event) => setFilter(event.currentTarget.value)}
			/>
			{!found.length && <Empty title="No operation matches" />}
			{paths.map((path) => (
				<section key={path} class="api-path">
					<h3>
						<code>{path}</code>
					</h3>
					{found
						.filter((operation) => operation.path === path)
						.map((operation) => (
							<OperationFold key={operation.id} operation={operation} isTarget={operation.id === target} />
						))}
				</section>
			))}
		</DocumentContext.Provider>
	);
}

export function ApiPage({ id }: { id: string }) {
	const { data, problem, reload } = useResource(listDocuments, []);
	const wanted = id || "native";
	const entry = data?.find(({ name }) => name === wanted);
	return (
		<div class="page api">
			<header>
				<h1>API</h1>
				<nav aria-label="APIs">
					{data?.map(({ name }) => (
						<a key={name} href={`${BASE}/api/${name}`} aria-current={name === wanted ? "page" : undefined}>
							{dialectName(name)}
						</a>
					))}
				</nav>
			</header>
			{problem && <Trouble problem={problem} retry={reload} />}
			{!data && !problem && <Loading lines={12} />}
			{data && !entry && <Empty title="There is no such API" />}
			{entry && <Document entry={entry} />}
		</div>
	);
}
