/* The requests of a job, and what several of them may have. */
#include "http/json.h"
#include "worker/fatal.h"
#include "worker/worker.h"

#define ANSWER_MAX ((size_t)256 * 1024)

struct client_request *job_post(struct job *job, const char *kind, json_t *body, long timeout_ms,
	client_done *done, void *data)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct client_request *request;

	need_zero(json_object_set_new(body, "token", json_string(job->token)));
	buf_printf(&path, "/v1/tasks/%s/%s", job->id, kind);
	buf_putc(&path, '\0');
	json_put(&text, body);
	need_buf(&path);
	need_buf(&text);
	request = client_send(job->worker->client, &(struct client_call){ .method = "POST",
							   .path = path.data,
							   .body = buf_str(&text),
							   .timeout_ms = timeout_ms,
							   .answer_max = ANSWER_MAX,
							   .done = done,
							   .data = data });
	buf_free(&path);
	buf_free(&text);
	json_decref(body);
	return request;
}

void job_put_news(struct job *job, json_t *body, bool last)
{
	json_t *log = log_lines_take(&job->log, last);

	if (log)
		need_zero(json_object_set_new(body, "log", log));
	if (job->progress) {
		need_zero(json_object_set(body, "progress", job->progress));
		job->progress_sent = job->progress;
		job->progress = NULL;
	}
}

bool job_refuse_news(struct job *job)
{
	bool progress = job->progress_sent != NULL, lines = job->log.taken > 0;

	json_decref(job->progress_sent);
	job->progress_sent = NULL;
	log_lines_settle(&job->log, !progress);
	return progress || lines;
}

void job_settle_news(struct job *job, bool stored)
{
	log_lines_settle(&job->log, stored);
	if (!stored && !job->progress && job->progress_sent) {
		job->progress = job->progress_sent;
		job->progress_sent = NULL;
	}
	json_decref(job->progress_sent);
	job->progress_sent = NULL;
}
