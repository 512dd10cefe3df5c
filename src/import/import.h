#pragma once
/*
 * Carries out one import-task: fetch the file of its url, check its md5, store it
 * (polytask-import(1)).
 */
#include "import/import_task.h"
#include "import/transfer.h"

struct import_settings {
	const char *directory; /* of the media */
	struct transfer_limits limits;
	struct progress progress;
};

/*
 * Appends the result, a line of JSON, to *result. Errors have a sentence for the client of the
 * task, without names of files and without addresses. Writes notes to standard error. The partial
 * file is kept if the download may go on at the next attempt.
 */
bool import_run(const struct import_settings *settings, const struct import_task *task,
	struct buf *result, struct err *err);

/*
 * The exit status for an error: 65 (EX_DATAERR) if a further attempt is useless; 1 if one may
 * succeed; 75 (EX_TEMPFAIL) if the cause is this machine, so that the attempt should not count.
 */
int import_exit_status(const struct err *err);
