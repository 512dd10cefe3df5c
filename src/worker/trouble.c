/* Failing requests: which are repeated, and the messages about them. */
#include "http/json.h"
#include "worker/fatal.h"
#include "worker/text.h"
#include "worker/worker.h"

int64_t worker_failed(
	struct worker *worker, struct backoff *backoff, const struct client_answer *answer)
{
	int64_t delay;
	json_t *problem;

	if (backoff->failures == 0)
		worker->failing++;
	delay = backoff_next(backoff, answer->retry_after);
	if (!worker->trouble) {
		problem = worker_problem(answer);
		say("the service does not answer as it should, and is asked again: %s",
			json_string_value(problem));
		json_decref(problem);
	}
	worker->trouble = true;
	return delay;
}

void worker_forget(struct worker *worker, struct backoff *backoff)
{
	if (backoff->failures > 0)
		worker->failing--;
	backoff->failures = 0;
}

void worker_answered(struct worker *worker, struct backoff *backoff)
{
	worker_forget(worker, backoff);
	if (worker->trouble && worker->failing == 0) {
		worker->trouble = false;
		say("the service answers again");
	}
}

void worker_give_up(struct worker *worker)
{
	worker->status = 1;
	if (worker->stop == STOP_NONE)
		worker->stop = STOP_CLAIMING;
}

/* Text of the problem that a person can read; STR_NULL: none. */
static struct str problem_text(const json_t *body)
{
	const json_t *first = json_array_get(json_object_get(body, "errors"), 0);
	const json_t *texts[] = { json_object_get(first, "detail"), json_object_get(body, "detail"),
		json_object_get(body, "title") };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (json_string_length(texts[i]) > 0)
			return json_str(texts[i]);
	}
	return STR_NULL;
}

json_t *worker_problem(const struct client_answer *answer)
{
	json_t *body = NULL, *problem;
	struct err err = { 0 };
	struct str text;

	if (answer->status == 0)
		return text_json("%s", answer->failure);
	if (answer->status < 300)
		return text_json(
			"status %ld with a body that is not as documented", answer->status);
	/* The limit is for the terminal; a response that is not JSON may be a page of HTML. */
	if (json_parse_object(&body, answer->body, &err) && problem_text(body).len > 0) {
		text = problem_text(body);
		problem = text_json("%.*s (status %ld)", (int)(text.len < 500 ? text.len : 500),
			text.ptr, answer->status);
	} else {
		problem = text_json("status %ld", answer->status);
	}
	json_decref(body);
	return problem;
}

bool worker_is_temporary(const struct client_answer *answer)
{
	return answer->status < 400 || answer->status == 408 || answer->status == 425 ||
	       answer->status == 429 || answer->status >= 500;
}

bool worker_is_refused(const struct client_answer *answer)
{
	return answer->status == 400 || answer->status == 413 || answer->status == 422 ||
	       worker_is_over_quota(answer);
}

bool worker_is_over_quota(const struct client_answer *answer)
{
	struct err err = { 0 };
	json_t *body = NULL;
	bool quota;

	if (answer->status != 403 || !json_parse_object(&body, answer->body, &err))
		return false;
	quota = str_eq(json_str(json_object_get(body, "type")), STR("/v1/problems/storage-quota"));
	json_decref(body);
	return quota;
}
