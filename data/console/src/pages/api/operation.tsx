/** One operation of an API: a line, and its details when it is opened. */
import { useContext, useEffect } from "preact/hooks";
import { curlOf, objectOf, resolve, textOf, type Operation } from "../../model/openapi.ts";
import { Copy } from "../../ui/basics.tsx";
import { Fold } from "../../ui/fold.tsx";
import { Markdown } from "../../ui/markdown.tsx";
import { Content, Item, Response, DocumentContext } from "./parts.tsx";

function About({ operation }: { operation: Operation }) {
	const document = useContext(DocumentContext);
	const { part, parameters } = operation;
	const body = resolve(document, part.requestBody);
	const curl = operation.isWebhook ? "" : curlOf(document, operation, location.origin);
	return (
		<div class="about">
			<Markdown text={textOf(part.description)} />
			<a href={`#${encodeURIComponent(operation.id)}`}>Link to {operation.id}</a>
			{curl && (
				<div class="api-curl">
					<pre tabIndex={0}>{curl}</pre>
					<Copy text={curl} label={`Copy the request ${operation.id}`} />
				</div>
			)}
			{parameters.length > 0 && <h4>Parameters</h4>}
			<ul class="api-items">
				{parameters.map((one) => (
					<Item
						key={`${one.in} ${one.name}`}
						name={textOf(one.name)}
						schema={one.schema}
						isRequired={one.required === true}
						place={textOf(one.in)}
						description={textOf(one.description)}
					/>
				))}
			</ul>
			{part.requestBody !== undefined && <h4>Body</h4>}
			<Markdown text={textOf(body.description)} />
			<Content of={body.content} />
			<h4>Responses</h4>
			{Object.entries(objectOf(part.responses)).map(([code, response]) => (
				<Response key={code} code={code} of={response} />
			))}
		</div>
	);
}

/** `isTarget`: the address leads to it. */
export function OperationFold({ operation, isTarget }: { operation: Operation; isTarget: boolean }) {
	const { id, method, part } = operation;
	useEffect(() => {
		if (isTarget) document.getElementById(id)?.scrollIntoView();
	}, [isTarget]);
	const head = (
		<>
			<b class={`api-method ${method}`}>{method}</b> {textOf(part.summary)}{" "}
			<small>
				{id}
				{part.deprecated === true && ", deprecated"}
			</small>
		</>
	);
	return (
		<Fold id={id} head={head} open={isTarget}>
			{() => <About operation={operation} />}
		</Fold>
	);
}
