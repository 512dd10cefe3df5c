// Verifies requests with npm's library of Standard Webhooks, unmodified. Reads a line of JSON for each from
// standard input: secret, headers, body. Writes a line for each: the payload, or {"error": ...}.
const { Webhook } = require("standardwebhooks");
const lines = require("readline").createInterface({ input: process.stdin });

lines.on("line", (line) => {
    const { secret, headers, body } = JSON.parse(line);
    try {
        console.log(JSON.stringify(new Webhook(secret).verify(body, headers)));
    } catch (error) {
        console.log(JSON.stringify({ error: error.message }));
    }
});
