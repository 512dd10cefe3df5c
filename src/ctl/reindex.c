#include "ctl/reindex.h"

#include <poll.h>
#include <stdlib.h>

#include "admin/command.h"
#include "ctl/client.h"
#include "ctl/ctl_admin.h"
#include "ctl/fail.h"
#include "ctl/progress.h"
#include "http/json.h"

#define POLL_INTERVAL_MS 500
#define POLL_SECONDS	 5

struct progress {
	bool answered; /* a service answered */
	bool complete;
	int percent;
};

/*
 * An answer that cannot be read, or from a service that does not know the index, is not complete.
 */
static void read_progress(struct str text, struct progress *progress)
{
	json_t *json = NULL, *store;
	const char *state = NULL;
	struct err err;

	if (json_parse_trusted(&json, text, &err)) {
		store = json_object_get(json, "store");
		state = json_string_value(json_object_get(store, "index"));
		progress->percent =
			(int)(json_number_value(json_object_get(store, "index_progress")) * 100);
	}
	progress->complete = state && strcmp(state, "complete") == 0;
	json_decref(json);
}

static bool ask(const struct conf *conf, struct progress *progress, struct err *err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool answered = false, ok;
	int status;

	if (!out)
		return err_no_memory(err);
	ok = client_call(conf->control, STR("{\"verb\":[\"status\"]}\n"), POLL_SECONDS, NULL, out,
		stderr, &answered, &status, err);
	fclose(out);
	if (ok && answered)
		read_progress((struct str){ text, size }, progress);
	free(text);
	if (ok && !answered && progress->answered)
		return err_set(err, ERR_INTERNAL, NULL,
			"the service has ended; the rebuild goes on when it is started again");
	progress->answered |= answered;
	return ok;
}

/* A service that was down when the index was rebuilt does not answer at all. */
static bool wait_for_service(const struct conf *conf, struct err *err)
{
	struct progress progress = { 0 };
	int shown = -1;

	progress_begin("reindex");
	for (;;) {
		if (!ask(conf, &progress, err)) {
			progress_end();
			return false;
		}
		if (!progress.answered || progress.complete)
			break;
		progress_set((uint64_t)progress.percent, 100, "percent");
		if (progress.percent != shown && !progress_runs())
			printf("%d %%\n", progress.percent);
		fflush(stdout);
		shown = progress.percent;
		poll(NULL, 0, POLL_INTERVAL_MS);
	}
	progress_end();
	if (progress.answered)
		printf("the index is complete\n");
	return true;
}

int ctl_reindex(const struct conf *conf, bool wait)
{
	const char *const words[] = { "reindex" };
	struct admin_call call = { 0 };
	struct err err = { 0 };
	int status;

	if (!admin_parse_command(&call, words, 1, &err))
		goto fail;
	status = ctl_admin_run(conf, &call);
	if (status != 0 || !wait || wait_for_service(conf, &err))
		return status;
fail:
	return ctl_fail_call(&err);
}
