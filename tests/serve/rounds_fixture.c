#include "serve/rounds_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "lib/fcgi_client.h"

/* What each client has received, and whether its connection was closed. */
static struct {
	struct buf bytes;
	bool closed;
} received[LOOP_CLIENTS];

int rounds_open(void **state)
{
	memory_faults = (struct memory_faults){ 0 };
	loop.engine = memory_shared_engine();
	if (loop_open(state) != 0)
		return -1;
	loop.shared.bounds.principal_requests = 10;
	loop.shared.app.options.body_limit = 100000;
	loop.shared.app.options.principal_rate = (struct limit_rule){ .interval_us = 3600000000U,
		.burst = ROUNDS_BURST };
	loop_run();
	memory_faults.flushed = 0;
	memory_reads = (struct memory_reads){ 0 };
	return 0;
}

int rounds_close(void **state)
{
	assert_false(store_has_unflushed(loop.shared.app.store));
	assert_null(loop.round.held);
	for (size_t i = 0; i < LOOP_CLIENTS; i++) {
		buf_free(&received[i].bytes);
		received[i].closed = false;
	}
	return loop_close(state);
}

static void receive(size_t client)
{
	char bytes[16384];
	ssize_t got;

	while ((got = recv(loop.clients[client], bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		buf_put(&received[client].bytes, bytes, (size_t)got);
	received[client].closed = got == 0;
}

static void run_once(void)
{
	loop_run();
	for (size_t i = 0; i < LOOP_CLIENTS; i++)
		receive(i);
}

void rounds_run(void)
{
	int64_t until = clock_mono_ms() + 10000;

	do
		run_once();
	while ((loop.shared.turns.waiting > 0 || loop.connections.writing > 0) &&
		clock_mono_ms() < until);
	run_once();
}

int rounds_take(size_t client, struct buf *out)
{
	receive(client);
	if (!fcgi_client_take_response(&received[client].bytes, out))
		return received[client].closed ? -1 : 0;
	assert_true(out->len > 11);
	return (int)strtol(out->data + strlen("Status: "), NULL, 10);
}

void rounds_post(size_t client, const char *uri, const char *body)
{
	loop_send_body(client, "POST", uri, body, NULL);
	rounds_run();
}

void rounds_lose(unsigned times)
{
	memory_faults.flush = ENGINE_RETRY;
	memory_faults.flushes = times;
}

void rounds_send_batch(size_t client, const char *uri)
{
	struct buf tasks = BUF_INIT;

	for (int i = 0; i < 900; i++)
		buf_puts(&tasks, i == 0 ? "[{}" : ",{}");
	buf_puts(&tasks, "]");
	buf_putc(&tasks, '\0');
	loop_send_body(client, "POST", uri, tasks.data, NULL);
	buf_free(&tasks);
}

void rounds_expect(size_t client, int status, const char *text)
{
	struct buf out = BUF_INIT;

	assert_int_equal(rounds_take(client, &out), status);
	if (!memmem(out.data, out.len, text, strlen(text)))
		fail_msg("%.*s", (int)out.len, out.data);
	buf_free(&out);
}

void rounds_make_task(void)
{
	rounds_post(LOOP_CLIENTS - 1, "/v1/tasks", "{}");
	rounds_expect(LOOP_CLIENTS - 1, 201, "\"id\":");
}

void rounds_expect_none(size_t client)
{
	struct buf out = BUF_INIT;

	assert_int_equal(rounds_take(client, &out), 0);
	buf_free(&out);
}

static size_t count_text(const struct buf *in, const char *text)
{
	const char *at = in->data;
	size_t count = 0;

	while ((at = memmem(at, in->len - (size_t)(at - in->data), text, strlen(text)))) {
		at += strlen(text);
		count++;
	}
	return count;
}

size_t rounds_claim(size_t client, int status)
{
	struct buf out = BUF_INIT;
	size_t count;

	rounds_post(client, "/v1/claims", "{\"worker\":\"w1\"}");
	assert_int_equal(rounds_take(client, &out), status);
	count = count_text(&out, "\"token\":");
	buf_free(&out);
	return count;
}

void rounds_claim_task(char uri[ROUNDS_URI], char token[ROUNDS_TOKEN])
{
	struct buf out = BUF_INIT;
	const char *id, *given;

	rounds_make_task();
	rounds_post(1, "/v1/claims", "{\"worker\":\"w1\",\"confirm_seconds\":30}");
	assert_int_equal(rounds_take(1, &out), 200);
	buf_putc(&out, '\0');
	id = strstr(out.data, "\"id\":\"");
	given = strstr(out.data, "\"token\":\"");
	assert_non_null(id);
	assert_non_null(given);
	snprintf(uri, ROUNDS_URI, "/v1/tasks/%.36s", id + 6);
	snprintf(token, ROUNDS_TOKEN, "%.16s", given + 9);
	buf_free(&out);
}

void rounds_open_round(void)
{
	const struct op op = { .kind = OP_REMOVE,
		.dialect = 1,
		.tenant = STR("other"),
		.actor = STR("bob"),
		.now = clock_wall_ms(),
		.id.bytes[0] = 1 };
	struct result result = { 0 };
	struct err err;

	assert_fails(store_apply(loop.shared.app.store, &op, &result, &err), &err, ERR_NOT_FOUND);
	assert_true(store_has_unflushed(loop.shared.app.store));
	store_result_free(&result);
}

uint64_t rounds_count(void)
{
	struct op op = { .kind = OP_USAGE, .tenant = STR("demo") };
	struct result result = { 0 };
	uint64_t tasks;
	struct err err;

	must(store_apply(loop.shared.app.store, &op, &result, &err), &err);
	tasks = result.usage.tasks;
	store_result_free(&result);
	return tasks;
}

uint64_t rounds_charged(void)
{
	static const char name[] = "RateLimit: \"requests\";r=";
	struct buf out = BUF_INIT;
	const char *at;
	uint64_t left;

	loop_send_body(0, "GET", "/v1/tasks/018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e", "", NULL);
	rounds_run();
	assert_int_equal(rounds_take(0, &out), 404);
	buf_putc(&out, '\0');
	at = strstr(out.data, name);
	assert_non_null(at);
	left = strtoull(at + sizeof(name) - 1, NULL, 10);
	buf_free(&out);
	return ROUNDS_BURST - left;
}
