/** Requests that read a task: by the native API, and as a client of its own API does (src/dialect/NAME/README.md). */
import type { Task } from "../api/types.ts";

export interface ClientRequest {
	method: "GET";
	path: string;
	/** Without the credential: all APIs take the token as Authorization: Bearer. */
	headers: Record<string, string>;
}

function get(prefix: string, segments: unknown[], accept = "application/json"): ClientRequest {
	const path = [prefix, ...segments.map((segment) => encodeURIComponent(String(segment)))].join("/");
	return { method: "GET", path, headers: { Accept: accept } };
}

export function nativeRequest(task: Task): ClientRequest {
	return get("/v1/tasks", [task.id]);
}

/** undefined: the task is one of the native API. */
export function clientRequest(task: Task): ClientRequest | undefined {
	const { inventory_id, product, version, task_id } = task.fields;
	switch (task.dialect) {
		case "virtshell":
			return get("/api/virtshell/v1/tasks", [task.id]);
		case "vionlabs":
			return get("/tasks/catalog-item", [inventory_id, "product", product, "version", version]);
		case "uplynk":
			return get("/api/v4/managed-slicer/ingest-points/tasks", [task.id]);
		case "fourhse":
			return get("/v2/task/view", [task_id]);
		case "idol":
			return get("/api/v2/import-tasks", [task.number], "application/vnd.api+json");
		default:
			return undefined;
	}
}
