// Requests to the service beside the browser, and the tasks that scenarios need.
const env = process.env;

export const ADDRESS = env.POLYTASK_URL;
/** By the names of users: { token, password }. The operator has all rights. */
export const USERS = JSON.parse(env.POLYTASK_USERS ?? "{}");
USERS.operator ??= { token: env.POLYTASK_TOKEN };

/** The response with its body in `data`; `body` undefined: none. */
export async function request(method, path, body, { token = USERS.operator.token, headers = {} } = {}) {
	const init = { method, headers: { Authorization: `Bearer ${token}`, ...headers } };
	if (body !== undefined) {
		const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
		init.headers["Content-Type"] ??= type;
		init.body = JSON.stringify(body);
	}
	const response = await fetch(ADDRESS + path, init);
	const text = await response.text();
	let data = text;
	if (/json/.test(response.headers.get("Content-Type") ?? "")) data = JSON.parse(text);
	return { status: response.status, headers: response.headers, data };
}

/** The data of a request that must succeed. */
export async function ask(method, path, body, options) {
	const { status, data } = await request(method, path, body, options);
	if (status >= 400) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(data)}`);
	return data;
}

/** Creates one task. */
export function create(members) {
	return ask("POST", "/v1/tasks", members);
}

/** Creates many in the order of the list, and returns their ids in this order. */
export async function createMany(list) {
	const ids = [];
	for (let at = 0; at < list.length; at += 1000) {
		const { items, failed } = await ask("POST", "/v1/tasks", list.slice(at, at + 1000));
		if (failed)
			throw new Error(
				`${failed} tasks were not created: ${JSON.stringify(items.find((one) => one.problem))}`,
			);
		ids.push(...items.map(({ id, task }) => id ?? task?.id));
	}
	return ids;
}

export function change(id, members) {
	return ask("PATCH", `/v1/tasks/${id}`, members);
}

/** All ids of a list, page by page. */
export async function list(query) {
	const ids = [];
	let next = "";
	do {
		const page = await ask("GET", `/v1/tasks?limit=500&${query}${next}`);
		ids.push(...page.items.map(({ id }) => id));
		next = page.next && `&cursor=${encodeURIComponent(page.next)}`;
	} while (next);
	return ids;
}

/** The id of the first task of a list. */
export async function first(query) {
	return (await ask("GET", `/v1/tasks?limit=1&${query}`)).items[0].id;
}

export const read = (id) => ask("GET", `/v1/tasks/${id}`);

const TIMES = Array.from({ length: 4 }, (_, index) => index);

/** Tasks of all dialects in all states: enough for each filter to have some. */
export async function someTasks() {
	const kinds = ["encode", "report", "thumbnails"];
	await createMany(
		TIMES.flatMap((index) => [
			...kinds.map((kind) => ({ kind, fields: { name: `${kind} of film ${index}`, size: 12 + index } })),
			{ dialect: "virtshell", fields: { description: `clone virtual machine ${index}` } },
			{
				dialect: "vionlabs",
				fields: { inventory_id: `movie-${index}`, product: "adbreaks", version: "1.0" },
			},
			{ dialect: "fourhse", fields: { handler: "ExportHandler" } },
		]),
	);
	for (const state of ["running", "succeeded", "failed", "cancelled"])
		for (const kind of kinds)
			await create({ kind, state, priority: 5, fields: { name: `${kind} that is ${state}` } });
}
