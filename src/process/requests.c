#include "process/requests.h"

#include "base/clock.h"
#include "http/json.h"
#include "process/operators.h"
#include "process/reload.h"
#include "process/status.h"
#include "sys/signals.h"

#define STATUS_NOT_SERVING 3
#define WATCHED_MS	   10000 /* after each request of a client that watches */

#define RELOAD_TIMEOUT_MS 30000

/* Whether the request has the word "watch": its client will ask again soon. */
static bool is_watching(const struct control_client *client)
{
	struct str line = { client->in.data, client->line_len };
	const char *word = NULL;
	json_t *json = NULL;
	struct err err;
	bool watching;

	if (json_parse_trusted(&json, line, &err))
		word = json_string_value(json_array_get(json_object_get(json, "verb"), 1));
	watching = word && strcmp(word, "watch") == 0;
	json_decref(json);
	return watching;
}

static enum control_outcome answer_status(struct service *service, struct control_client *client)
{
	struct supervisor_state *state = &service->children.scoreboard->supervisor;
	struct buf line = BUF_INIT;

	if (is_watching(client))
		state->watched_until = clock_mono_ms() + WATCHED_MS;
	status_write(service, &line);
	control_put_frame(&client->out, 'o', buf_str(&line));
	control_put_exit(&client->out, !buf_ok(&line)		     ? 1
				       : service_is_serving(service) ? 0
								     : STATUS_NOT_SERVING);
	buf_free(&line);
	return CONTROL_ANSWERED;
}

static void put_reload_failure(const struct service *service, int generation, struct buf *out)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "generation %d does not answer all requests after %d s: ", generation,
		RELOAD_TIMEOUT_MS / 1000);
	if (service->phase != PHASE_SERVING)
		buf_put_str(&text, STR("the store is being recovered"));
	else if (service->complete_generation >= generation)
		buf_put_str(&text, STR("workers of an earlier one still have connections"));
	else
		buf_put_str(&text, STR("its processes do not start, see the log"));
	control_put_frame(out, 'e', buf_str(&text));
	control_put_exit(out, 1);
	buf_free(&text);
}

/* Whether every new request is answered by this generation or a later one. */
static bool generation_serves(const struct service *service, int generation)
{
	return service->complete_generation >= generation && service_is_serving(service) &&
	       children_retired_before(&service->children, generation);
}

/* Puts the frames about a reload that has begun. A later one may have replaced its generation. */
static enum control_outcome await_reload(struct service *service, struct control_client *client)
{
	struct buf text = BUF_INIT;

	if (generation_serves(service, client->generation)) {
		buf_printf(&text, "generation %d serves", service->complete_generation);
		control_put_frame(&client->out, 'o', buf_str(&text));
		control_put_exit(&client->out, 0);
		buf_free(&text);
		return CONTROL_ANSWERED;
	}
	if (clock_mono_ms() < client->since + RELOAD_TIMEOUT_MS)
		return CONTROL_PENDING;
	put_reload_failure(service, client->generation, &client->out);
	return CONTROL_ANSWERED;
}

/* Makes the last reload that of the client, and puts the options that wait for a restart. */
static enum control_outcome take_reload(
	const struct service *service, struct control_client *client, int64_t now)
{
	struct buf text = BUF_INIT;

	if (service->reload_waiting.len > 0) {
		buf_printf(&text, "these options take effect at the next start: %.*s",
			STR_ARGS(buf_str(&service->reload_waiting)));
		control_put_frame(&client->out, 'o', buf_str(&text));
		buf_free(&text);
	}
	client->begun = true;
	client->generation = service->reload_generation;
	client->since = now;
	return CONTROL_PENDING;
}

static enum control_outcome begin_reload(
	struct service *service, struct control_client *client, int64_t now)
{
	struct buf text = BUF_INIT;
	struct err err = { 0 };

	if (reload_begin(service, now, &err))
		return take_reload(service, client, now);
	buf_printf(&text, "%s; the old configuration remains in use", err_text(&err));
	control_put_frame(&client->out, 'e', buf_str(&text));
	control_put_exit(&client->out, 1);
	buf_free(&text);
	return CONTROL_ANSWERED;
}

/* Clients that wait for the end of a reload share the next one. */
static enum control_outcome answer_reload(struct service *service, struct control_client *client)
{
	int64_t now = clock_mono_ms();

	if (service->phase == PHASE_STOPPING) {
		control_put_frame(&client->out, 'e', STR("the service is stopping"));
		control_put_exit(&client->out, 1);
		return CONTROL_ANSWERED;
	}
	if (client->begun)
		return await_reload(service, client);
	if (!client->asked)
		client->reloads = service->reloads;
	client->asked = true;
	if (service->reloads > client->reloads)
		return take_reload(service, client, now);
	return reload_is_allowed(service, now) ? begin_reload(service, client, now)
					       : CONTROL_PENDING;
}

static enum control_outcome answer_stop(struct service *service, struct control_client *client)
{
	signals_request_stop();
	service->hurry = true;
	control_put_exit(&client->out, 0);
	return CONTROL_ANSWERED;
}

static enum control_outcome retry(struct control_client *client, const char *delay)
{
	client->delay = delay;
	return CONTROL_RETRY;
}

static enum control_outcome start_operator(struct service *service, struct control_client *client)
{
	const struct child_client connection = {
		.fd = client->fd, .uid = client->uid, .received = buf_str(&client->in)
	};
	enum operators_answer answer;

	if (service->phase != PHASE_SERVING) /* no other process may open the store */
		return retry(client, "the store is being recovered; try again");
	answer = operators_admit(&service->children, client->uid, clock_mono_ms());
	if (answer == OPERATORS_FULL)
		return retry(client, "other commands take all places; try again");
	if (answer == OPERATORS_START &&
		children_start(&service->children, &service->conf, ROLE_OPERATOR, 0, &connection))
		return CONTROL_HANDED_OVER;
	service->hurry |= answer != OPERATORS_START;
	return retry(client, "the service cannot start another process; try again");
}

static enum control_outcome refuse(struct service *service, struct control_client *client)
{
	(void)service;
	control_put_frame(&client->out, 'e', STR("malformed request: expected {\"verb\":[...]}"));
	control_put_exit(&client->out, 2);
	return CONTROL_ANSWERED;
}

typedef enum control_outcome answer_function(
	struct service *service, struct control_client *client);

static answer_function *find_answer(const char *verb)
{
	static const struct {
		const char *verb;
		answer_function *answer;
	} own_verbs[] = {
		{ "status", answer_status },
		{ "reload", answer_reload },
		{ "stop", answer_stop },
	};

	if (!verb)
		return refuse;
	for (size_t i = 0; i < sizeof(own_verbs) / sizeof(own_verbs[0]); i++) {
		if (strcmp(verb, own_verbs[i].verb) == 0)
			return own_verbs[i].answer;
	}
	return start_operator;
}

enum control_outcome requests_answer(void *data, struct control_client *client)
{
	struct str line = { client->in.data, client->line_len };
	enum control_outcome outcome;
	const char *verb = NULL;
	json_t *json = NULL;
	struct err err;

	if (json_parse_trusted(&json, line, &err))
		verb = json_string_value(json_array_get(json_object_get(json, "verb"), 0));
	outcome = find_answer(verb)(data, client);
	json_decref(json);
	return outcome;
}
