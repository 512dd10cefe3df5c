#pragma once
/*
 * Recoveries that fail in a row: their cause, and when the service gives up.
 *
 * A recovery has failed if the recover process did, or if another recovery was needed before a
 * worker and the keeper were ready. A cause that can pass by itself (a full disk, no memory,
 * SIGKILL, a server that does not answer) is retried for ever. Any other ends the service at the
 * RECOVERY_ATTEMPTS-th failure in a row with this cause: the files then need an operator, and a
 * failed unit is noticed sooner than a service without workers.
 */
#include <stdatomic.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define RECOVERY_ATTEMPTS   5
#define RECOVERY_CAUSE_SIZE 256

/* Exit status of a service that gave up; polytaskd.service does not restart it. */
#define RECOVERY_EXIT_GIVEN_UP 65

/* Why recovery failed, as far as the remedy depends on it. */
enum recovery_cause {
	CAUSE_OTHER,
	CAUSE_INDEX,
	CAUSE_DERIVED,
	CAUSE_PAGE,
	CAUSE_REGIONS_REFUSED, /* they would not fit */
	CAUSE_REGIONS_FULL,    /* SIGBUS */
	CAUSE_REFUSED,
	CAUSE_VERSION,
	CAUSE_UNFINISHED,
	CAUSE_ACCESS,
	CAUSE_DIRECTORY,
	CAUSE_SERVER, /* of a shared store: it does not answer; can pass */
	CAUSES
};

/* Value of err->field if a directory cannot be used; the others are in store/store.h. */
#define RECOVERY_FAULT_DIRECTORY "directory"

/* Why a child ends: written by it before it exits because it cannot recover or join the store. */
struct child_report {
	_Atomic int code;  /* enum err_code; ERR_NONE: no report */
	_Atomic int cause; /* enum recovery_cause */
	char text[RECOVERY_CAUSE_SIZE];
};

/* Takes the cause from err->field. */
void child_report_set(struct child_report *report, const struct err *err);

/* Zero-initialised: none has failed. */
struct recovery {
	unsigned failures; /* in a row */
	unsigned same;	   /* the last of these, with the same cause */
	bool lasting;	   /* the cause cannot pass by itself */
	enum recovery_cause cause;
	char text[RECOVERY_CAUSE_SIZE]; /* the cause in words, without a full stop */
};

/* Counts a failure: the child (named by `what`) ended with this status of waitpid(2). */
void recovery_note_failure(
	struct recovery *recovery, const struct child_report *report, const char *what, int status);
bool recovery_must_give_up(const struct recovery *recovery);
/* "attempt 3 of 5: CAUSE", or "attempt 3: CAUSE" if the cause can pass by itself. */
void recovery_put_progress(const struct recovery *recovery, struct buf *out);
/* A sentence that tells the operator how to remove the cause. */
const char *recovery_remedy(const struct recovery *recovery);
