/** The task in the native API beside the task in its own API, as its client sees it, with the requests for both. */
import { formatJson } from "../../api/json.ts";
import { readRaw, type RawAnswer } from "../../api/raw.ts";
import type { Task } from "../../api/types.ts";
import { nativeRequest, clientRequest, type ClientRequest } from "../../model/clientview.ts";
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
	const native = { status: 200, text: formatJson(task), isJson: true };
	return (
		<div class="views">
			<Section title="Native API">
				<View request={nativeRequest(task)} answer={native} />
			</Section>
			<Section title="As its client sees it">
				{request ? (
					<Client task={task} request={request} />
				) : (
					<p class="muted">{dialectName(task.dialect)}: its client sees the view of the native API.</p>
				)}
			</Section>
		</div>
	);
}
