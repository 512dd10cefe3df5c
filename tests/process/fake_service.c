#include "process/fake_service.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/client.h"
#include "lib/check.h"
#include "process/supervisor.h"
#include "sys/listen.h"

#define TIMEOUT_MS 15000

struct child_script *script;
pid_t supervisor;

static struct supervisor_config setup;

/* ---- fake children ---- */

static volatile sig_atomic_t stop_requested, retire_requested;

static void handle_signal(int number)
{
	if (number == SIGTERM)
		stop_requested = 1;
	else
		retire_requested = 1;
}

static void sleep_forever(void)
{
	for (;;)
		pause();
}

/* The text has another number each time. */
static void report(const struct child_context *child)
{
	struct err err;

	if (script->report_code == ERR_NONE)
		return;
	err_set(&err, (enum err_code)script->report_code, NULL, "file tasks.db, offset %d",
		script->start_counts[ROLE_RECOVER]);
	child_report_set(&child->slot->report, &err);
}

static void inject_fault(const struct child_context *child)
{
	const int fault = script->injected_fault; /* clang cannot switch on an atomic */

	switch (fault) {
	case INJECT_INSIDE_STORE:
		child->slot->store_activity = STORE_IN_CALL;
		break;
	case INJECT_PANIC:
		script->injected_fault = INJECT_NONE;
		_exit(STORE_EXIT_PANIC);
	case INJECT_HANG:
		script->injected_fault = INJECT_NONE;
		sleep_forever();
		break;
	case INJECT_EXIT:
		_exit(1);
	case INJECT_IGNORE_SIGTERM:
		for (;; poll(NULL, 0, 50))
			atomic_fetch_add(&child->slot->counters.heartbeats, 1);
	default:
		break;
	}
}

static bool cannot_join(const struct child_context *child)
{
	return script->injected_fault == INJECT_CANNOT_JOIN && child->slot->role == ROLE_WORKER;
}

static bool is_first_worker(const struct child_context *child)
{
	return child->slot->role == ROLE_WORKER && child->slot->number == 1;
}

static int serve(const struct child_context *child)
{
	struct sigaction action = { .sa_handler = handle_signal };
	struct timespec tick = { .tv_nsec = 10000000 };
	struct pollfd supervisor_pipe = { .fd = child->supervisor_pipe, .events = POLLIN };
	sigset_t none;

	sigemptyset(&none);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	atomic_fetch_add(&script->start_counts[child->slot->role], 1);
	if (script->recovering)
		script->started_during_recovery = true;
	if (cannot_join(child)) {
		report(child);
		/*
		 * No handler of atexit() may run after this status; that of check.c removes the
		 * home.
		 */
		return STORE_EXIT_PANIC;
	}
	while (!stop_requested && (!retire_requested || script->hold_retiring)) {
		atomic_fetch_add(&child->slot->counters.heartbeats, 1);
		if (is_first_worker(child))
			inject_fault(child);
		if (script->ready_generation == 0 ||
			child->slot->generation <= script->ready_generation)
			child->slot->state = CHILD_READY;
		if (ppoll(&supervisor_pipe, 1, &tick, &none) > 0) {
			atomic_fetch_add(&script->orphaned, 1);
			break;
		}
	}
	if (retire_requested)
		atomic_fetch_add(&script->retired, 1);
	_exit(0);
}

static int recover(const struct child_context *child)
{
	atomic_fetch_add(&script->start_counts[ROLE_RECOVER], 1);
	script->recovering = 1;
	poll(NULL, 0, script->recover_ms ? script->recover_ms : 20);
	script->recovering = 0;
	if (script->recover_failures > 0) {
		atomic_fetch_sub(&script->recover_failures, 1);
		report(child);
		_exit(1);
	}
	_exit(0);
}

/* Responds with the number of bytes received. */
static int echo_size(const struct child_context *child)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "o %zu\nx 3\n", child->client.received.len);

	atomic_fetch_add(&script->start_counts[ROLE_OPERATOR], 1);
	if (script->recovering)
		script->started_during_recovery = true;
	while (script->hold_operators && child_pause(child, 10))
		;
	_exit(write(child->client.fd, text, (size_t)len) == len ? 0 : 1);
}

static child_main *const mains[ROLES] = {
	[ROLE_RECOVER] = recover,
	[ROLE_KEEPER] = serve,
	[ROLE_WORKER] = serve,
	[ROLE_OPERATOR] = echo_size,
};

/* ---- the service and its control socket ---- */

static void drop_line(enum log_level level, struct str line)
{
	(void)level, (void)line;
}

void fake_service_prepare(void)
{
	memset(script, 0, sizeof(*script));
	conf_defaults(&setup.conf);
	snprintf(setup.conf.home, sizeof(setup.conf.home), "%s", check_temp_dir());
	snprintf(setup.conf.regions, sizeof(setup.conf.regions), "%s/regions", check_temp_dir());
	snprintf(setup.conf.control, sizeof(setup.conf.control), "%s/c", check_temp_dir());
	setup.conf.workers = FAKE_SERVICE_WORKERS;
	setup.conf.webhooks = 0;
	setup.conf.stuck_seconds = 1;
	setup.mains = mains;
	setup.sockets = (struct fcgi_sockets){ .main = -1, .read = -1 };
	setup.monitor_socket = -1;
}

void fake_service_set_stuck_seconds(uint64_t seconds)
{
	setup.conf.stuck_seconds = seconds;
}

void fake_service_share_store(void)
{
	snprintf(setup.conf.store, sizeof(setup.conf.store), "postgresql:///polytask");
}

static bool take_locks(struct err *err)
{
	struct service_user owner = { 0 };

	mkdir(setup.conf.regions, 0700);
	setup.locks = INSTANCE_LOCKS_NONE;
	return instance_lock(&setup.locks, &setup.conf, &owner, err);
}

void fake_service_start(void)
{
	struct err err;

	supervisor = fork();
	if (supervisor == 0) {
		log_capture(drop_line);
		_exit(take_locks(&err) ? supervisor_run(&setup) : 99);
	}
}

char *fake_service_request(const char *request, int *status)
{
	struct err err;
	char *text = NULL;
	size_t size;
	FILE *out;
	int fd;

	*status = -1;
	if (!listen_connect(&fd, setup.conf.control))
		return NULL;
	out = open_memstream(&text, &size);
	client_exchange(fd, str_cstr(request), NULL, out, out, status, &err);
	fclose(out);
	close(fd);
	return text;
}

static pid_t pid_of(const json_t *processes, const char *name, size_t *ready)
{
	pid_t pid = 0;

	for (size_t i = 0; i < json_array_size(processes); i++) {
		const json_t *row = json_array_get(processes, i);

		if (strcmp(json_string_value(json_object_get(row, "process")), name) != 0)
			continue;
		pid = (pid_t)json_integer_value(json_object_get(row, "pid"));
		*ready += strcmp(json_string_value(json_object_get(row, "state")), "ready") == 0;
	}
	return pid;
}

static struct service_state query_state(void)
{
	struct service_state seen = { .generation = -1 };
	size_t ready = 0;
	int status;
	char *text = fake_service_request("{\"verb\":[\"status\"]}\n", &status);
	json_t *json = text ? json_loads(text, 0, NULL) : NULL;
	const json_t *processes = json_object_get(json, "processes");

	if (json) {
		snprintf(seen.phase, sizeof(seen.phase), "%s",
			json_string_value(json_object_get(json, "phase")));
		seen.generation = json_integer_value(json_object_get(json, "generation"));
		seen.recoveries = json_integer_value(json_object_get(json, "recoveries"));
		seen.processes = json_array_size(processes);
		seen.keeper = pid_of(processes, "keeper", &ready);
		seen.workers[1] = pid_of(processes, "worker 1", &ready);
		seen.workers[2] = pid_of(processes, "worker 2", &ready);
		seen.ready = ready == FAKE_SERVICE_WORKERS + 1 && seen.processes == ready;
	}
	json_decref(json);
	free(text);
	return seen;
}

struct service_state fake_service_wait_ready(pid_t old_pid, int64_t generation, int64_t recoveries)
{
	int64_t until = clock_mono_ms() + TIMEOUT_MS;
	struct service_state seen;

	do {
		poll(NULL, 0, 5);
		seen = query_state();
	} while ((!seen.ready || seen.workers[1] == old_pid || seen.generation != generation ||
			 seen.recoveries != recoveries) &&
		 clock_mono_ms() < until);
	assert_true(seen.ready);
	assert_int_not_equal(seen.workers[1], old_pid);
	assert_int_equal(seen.generation, generation);
	assert_int_equal(seen.recoveries, recoveries);
	return seen;
}

struct service_state fake_service_start_ready(void)
{
	fake_service_prepare();
	fake_service_start();
	return fake_service_wait_ready(0, 1, 0);
}

void fake_service_start_recovering(int ms)
{
	fake_service_prepare();
	script->recover_ms = ms;
	fake_service_start();
	while (script->recovering == 0) {
		assert_int_equal(waitpid(supervisor, NULL, WNOHANG), 0);
		poll(NULL, 0, 5);
	}
}

bool fake_service_is_gone(pid_t pid)
{
	return kill(pid, 0) != 0 && errno == ESRCH;
}

const struct conf *fake_service_conf(void)
{
	return &setup.conf;
}

void fake_service_kill(void)
{
	kill(supervisor, SIGKILL);
	waitpid(supervisor, NULL, 0);
	supervisor = 0;
}

int fake_service_stop(void)
{
	int status = -1;

	kill(supervisor, SIGTERM);
	assert_int_equal(waitpid(supervisor, &status, 0), supervisor);
	supervisor = 0;
	return status;
}

int fake_service_setup(void **state)
{
	if (!script)
		script = mmap(NULL, sizeof(*script), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return script == MAP_FAILED ? -1 : check_setup(state);
}

int fake_service_teardown(void **state)
{
	if (supervisor > 0)
		fake_service_kill();
	return check_teardown(state);
}
