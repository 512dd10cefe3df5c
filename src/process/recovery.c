#include "process/recovery.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "store/store.h"

static const struct {
	const char *field; /* of the error; NULL: not reported by a child */
	const char *remedy;
} causes[CAUSES] = {
	[CAUSE_OTHER] = { NULL,
		"Restore the home from a backup; polytaskd(8), RECOVERY, has the steps." },
	[CAUSE_INDEX] = { STORE_FAULT_INDEX,
		"Move data/index.db of the home away and start the service again: the index is"
		" rebuilt." },
	[CAUSE_DERIVED] = { STORE_FAULT_DERIVED,
		"Move that file, usage.db or snapshot.db, out of data of the home and start the"
		" service again: it is made again." },
	[CAUSE_PAGE] = { STORE_FAULT_PAGE,
		"Restore the home from a backup. Without one, give up what was on the page:"
		" polytaskctl repair --yes." },
	[CAUSE_REGIONS_REFUSED] = { STORE_FAULT_REGIONS, "Then start the service again." },
	[CAUSE_REGIONS_FULL] = { NULL,
		"Make room in the file system of regions, then start the service again." },
	[CAUSE_REFUSED] = { STORE_FAULT_REFUSED,
		"Then start the service again; polytaskd(8), RECOVERY, has the steps." },
	[CAUSE_VERSION] = { STORE_FAULT_VERSION, "Then start the service again." },
	[CAUSE_UNFINISHED] = { STORE_FAULT_UNFINISHED, "Then start the service again." },
	[CAUSE_ACCESS] = { STORE_FAULT_ACCESS,
		"Let the service's user read and write it, then start the service again." },
	[CAUSE_DIRECTORY] = { RECOVERY_FAULT_DIRECTORY,
		"Let the service's user read and write it, then start the service again." },
	[CAUSE_SERVER] = { STORE_FAULT_SERVER,
		"It is tried again until the server answers: start it, or correct the option"
		" store and start the service again." },
};

static enum recovery_cause cause_of(const char *field)
{
	int cause = CAUSES - 1;

	while (cause > CAUSE_OTHER &&
		(!causes[cause].field || strcmp(causes[cause].field, field) != 0))
		cause--;
	return (enum recovery_cause)cause;
}

void child_report_set(struct child_report *report, const struct err *err)
{
	snprintf(report->text, sizeof(report->text), "%s", err_text(err));
	atomic_store(&report->cause, (int)cause_of(err->field));
	atomic_store(&report->code, (int)err->code);
}

/* ---- causes ---- */

static bool can_pass_code(int code)
{
	return code == ERR_DISK_FULL || code == ERR_NO_MEMORY || code == ERR_BUSY;
}

/* SIGKILL is sent by the kernel if memory is short, and by the watchdog to a stopped process. */
static bool can_pass(int code, int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : can_pass_code(code);
}

/* The text is in memory that a faulty child may have overwritten, and may be cut in a character. */
static void copy_text(char *out, const char *text)
{
	size_t len;

	snprintf(out, RECOVERY_CAUSE_SIZE, "%.*s", RECOVERY_CAUSE_SIZE - 1, text);
	len = strlen(out);
	if (len > 0 && out[len - 1] == '.')
		out[len - 1] = '\0';
	for (; *out; out++) {
		if (*out < ' ' || *out > '~')
			*out = '?';
	}
}

static void describe(char *text, const struct child_report *report, const char *what, int status)
{
	if (WIFSIGNALED(status))
		snprintf(text, RECOVERY_CAUSE_SIZE, "%s was killed by signal %d (%s)%s", what,
			WTERMSIG(status), sigdescr_np(WTERMSIG(status)),
			WTERMSIG(status) == SIGBUS
				? ": the file system of regions is full, or a file is too short"
				: "");
	else if (atomic_load(&report->code) == ERR_NONE)
		snprintf(text, RECOVERY_CAUSE_SIZE, "%s exited with status %d", what,
			WEXITSTATUS(status));
	else
		copy_text(text, report->text);
}

static enum recovery_cause find_cause(const struct child_report *report, int status)
{
	int cause = atomic_load(&report->cause);

	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGBUS ? CAUSE_REGIONS_FULL : CAUSE_OTHER;
	if (atomic_load(&report->code) == ERR_NONE || cause < 0 || cause >= CAUSES)
		return CAUSE_OTHER;
	return (enum recovery_cause)cause;
}

/* Numbers, such as places in the log, may differ from one attempt to the next. */
static bool is_same_text(const char *a, const char *b)
{
	for (;;) {
		while (isdigit((unsigned char)*a))
			a++;
		while (isdigit((unsigned char)*b))
			b++;
		if (*a != *b)
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

void recovery_note_failure(
	struct recovery *recovery, const struct child_report *report, const char *what, int status)
{
	char text[RECOVERY_CAUSE_SIZE];

	describe(text, report, what, status);
	recovery->failures++;
	recovery->same = is_same_text(text, recovery->text) ? recovery->same + 1 : 1;
	recovery->lasting = !can_pass(atomic_load(&report->code), status);
	recovery->cause = find_cause(report, status);
	memcpy(recovery->text, text, sizeof(text));
}

bool recovery_must_give_up(const struct recovery *recovery)
{
	return recovery->lasting && recovery->same >= RECOVERY_ATTEMPTS;
}

/* ---- texts ---- */

void recovery_put_progress(const struct recovery *recovery, struct buf *out)
{
	if (recovery->lasting)
		buf_printf(out, "attempt %u of %d: ", recovery->same + 1, RECOVERY_ATTEMPTS);
	else
		buf_printf(out, "attempt %u: ", recovery->failures + 1);
	buf_puts(out, recovery->text);
}

const char *recovery_remedy(const struct recovery *recovery)
{
	if (!recovery->lasting && recovery->cause != CAUSE_SERVER)
		return "It is tried again until it succeeds: free disk space or memory.";
	return causes[recovery->cause].remedy;
}
