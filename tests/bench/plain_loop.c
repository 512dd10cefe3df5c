/*
 * Baseline of the benchmark: a plain FastCGI program on the same store. Pre-forked processes, each
 * in libfcgi's blocking loop, without kept connections; every commit is flushed by itself
 * (DB_TXN_SYNC). Routing, decoding, store and encoding are those of the service (app_handle), so a
 * comparison measures only the event loop and the group commit.
 *
 *	plain_loop HOME REGIONS SOCKET PROCESSES
 */
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/app.h"

#define BACKLOG	      1024
#define PROCESSES_MAX 64
#define BODY_LIMIT    ((size_t)262144)

static volatile sig_atomic_t stopping;

static void handle_signal(int number)
{
	(void)number;
	stopping = 1;
}

static bool read_request(FCGX_Request *fcgx, struct request *request, struct err *err)
{
	struct str length;
	uint64_t size = 0;
	char *body;

	for (char **env = fcgx->envp; *env; env++) {
		const char *equal = strchr(*env, '=');

		if (equal && !request_add_cgi_param(request,
				     (struct str){ *env, (size_t)(equal - *env) },
				     str_cstr(equal + 1), err))
			return false;
	}
	length = request_cgi_param(request, "CONTENT_LENGTH");
	if (length.len == 0)
		return true;
	if (!str_to_u64(length, &size) || size > BODY_LIMIT)
		return err_set(err, ERR_TOO_LARGE, NULL, NULL);
	body = arena_alloc(request->arena, (size_t)size + 1);
	if (!body)
		return err_no_memory(err);
	if (FCGX_GetStr(body, (int)size, fcgx->in) != (int)size)
		return err_set(err, ERR_MALFORMED, NULL, NULL);
	request->body = (struct str){ body, (size_t)size };
	return true;
}

static void send_answer(FCGX_Request *fcgx, struct exchange *exchange)
{
	struct buf head = BUF_INIT;
	struct err err = { 0 };

	while (exchange->held_back &&
		app_stream_rows(exchange, exchange->response.body.len + 1, INT64_MAX, &err)) {
	}
	response_write_head(&exchange->response, &head);
	FCGX_PutStr(head.data, (int)head.len, fcgx->out);
	while (exchange->streaming &&
		app_stream_rows(exchange, (size_t)32 * 1024, INT64_MAX, &err)) {
		FCGX_PutStr(
			exchange->response.body.data, (int)exchange->response.body.len, fcgx->out);
		buf_consume(&exchange->response.body, exchange->response.body.len);
	}
	FCGX_PutStr(exchange->response.body.data, (int)exchange->response.body.len, fcgx->out);
	buf_free(&head);
}

static int serve(struct app *app, int listener)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	FCGX_Request fcgx;
	struct err err;

	if (!exchange || FCGX_InitRequest(&fcgx, listener, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
		return 1;
	while (!stopping && FCGX_Accept_r(&fcgx) == 0) {
		exchange_reset(exchange);
		exchange->request.now = clock_wall_ms();
		if (!read_request(&fcgx, &exchange->request, &err))
			app_set_error(exchange, &err);
		else if (!app_handle(app, exchange, &err))
			_exit(STORE_EXIT_PANIC);
		send_answer(&fcgx, exchange);
		FCGX_Finish_r(&fcgx);
	}
	FCGX_Free(&fcgx, 1);
	exchange_free(exchange);
	free(exchange);
	return 0;
}

static int child(const struct store_options *options, int listener)
{
	struct app app = { .options.body_limit = BODY_LIMIT };
	struct err err;
	int status;

	if (!store_open(&app.store, options, &err)) {
		fprintf(stderr, "plain_loop: %s\n", err_text(&err));
		return 1;
	}
	status = serve(&app, listener);
	store_close(app.store);
	return status;
}

static bool recover(struct store_options options)
{
	struct store *store;
	struct err err;

	options.mode = STORE_RECOVER;
	if (!store_open(&store, &options, &err)) {
		fprintf(stderr, "plain_loop: %s\n", err_text(&err));
		return false;
	}
	store_close(store);
	return true;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = handle_signal };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	struct store_options options = { .mode = STORE_ATTACH,
		.expected_tasks = 100000,
		.cache_mb = 128,
		.indexes = dialect_index_tables(),
		.sync_commits = true };
	pid_t pids[PROCESSES_MAX];
	uint64_t count;
	int listener;

	if (argc != 5 || !str_to_u64(str_cstr(argv[4]), &count) || count < 1 ||
		count > PROCESSES_MAX) {
		fprintf(stderr, "usage: plain_loop HOME REGIONS SOCKET PROCESSES\n");
		return 2;
	}
	options.home = argv[1];
	options.regions = argv[2];
	log_set_level(LOG_WARN);
	if (!recover(options) || FCGX_Init() != 0)
		return 1;
	listener = FCGX_OpenSocket(argv[3], BACKLOG);
	catch_signals();
	for (uint64_t i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(child(&options, listener));
	}
	while (!stopping)
		pause();
	for (uint64_t i = 0; i < count; i++)
		kill(pids[i], SIGTERM);
	while (wait(NULL) > 0)
		;
	return 0;
}
