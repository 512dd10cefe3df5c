/*
 * A worker with npm's client of external tasks, which is found by NODE_PATH. The argument is JSON: url, user,
 * token, worker, topics. The kind of a task says what happens to it; each event is printed as a line of JSON.
 */
"use strict";

const { pathToFileURL } = require("url");

const wanted = JSON.parse(process.argv[2]);
const print = (event, rest) => console.log(JSON.stringify({ event, ...rest }));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const problem = (error) => ({ status: error.httpStatusCode, type: error.type, code: error.code, text: error.engineMsg });

async function main() {
	const file = require.resolve("camunda-external-task-client-js");
	const { BasicAuthInterceptor, Client, Variables } = await import(pathToFileURL(file));
	const client = new Client({
		baseUrl: wanted.url,
		workerId: wanted.worker,
		interceptors: new BasicAuthInterceptor({ username: wanted.user, password: wanted.token }),
		maxTasks: 4,
		asyncResponseTimeout: 2000,
		interval: 50,
	});
	const events = {
		"poll:error": (error) => print("poll:error", problem(error)),
		"handler:error": (error) => print("handler:error", { text: String(error) }),
	};
	for (const what of ["complete", "handleFailure", "extendLock", "unlock", "lock"]) {
		events[`${what}:success`] = (task) => print(what, { id: task.id });
		events[`${what}:error`] = (task, error) => print(`${what}:error`, { id: task.id, ...problem(error) });
	}
	for (const [name, listener] of Object.entries(events)) client.on(name, listener);

	async function handle({ task, taskService }) {
		const action = task.topicName.split(".").pop();
		const result = new Variables();
		print("task", { id: task.id, topic: task.topicName, retries: task.retries, fields: task.variables.getAll() });
		if (action === "fail" && task.retries !== 1) {
			const retries = task.retries === null ? 2 : task.retries - 1;
			await taskService.handleFailure(task, { errorMessage: "no", errorDetails: "a\nb", retries, retryTimeout: 100 });
			return;
		}
		if (action === "extend") {
			await taskService.extendLock(task, 30000);
			await sleep(3500);
		}
		if (action === "fence") await sleep(8000);
		result.setAll({ number: 7, text: "x", list: [1], day: new Date(0), nothing: null, half: 0.5 });
		result.setTransient("hidden", 1);
		// A lost lock is an event, too.
		await taskService.complete(task, result).catch(() => {});
	}
	for (const [name, lockDuration] of Object.entries(wanted.topics)) client.subscribe(name, { lockDuration }, handle);
	print("started", {});
}

main();
