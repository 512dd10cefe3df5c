// The npm package eventsource, unmodified, as a reader of the feed (see feed_reader.py, whose argument
// and file these are). The client resumes by itself; the program does after it was killed.
"use strict";
const fs = require("fs");
const { EventSource } = require("eventsource");

const wanted = JSON.parse(process.argv[2]);
const data = fs.existsSync(wanted.file) ? fs.readFileSync(wanted.file, "utf8") : "";
const whole = data.slice(0, data.lastIndexOf("\n") + 1);
if (whole.length !== data.length) {
	fs.truncateSync(wanted.file, Buffer.byteLength(whole));
}
const lines = whole.split("\n").filter(Boolean);
const place = lines.length > 0 ? JSON.parse(lines[lines.length - 1]).id : "first";
const file = fs.openSync(wanted.file, "a");
const address = `https://${wanted.host}:${wanted.port}/v1/events?after=${place}`;

const source = new EventSource(address, {
	fetch: (input, init) =>
		fetch(input, {
			...init,
			headers: { ...init.headers, Authorization: `Bearer ${wanted.token}` },
		}),
});
source.onmessage = (message) => fs.writeSync(file, message.data + "\n");

// The client gives up after a response that is not 200: the service answers 503 while it recovers.
source.onerror = () => {
	if (source.readyState === EventSource.CLOSED) {
		process.exit(75);
	}
};
