#include "worker/claim.h"

#include "base/clock.h"
#include "http/json.h"
#include "worker/fatal.h"

#define WAIT_SECONDS   50
#define WAIT_SLACK_MS  15000
#define ONCE_MS	       1000  /* between two claims of --once that find nothing */
#define ONCE_MOST_MS   30000 /* until --once gives up */
#define CLAIM_LEAST_MS 1000  /* between two claims, if the first one finds nothing */
#define DRAIN_MS       10000
#define DRAIN_LEAST_MS 1000
#define ANSWER_MAX     ((size_t)16 * 1024 * 1024)

static size_t free_jobs(const struct worker *worker)
{
	size_t count = 0;

	for (size_t i = 0; i < worker->options->jobs; i++)
		count += worker->jobs[i].state == JOB_FREE;
	return count;
}

/* ---- the response ---- */

static void stay_drained(struct worker *worker, const struct client_answer *answer, int64_t now)
{
	int64_t asked = answer->retry_after > 0 ? INT64_C(1000) * answer->retry_after : DRAIN_MS;

	if (!worker->claim.drained)
		say("%s is drained: it gets no more tasks", worker->options->name);
	worker->claim.drained = true;
	worker->claim.due = now + (asked > DRAIN_LEAST_MS ? asked : DRAIN_LEAST_MS);
	worker->nothing_ready = worker->options->once;
}

static void find_nothing(struct worker *worker, int64_t now)
{
	worker->claim.drained = false;
	if (!worker->options->once) {
		worker->claim.due = worker->claim.sent + CLAIM_LEAST_MS;
		return;
	}
	worker->claim.due = now + ONCE_MS;
	worker->nothing_ready = free_jobs(worker) == worker->options->jobs;
}

/* The claim has failed. With --once the worker does not wait for ever. */
static void repeat_claim(struct worker *worker, const struct client_answer *answer, int64_t now)
{
	if (worker->claim.backoff.failures == 0)
		worker->claim.until = now + ONCE_MOST_MS;
	worker->claim.due = now + worker_failed(worker, &worker->claim.backoff, answer);
	if (!worker->options->once)
		return;
	if (worker->claim.due > worker->claim.until)
		worker->claim.due = worker->claim.until;
	if (now >= worker->claim.until) {
		say("the service has not answered a claim for %d seconds", ONCE_MOST_MS / 1000);
		worker_give_up(worker);
	}
}

/* False: some are refused. They, and tasks beyond the free jobs, are left unconfirmed. */
static bool start_jobs(struct worker *worker, json_t *claims)
{
	size_t i, next = 0;
	bool ok = true;
	json_t *claim;

	json_array_foreach (claims, i, claim) {
		while (next < worker->options->jobs && worker->jobs[next].state != JOB_FREE)
			next++;
		if (next == worker->options->jobs)
			break;
		ok &= job_start(&worker->jobs[next], worker, claim);
	}
	return ok;
}

static void take_claims(struct worker *worker, const struct client_answer *answer, int64_t now)
{
	struct err err = { 0 };
	json_t *body = NULL;
	json_t *claims;

	/* 64 levels: the values of fields may have 32. */
	if (!json_parse_exact(&body, answer->body, &err) ||
		!json_is_array(claims = json_object_get(body, "claims")) ||
		!start_jobs(worker, claims)) {
		repeat_claim(worker, answer, now);
	} else {
		worker_answered(worker, &worker->claim.backoff);
		worker->claim.due = now;
		if (json_is_true(json_object_get(body, "drain")))
			stay_drained(worker, answer, now);
		else if (json_array_size(claims) == 0)
			find_nothing(worker, now);
		else
			worker->claim.drained = false;
	}
	json_decref(body);
}

static void claim_done(void *data, const struct client_answer *answer)
{
	struct worker *worker = data;
	int64_t now = clock_boot_ms();
	json_t *problem;

	worker->claim.request = NULL;
	if (answer->status == 200) {
		take_claims(worker, answer, now);
	} else if (answer->status == 204) {
		worker_answered(worker, &worker->claim.backoff);
		find_nothing(worker, now);
	} else if (worker_is_temporary(answer) || worker_is_over_quota(answer)) {
		repeat_claim(worker, answer, now);
	} else {
		worker_answered(worker, &worker->claim.backoff);
		problem = worker_problem(answer);
		say("the service refuses claims: %s", json_string_value(problem));
		json_decref(problem);
		worker_give_up(worker);
	}
}

/* ---- the request ---- */

static void put_number(json_t *body, const char *name, size_t number)
{
	need_zero(json_object_set_new(body, name, json_integer((json_int_t)number)));
}

static void send_claim(struct worker *worker, size_t max, int64_t now)
{
	const struct worker_options *options = worker->options;
	unsigned wait = options->once ? 0 : WAIT_SECONDS;
	json_t *body = need(json_object());
	struct buf text = BUF_INIT;

	need_zero(json_object_set_new(body, "worker", json_string(options->name)));
	if (options->dialects)
		need_zero(json_object_set(body, "dialects", options->dialects));
	if (options->kinds)
		need_zero(json_object_set(body, "kinds", options->kinds));
	put_number(body, "max", max);
	put_number(body, "lease_seconds", options->lease_seconds);
	put_number(body, "confirm_seconds", worker_confirm_seconds(options));
	put_number(body, "wait", wait);
	json_put(&text, body);
	need_buf(&text);
	worker->claim.sent = now;
	worker->claim.request = client_send(
		worker->client, &(struct client_call){ .method = "POST",
					.path = "/v1/claims",
					.body = buf_str(&text),
					.timeout_ms = (long)wait * 1000 + WAIT_SLACK_MS,
					.answer_max = ANSWER_MAX,
					.done = claim_done,
					.data = worker });
	buf_free(&text);
	json_decref(body);
}

void claim_step(struct worker *worker, int64_t now)
{
	size_t room;

	if (worker->stop != STOP_NONE) {
		client_cancel(worker->client, worker->claim.request);
		worker->claim.request = NULL;
		worker_forget(worker, &worker->claim.backoff);
		return;
	}
	room = free_jobs(worker);
	if (!worker->claim.request && !worker->nothing_ready && room > 0 &&
		now >= worker->claim.due)
		send_claim(worker, room, now);
}

int64_t claim_wake_time(const struct worker *worker)
{
	if (worker->stop != STOP_NONE || worker->claim.request || worker->nothing_ready ||
		free_jobs(worker) == 0)
		return INT64_MAX;
	return worker->claim.due;
}
