/// <reference types="node" />
/** The session, with stand-ins of the browser and of the service. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { beforeEach, test } from "node:test";

const kept = new Map<string, string>();
/** Timers that have not run. */
const timers = new Map<number, () => void>();
/** Their ms. */
const waits = new Map<number, number>();
let lastTimer = 0;
let lock: Promise<unknown> = Promise.resolve();

/** What the other tabs were told, and the way back. */
let told: { replaced?: string; next?: { token: string }; ended?: string }[] = [];
let hear: (event: { data: unknown }) => void;

class Channel {
	set onmessage(callback: typeof hear) {
		hear = callback;
	}
	postMessage(data: (typeof told)[number]): void {
		told.push(data);
	}
}

const browser = {
	sessionStorage: {
		getItem: (name: string) => kept.get(name) ?? null,
		setItem: (name: string, text: string) => void kept.set(name, text),
		removeItem: (name: string) => void kept.delete(name),
	},
	BroadcastChannel: Channel,
	navigator: {
		locks: { request: (_: string, run: () => Promise<void>) => (lock = lock.catch(() => {}).then(run)) },
	},
	window: {
		setTimeout: (run: () => void, ms: number) => {
			timers.set(++lastTimer, run);
			waits.set(lastTimer, ms);
			return lastTimer;
		},
	},
	clearTimeout: (id: number) => void (timers.delete(id), waits.delete(id)),
	setTimeout: (run: () => void) => setImmediate(run),
	crypto: webcrypto,
};
for (const [name, value] of Object.entries(browser))
	Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

const { caller, farewell, logIn, logInWithToken, logOut, reloadCaller, resume } =
	await import("../../src/model/session.ts").then((session) => ({
		...session,
		logIn: session.logInWithPassword,
	}));
const { Problem, read } = await import("../../src/api/http.ts");

const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });
const tokens = (name: string) =>
	json(200, { access_token: name, refresh_token: `${name}+`, expires_in: 3600 });

/** What the service was asked: "POST /v1/token refresh_token a+", "GET /v1/me a". */
let asked: string[] = [];
/** Answers a request. */
let serve: (request: string) => Response | Promise<Response>;

globalThis.fetch = async (input, init) => {
	const form = init!.body as URLSearchParams | undefined;
	const { Authorization = "" } = init!.headers as Record<string, string>;
	const what = form
		? [...form].map(([name, value]) => (name === "grant_type" ? "" : value))
		: [Authorization.slice(7)];
	const request = `${init!.method} ${String(input)} ${what.filter(Boolean).join(" ")}`;
	asked.push(request);
	return serve(request);
};

/** SHA-256 of the first token, which is a. */
const LOGIN = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
const NONE = { used: 0, limit: null };
const ME = { user: "u", tenant: "t", rights: ["read"], rate: null, tasks: NONE, bytes: NONE };
const turns = async () => {
	for (let turn = 0; turn < 50; turn++) await Promise.resolve();
	for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
};

/** Logs in as the owner of token a. */
beforeEach(async () => {
	await logOut().catch(() => {});
	asked = [];
	serve = (request) => (request.includes("/v1/token") ? tokens("a") : json(200, ME));
	await logIn("name", "password");
	await resume();
	asked = [];
	told = [];
});

test("a log out while the tokens are being replaced ends the new ones, too", async () => {
	let answer: (response: Response) => void = () => {};
	serve = (request) => {
		if (request.includes("/v1/token")) return new Promise((resolve) => (answer = resolve));
		return request.startsWith("GET") ? json(401, { detail: "ended" }) : json(200, {});
	};
	const reading = read("/v1/tasks").catch((error: unknown) => error);
	await turns();
	assert.deepEqual(asked, ["GET /v1/tasks a", "POST /v1/token a+"]);
	await logOut();
	answer(tokens("b"));
	assert.ok((await reading) instanceof Problem);
	assert.deepEqual(asked.slice(2), ["POST /v1/revoke a", "POST /v1/revoke b"]);
	assert.equal(kept.size, 0);
	assert.equal(caller.value, undefined);
	assert.equal(timers.size, 0);
});

test("a refused replacement of an earlier login leaves the present one alone", async () => {
	let answer: (response: Response) => void = () => {};
	serve = (request) => {
		if (request === "POST /v1/token a+") return new Promise((resolve) => (answer = resolve));
		if (request.includes("/v1/token")) return tokens("c");
		return request === "GET /v1/tasks a" ? json(401, {}) : json(200, ME);
	};
	const reading = read("/v1/tasks").catch(() => {});
	await turns();
	await logOut();
	await logIn("other", "password");
	answer(json(400, { error: "invalid_grant" }));
	await reading;
	assert.equal((JSON.parse(kept.get("polytask.session")!) as { token: string }).token, "c");
	assert.ok(caller.value);
});

test("a service that refuses each token is not asked for ever", async () => {
	let count = 0;
	serve = (request) => (request.includes("/v1/token") ? tokens(`a${++count}`) : json(401, { detail: "no" }));
	await assert.rejects(read("/v1/tasks"), { status: 401, message: "no" });
	assert.equal(asked.length, 5, asked.join("\n"));
});

test("however many requests are refused, one later try replaces the tokens", async () => {
	serve = (request) => (request.includes("/v1/token") ? json(503, {}) : json(401, {}));
	await Promise.all(Array.from({ length: 20 }, () => read("/v1/tasks").catch(() => {})));
	assert.equal(timers.size, 1);
	assert.ok(caller.value, "the session goes on");
	serve = () => tokens("b");
	[...timers.values()][0]!();
	await turns();
	assert.equal(timers.size, 1);
});

test("a busy service is not asked for new tokens before the time that it names", async () => {
	const busy = () => new Response("{}", { status: 503, headers: { "Retry-After": "100" } });
	serve = (request) => (request.includes("/v1/token") ? busy() : json(401, {}));
	for (let request = 0; request < 3; request++) await assert.rejects(read("/v1/tasks"), { status: 401 });
	assert.equal(asked.filter((request) => request.includes("/v1/token")).length, 1);
	assert.deepEqual([...waits.values()], [100_000]);
	assert.ok(caller.value, "the session goes on");
});

test("a login that cannot be used leaves no token", async () => {
	await logOut();
	serve = (request) =>
		request.includes("/v1/token") ? tokens("d") : json(request.startsWith("GET") ? 503 : 200, {});
	await assert.rejects(logIn("name", "password"), { status: 503 });
	await turns();
	assert.equal(kept.size, 0);
	assert.equal(asked.at(-1), "POST /v1/revoke d");
	assert.equal(timers.size, 0);
});

test("an answer about the caller that lacks a member is not of the service", async () => {
	const present = caller.value;
	const others = { tenant: 5, user: null, rights: "read", tasks: 5, bytes: { used: 1 } };
	const answers: unknown[] = [{}, [], { ...ME, rights: [null] }];
	for (const [name, value] of Object.entries(others)) {
		answers.push({ ...ME, [name]: value });
		answers.push({ ...ME, [name]: undefined });
	}
	for (const answer of answers) {
		serve = (request) => (request.includes("/v1/token") ? tokens("b") : json(200, answer));
		await assert.rejects(
			reloadCaller(),
			{ status: 0, message: /not of the service/ },
			JSON.stringify(answer),
		);
		assert.equal(caller.value, present, "the last answer stays");
	}
	await resume().catch(() => {});
	assert.ok(kept.size, "the session is kept until the service answers");
	await logOut();
	await assert.rejects(logIn("name", "password"), { status: 0 });
	assert.equal(kept.size, 0, "a login that cannot be used leaves nothing");
});

test("numbers that a double cannot hold are those of a caller, too", async () => {
	const body = JSON.stringify(ME).replace('"limit":null', '"limit":9007199254740993');
	serve = () => new Response(body);
	await reloadCaller();
	assert.equal(caller.value?.user, "u");
});

test("old tokens are not used if another tab has replaced them, and it says so", async () => {
	serve = (request) => json(request.endsWith(" a") ? 401 : 200, {});
	const reading = read("/v1/tasks");
	for (let turn = 0; !told.length && turn < 100; turn++) await Promise.resolve();
	const next = { token: "b", login: LOGIN, refresh: "b+", renewAt: Date.now() + 1e6, past: ["a+"] };
	hear({ data: { replaced: told[0]!.replaced, next } });
	await reading;
	assert.deepEqual(asked, ["GET /v1/tasks a", "GET /v1/tasks b"]);
	told = [];
	hear({ data: { replaced: "a+" } });
	hear({ data: { replaced: "x+" } });
	assert.deepEqual(told, [{ replaced: "a+", next }]);
});

test("a log out tells the other tabs which login has ended, without a token", async () => {
	serve = (request) => {
		if (request.includes("/v1/token")) return tokens("b");
		return json(request === "GET /v1/tasks a" ? 401 : 200, {});
	};
	await read("/v1/tasks");
	told = [];
	await logOut();
	assert.deepEqual(told, [{ ended: LOGIN }], "the login of both tokens");
});

test("a tab of a login that was ended in another one shows nothing more, and ends its own tokens", async () => {
	hear({ data: { ended: LOGIN } });
	assert.equal(caller.value, undefined);
	assert.equal(kept.size, 0);
	assert.equal(timers.size, 0);
	assert.match(farewell.value, /another tab/);
	await turns();
	assert.deepEqual(asked, ["POST /v1/revoke a"]);
	assert.deepEqual(told, [], "it does not repeat the message");
});

test("a tab with another login goes on, and one without a login", async () => {
	hear({ data: { ended: "0".repeat(64) } });
	assert.ok(caller.value);
	await logOut();
	hear({ data: { ended: LOGIN } });
	assert.equal(farewell.value, "");
});

test("a pasted token that is only forgotten here stays in other tabs; a revoked one does not", async () => {
	await logOut();
	serve = () => json(200, ME);
	for (const isRevoked of [false, true]) {
		told = [];
		await logInWithToken("a");
		await logOut(isRevoked);
		assert.deepEqual(told, isRevoked ? [{ ended: LOGIN }] : []);
	}
	await logInWithToken("a");
	hear({ data: { ended: LOGIN } });
	assert.equal(caller.value, undefined);
});

test("a session that an earlier version of the page has kept has a login, too", async () => {
	const { login, ...rest } = JSON.parse(kept.get("polytask.session")!) as { login: string };
	assert.equal(login, LOGIN);
	kept.set("polytask.session", JSON.stringify(rest));
	await resume();
	hear({ data: { ended: LOGIN } });
	assert.equal(caller.value, undefined);
});
