#include "import/import.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "import/download.h"
#include "import/folder.h"
#include "import/place.h"

/* Of one run. */
struct import {
	const struct import_settings *settings;
	const struct import_task *task;
	struct source source;
	struct buf name; /* of the file, from the URL */
	struct partial partial;
	struct digest digest;
	struct digest_text text;
	struct progress progress;
	int media, partials; /* folders */
	int64_t begin_ms;
};

/* A task without an md5 has none to compare. */
static bool check_md5(const struct import *import, struct err *err)
{
	if (!*import->task->md5) {
		fprintf(stderr, "The task has no md5 to compare.\n");
		return true;
	}
	return strcmp(import->text.md5, import->task->md5) == 0 ||
	       err_set(err, ERR_UNPROCESSABLE, NULL, "The md5 is %s, expected %s.",
		       import->text.md5, import->task->md5);
}

static bool download(struct import *import, bool *pieced, struct err *err)
{
	struct transfer_sink sink = { &import->partial, &import->digest, &import->progress };

	return download_file(&import->settings->limits, &import->source, &sink, pieced, err) &&
	       digest_end(&import->digest, &import->text, err);
}

/*
 * A file that was put together from several responses and has a wrong md5 is fetched once more as
 * a whole: the server may have changed it in between.
 */
static bool download_checked(struct import *import, struct err *err)
{
	bool pieced = false;

	if (!download(import, &pieced, err))
		return false;
	if (check_md5(import, err))
		return true;
	if (!pieced)
		return false;
	fprintf(stderr, "The md5 of the combined parts is wrong. Starting again.\n");
	return partial_restart(&import->partial, NULL, PARTIAL_TOTAL_UNKNOWN, err) &&
	       download(import, &pieced, err) && check_md5(import, err);
}

static bool sync_file(const struct import *import, struct err *err)
{
	return fsync(import->partial.fd) == 0 || folder_fail("The file cannot be written", err);
}

static bool place(struct import *import, struct buf *path, struct err *err)
{
	const struct place place = { .media = import->media,
		.task = import->task,
		.url_name = buf_str(&import->name),
		.sha256 = import->text.sha256,
		.deadline_ms = import->settings->limits.deadline_ms };

	return place_file(&place, &import->partial, path, err);
}

static bool write_result(
	const struct import *import, struct str path, struct buf *result, struct err *err)
{
	int64_t ms = clock_mono_ms() - import->begin_ms;

	buf_puts(result, "{\"path\":");
	buf_put_json_string(result, path);
	buf_printf(result,
		",\"bytes\":%" PRIu64 ",\"md5\":\"%s\",\"sha256\":\"%s\",\"seconds\":%" PRId64
		".%03d}\n",
		import->partial.size, import->text.md5, import->text.sha256, ms / 1000,
		(int)(ms % 1000));
	return buf_ok(result) || err_no_memory(err);
}

/* Whether what was downloaded is of no use for another attempt, or takes the room of others. */
static bool is_useless(const struct partial *partial, const struct err *err)
{
	return partial->size == 0 || !*partial->version.validator ||
	       import_exit_status(err) == EX_DATAERR || err->code == ERR_DISK_FULL;
}

static bool fetch_and_place(struct import *import, struct buf *result, struct err *err)
{
	struct buf path = BUF_INIT;
	bool ok;

	if (!partial_open(
		    &import->partial, import->partials, &import->task->id, import->task->url, err))
		return false;
	import->partial.is_compared = *import->task->md5 != '\0';
	ok = download_checked(import, err) && sync_file(import, err) && place(import, &path, err) &&
	     write_result(import, buf_str(&path), result, err);
	if (!ok && is_useless(&import->partial, err))
		partial_remove(&import->partial);
	partial_close(&import->partial);
	buf_free(&path);
	return ok;
}

static bool open_folders(struct import *import, struct err *err)
{
	import->media = folder_open(import->settings->directory, err);
	if (import->media < 0)
		return false;
	import->partials = folder_enter(import->media, PARTIAL_FOLDER, err);
	if (import->partials < 0)
		return false;
	partial_remove_old(import->partials, clock_wall_ms() / 1000);
	return true;
}

bool import_run(const struct import_settings *settings, const struct import_task *task,
	struct buf *result, struct err *err)
{
	struct import import = { .settings = settings,
		.task = task,
		.progress = settings->progress,
		.media = -1,
		.partials = -1,
		.begin_ms = clock_mono_ms() };
	bool ok;

	ok = source_parse(&import.source, task->url, err) &&
	     source_file_name(&import.source, &import.name, err) && open_folders(&import, err) &&
	     fetch_and_place(&import, result, err);
	if (import.partials >= 0)
		close(import.partials);
	if (import.media >= 0)
		close(import.media);
	digest_free(&import.digest);
	buf_free(&import.name);
	source_free(&import.source);
	return ok;
}

int import_exit_status(const struct err *err)
{
	switch ((int)err->code) {
	case ERR_UNPROCESSABLE:
	case ERR_TOO_LARGE:
		return EX_DATAERR;
	case ERR_BUSY:
		return 1;
	default:
		return EX_TEMPFAIL;
	}
}
