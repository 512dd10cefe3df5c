/** Parts of an operation: schemas as trees, parameters, bodies. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { JsonObject } from "../../api/openapi.ts";
import {
	examplesOf,
	exampleText,
	membersOf,
	objectOf,
	resolve,
	schemaWords,
	textOf,
} from "../../model/openapi.ts";
import { Fold } from "../../ui/fold.tsx";
import { Inline, Markdown } from "../../ui/markdown.tsx";

/** The document that is shown. */
export const DocumentContext = createContext<JsonObject>({});

interface ItemProps {
	name: string;
	schema: unknown;
	isRequired?: boolean;
	/** Where a parameter is. */
	place?: string;
	description?: string;
}

/** A parameter or a member, with the members of its own value folded. */
export function Item({ name, schema, isRequired, place = "", description }: ItemProps) {
	const document = useContext(DocumentContext);
	const about = description || textOf(resolve(document, schema).description);
	const hasMembers = membersOf(document, schema).length > 0;
	const words = [place, isRequired ? "required" : "", schemaWords(document, schema)]
		.filter(Boolean)
		.join(", ");
	const head = (
		<>
			{name && <code>{name}</code>} <small>{words}</small>
		</>
	);
	return (
		<li>
			{hasMembers ? <Fold head={head}>{() => <Members schema={schema} />}</Fold> : head}
			<Markdown text={about} />
		</li>
	);
}

function Members({ schema }: { schema: unknown }) {
	const members = membersOf(useContext(DocumentContext), schema);
	return (
		<ul class="api-items">
			{members.map((member) => (
				<Item key={member.name} {...member} />
			))}
		</ul>
	);
}

/** The media types of a request or a response. */
export function Content({ of }: { of: unknown }) {
	const document = useContext(DocumentContext);
	return (
		<>
			{Object.entries(objectOf(of)).map(([type, value]) => (
				<div key={type} class="media">
					<ul class="api-items">
						<Item name={type} schema={objectOf(value).schema} />
					</ul>
					{examplesOf(document, objectOf(value)).map((example) => (
						<Fold key={example.name} head={example.name ? `Example: ${example.name}` : "Example"}>
							{() => <pre tabIndex={0}>{exampleText(example.value)}</pre>}
						</Fold>
					))}
				</div>
			))}
		</>
	);
}

/** Folded unless it is a success, because the errors of most operations are the same. */
export function Response({ code, of }: { code: string; of: unknown }) {
	const document = useContext(DocumentContext);
	const response = resolve(document, of);
	const headers = Object.entries(objectOf(response.headers));
	const head = (
		<>
			<code>{code}</code> <Inline text={textOf(response.description)} />
		</>
	);
	if (!headers.length && !response.content) return <p>{head}</p>;
	return (
		<Fold head={head} open={code.startsWith("2")}>
			{() => (
				<>
					<Content of={response.content} />
					{headers.length > 0 && (
						<Fold head="Header fields">
							{() => (
								<ul class="api-items">
									{headers.map(([name, value]) => {
										const { schema, description } = resolve(document, value);
										return <Item key={name} name={name} schema={schema} description={textOf(description)} />;
									})}
								</ul>
							)}
						</Fold>
					)}
				</>
			)}
		</Fold>
	);
}
