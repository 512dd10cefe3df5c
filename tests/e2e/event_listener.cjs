/*
 * A listener with npm's client of event streams (EventSource), which is found by NODE_PATH. The argument is JSON: url,
 * token. Each event is printed as a line of JSON.
 */
"use strict";

const wanted = JSON.parse(process.argv[2]);
const { EventSource } = require("eventsource");
const print = (event, rest) => console.log(JSON.stringify({ event, ...rest }));

/* EventSource gives up after any status but 200. While a service starts again it is 503: as if it were not there. */
async function connect(url, init) {
	const headers = { ...init.headers, Authorization: `Bearer ${wanted.token}` };
	const response = await fetch(url, { ...init, headers });
	if (response.status === 503 || response.status === 429) {
		await response.body?.cancel();
		throw new Error(`status ${response.status}`);
	}
	return response;
}

const source = new EventSource(wanted.url, { fetch: connect });
source.onopen = () => print("open");
source.onerror = (error) => print("error", { code: error.code, closed: source.readyState === EventSource.CLOSED });
source.onmessage = (message) => print("message", { id: message.lastEventId, data: JSON.parse(message.data) });
