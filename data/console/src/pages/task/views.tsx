/** The task by this API beside the task as its own client sees it, with the requests that show it. */
import { formatJson } from "../../api/json.ts";
import { readRaw, type RawAnswer } from "../../api/raw.ts";
import type { Task } from "../../api/types.ts";
import { canonicalRequest, clientRequest, type ClientRequest } from "../../model/clientview.ts";
import { curl } from "../../model/curl.ts";
import { indent } from "../../model/indent.ts";
import { dialectName } from "../../model/states.ts";
import { Loaded, Section, Text, useTaskResource } from "./parts.tsx";

function View({ request, answer }: { request: ClientRequest; answer: RawAnswer }) {
	return (
		<>
			<p>
				<code>
					{request.method} {request.path}
				</code>{" "}
				<b>{answer.status}</b>
			</p>
			<Text text={curl(request, location.origin)} label="Copy the command" />
			<Text text={answer.isJson ? indent(answer.text) : answer.text} label="Copy the body" />
		</>
	);
}

function Client({ task, request }: { task: Task; request: ClientRequest }) {
	const answer = useTaskResource(task.id, (signal) => readRaw(request.path, request.headers, signal));
	return <Loaded resource={answer}>{(data) => <View request={request} answer={data} />}</Loaded>;
}

export function Views({ task }: { task: Task }) {
	const request = clientRequest(task);
	const canonical = { status: 200, text: formatJson(task), isJson: true };
	return (
		<div class="views">
			<Section title="Canonical">
				<View request={canonicalRequest(task)} answer={canonical} />
			</Section>
			<Section title="As its client sees it">
				{request ? (
					<Client task={task} request={request} />
				) : (
					<p class="muted">{dialectName(task.dialect)}: the canonical view is what its client sees.</p>
				)}
			</Section>
		</div>
	);
}
