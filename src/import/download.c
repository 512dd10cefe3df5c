#include "import/download.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"

struct download {
	const struct transfer_limits *limits;
	const struct source *source;
	const struct transfer_sink *sink;
	unsigned cuts, restarts;
};

static bool too_many_redirects(struct err *err)
{
	return err_set(err, ERR_UNPROCESSABLE, NULL, "There are more than %d redirects.",
		DOWNLOAD_REDIRECTS_MAX);
}

/* Makes *current, a source of its own, the target of the redirect. */
static bool go_on_at(struct source *current, struct buf *location, struct err *err)
{
	struct source next;

	buf_putc(location, '\0');
	if (!buf_ok(location))
		return err_no_memory(err);
	if (!source_follow(&next, current, location->data, err))
		return false;
	source_free(current);
	*current = next;
	return true;
}

/* Requests, from the URL of the task on, until one is no redirect. */
static enum transfer_end follow(const struct download *download, struct err *err)
{
	struct source current = *download->source;
	enum transfer_end end = TRANSFER_FAILED;
	struct buf location = BUF_INIT;

	current.url = curl_url_dup(download->source->url);
	if (!current.url) {
		err_no_memory(err);
		return TRANSFER_FAILED;
	}
	for (int redirects = 0;; redirects++) {
		end = transfer_run(download->limits, &current, download->sink, &location, err);
		if (end != TRANSFER_REDIRECTED)
			break;
		end = TRANSFER_FAILED;
		if (redirects == DOWNLOAD_REDIRECTS_MAX) {
			too_many_redirects(err);
			break;
		}
		if (!go_on_at(&current, &location, err))
			break;
		buf_reset(&location);
	}
	buf_free(&location);
	source_free(&current);
	return end;
}

static bool begin_again(const struct transfer_sink *sink, struct err *err)
{
	return partial_restart(sink->partial, NULL, PARTIAL_TOTAL_UNKNOWN, err) &&
	       digest_start(sink->digest, err);
}

/* Waits 1, 2, 3 s; false if the time of the job is over by then. */
static bool wait_after_cut(const struct download *download)
{
	struct timespec pause = { .tv_sec = download->cuts };

	if (clock_mono_ms() + download->cuts * INT64_C(1000) >= download->limits->deadline_ms)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

/* Whether to make another request after this end. */
static bool may_go_on(struct download *download, enum transfer_end end, struct err *err)
{
	const struct partial *partial = download->sink->partial;

	if (end == TRANSFER_RESTART) {
		fprintf(stderr, "The server did not send the rest of the same file. "
				"Starting again.\n");
		return (download->restarts++ == 0 ||
			       err_set(err, ERR_BUSY, NULL,
				       "The server answers with a wrong part of the file.")) &&
		       begin_again(download->sink, err);
	}
	if (end != TRANSFER_CUT || download->cuts == DOWNLOAD_CUTS_MAX)
		return false;
	download->cuts++;
	fprintf(stderr, "%s Reconnecting after %" PRIu64 " bytes.\n", err_text(err), partial->size);
	/* Without a validator nothing tells whether the rest is of the same file. */
	return wait_after_cut(download) &&
	       (*partial->version.validator || begin_again(download->sink, err));
}

bool download_file(const struct transfer_limits *limits, const struct source *source,
	const struct transfer_sink *sink, bool *pieced, struct err *err)
{
	struct download download = { .limits = limits, .source = source, .sink = sink };
	uint64_t before = sink->partial->size;
	enum transfer_end end;

	if (before > limits->max_bytes)
		return transfer_too_large(limits, err);
	if (!digest_start(sink->digest, err) ||
		!digest_add_file(sink->digest, sink->partial->fd, before, limits->deadline_ms, err))
		return false;
	*pieced = before > 0;
	if (partial_is_complete(sink->partial))
		return true;
	if (before > 0)
		fprintf(stderr, "Resuming after %" PRIu64 " bytes.\n", before);
	do
		end = follow(&download, err);
	while (end != TRANSFER_DONE && may_go_on(&download, end, err));
	*pieced = *pieced || download.cuts > 0;
	return end == TRANSFER_DONE;
}
