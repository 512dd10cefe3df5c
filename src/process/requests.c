#include "process/requests.h"

#include "http/json.h"
#include "process/status.h"
#include "sys/signals.h"

#define OPERATORS_MAX 8

#define STATUS_NOT_SERVING 3

static enum control_outcome answer_status(struct service *service, struct control_client *client)
{
	struct buf line = BUF_INIT;

	status_write(service, &line);
	control_put_frame(&client->out, 'o', buf_str(&line));
	control_put_exit(&client->out, !buf_ok(&line)		     ? 1
				       : service_is_serving(service) ? 0
								     : STATUS_NOT_SERVING);
	buf_free(&line);
	return CONTROL_ANSWERED;
}

static enum control_outcome answer_reload(struct service *service, struct control_client *client)
{
	signals_request_reload();
	service->hurry = true;
	control_put_exit(&client->out, 0);
	return CONTROL_ANSWERED;
}

static enum control_outcome answer_stop(struct service *service, struct control_client *client)
{
	signals_request_stop();
	service->hurry = true;
	control_put_exit(&client->out, 0);
	return CONTROL_ANSWERED;
}

static enum control_outcome start_operator(struct service *service, struct control_client *client)
{
	struct children *children = &service->children;

	/* During a recovery no other process may open the store. */
	if (service->phase != PHASE_SERVING ||
		children_count(children, ROLE_OPERATOR) >= OPERATORS_MAX)
		return CONTROL_RETRY;
	return children_start(
		       children, &service->conf, ROLE_OPERATOR, 0, client->fd, buf_str(&client->in))
		       ? CONTROL_HANDED_OVER
		       : CONTROL_RETRY;
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
