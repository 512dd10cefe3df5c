/*
 * The peer that shared_store.py compares with: tasks in one table of PostgreSQL, by Fastify and node-postgres, which
 * are found by NODE_PATH. A request is one statement and one commit. The process makes the table, forks workers,
 * and ends with them. The environment: HOST, USER_NAME and DATABASE of the server, PORT, PROCESSES.
 */
"use strict";

const cluster = require("cluster");
const { randomBytes, randomUUID } = require("crypto");
const fastify = require("fastify");
const { Client, Pool } = require("pg");

const TENANT = "default";
const PREFIX = "/api/virtshell/v1";
const PLACE = { host: process.env.HOST, user: process.env.USER_NAME, database: process.env.DATABASE };
const CONNECTIONS = 16; // of each process

// Lists by time of creation, by state and by kind.
const TABLE = `
	CREATE TABLE tasks (
		id uuid PRIMARY KEY, tenant text NOT NULL, body jsonb NOT NULL, state text NOT NULL,
		created timestamptz NOT NULL DEFAULT now());
	CREATE INDEX ON tasks (tenant, created, id);
	CREATE INDEX ON tasks (tenant, state, created, id);
	CREATE INDEX ON tasks (tenant, (body->>'type'), created, id)`;

const INSERT = "INSERT INTO tasks (id, tenant, body, state) VALUES ($1, $2, $3, 'pending')";
const READ = "SELECT id, state, created, body FROM tasks WHERE tenant = $1 AND id = $2";
const claimed = (where) => `
	next AS (
		SELECT id FROM tasks WHERE tenant = $1 AND state = 'pending' ${where}
		ORDER BY created, id LIMIT 1 FOR UPDATE SKIP LOCKED),
	claimed AS (
		UPDATE tasks SET state = 'running', body = body || jsonb_build_object('token', $2::text)
		FROM next WHERE tasks.id = next.id
		RETURNING tasks.id, state, created, body - 'token' AS body)`;
const CLAIM = `WITH ${claimed("")} SELECT * FROM claimed`;
const COMPLETE = `
	WITH done AS (
		UPDATE tasks SET state = 'succeeded', body = body - 'token'
		WHERE tenant = $1 AND id = $3 AND state = 'running' AND body->>'token' = $4
		RETURNING id),
	${claimed("AND EXISTS (SELECT FROM done)")}
	SELECT claimed.*, done.id AS done FROM done LEFT JOIN claimed ON true`;

const text = (maxLength) => ({ type: "string", maxLength });
const NEW_TASK = {
	type: "object",
	additionalProperties: false,
	properties: {
		description: text(4096),
		status: { enum: ["pending"] },
		type: text(256),
		object_uuid: { type: "string", format: "uuid" },
		log: text(65536),
	},
};
const TASK = {
	type: "object",
	properties: {
		id: text(36),
		state: text(16),
		created: { type: "string", format: "date-time" },
		body: { type: "object", additionalProperties: true },
	},
};
const CLAIMS = {
	type: "object",
	properties: {
		claims: { type: "array", items: { type: "object", properties: { token: text(32), task: TASK } } },
	},
};
const ID = { type: "object", properties: { id: { type: "string", format: "uuid" } } };
const REPORT = {
	type: "object",
	required: ["token"],
	properties: { token: text(32), claim_next: {} },
};
const WORKER = { type: "object", required: ["worker"], properties: { worker: text(256) } };

function serve() {
	const app = fastify();
	// Without a limit, connections that are idle while another target runs would be closed.
	const pool = new Pool({ ...PLACE, max: CONNECTIONS, idleTimeoutMillis: 0 });
	const ask = async (name, statement, values) => (await pool.query({ name, text: statement, values })).rows;
	const newToken = () => randomBytes(8).toString("hex");
	const given = (token, rows) => ({ claims: rows.map((task) => ({ token, task })) });

	app.post(
		`${PREFIX}/tasks`,
		{ schema: { body: NEW_TASK, response: { 201: { type: "object", properties: { id: text(36) } } } } },
		async (request, reply) => {
			const id = randomUUID();
			await ask("insert", INSERT, [id, TENANT, JSON.stringify(request.body)]);
			reply.code(201);
			return { id };
		},
	);
	app.get(`${PREFIX}/tasks/:id`, { schema: { params: ID, response: { 200: TASK } } }, async (request, reply) => {
		const rows = await ask("read", READ, [TENANT, request.params.id]);
		return rows[0] ?? reply.code(404).send({});
	});
	app.post("/v1/claims", { schema: { body: WORKER, response: { 200: CLAIMS } } }, async () => {
		const token = newToken();
		return given(token, await ask("claim", CLAIM, [TENANT, token]));
	});
	app.post(
		"/v1/tasks/:id/complete",
		{ schema: { params: ID, body: REPORT, response: { 200: CLAIMS } } },
		async (request, reply) => {
			const token = newToken();
			const values = [TENANT, token, request.params.id, request.body.token];
			const rows = await ask("complete", COMPLETE, values);
			return rows[0] ? given(token, rows.filter((row) => row.id)) : reply.code(409).send({});
		},
	);
	return app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
}

async function begin() {
	const client = new Client(PLACE);
	await client.connect();
	await client.query(TABLE);
	await client.end();
	for (let i = 0; i < Number(process.env.PROCESSES); i++) cluster.fork();
	cluster.on("exit", () => process.exit(1));
}

(cluster.isPrimary ? begin() : serve()).catch((error) => {
	console.error(error);
	process.exit(1);
});
