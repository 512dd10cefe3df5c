#include "process/recovery.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

void child_report_set(struct child_report *report, const struct err *err)
{
	snprintf(report->text, sizeof(report->text), "%s", err_text(err));
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
static void copy_text(char *cause, const char *text)
{
	size_t len;

	snprintf(cause, RECOVERY_CAUSE_SIZE, "%.*s", RECOVERY_CAUSE_SIZE - 1, text);
	len = strlen(cause);
	if (len > 0 && cause[len - 1] == '.')
		cause[len - 1] = '\0';
	for (; *cause; cause++) {
		if (*cause < ' ' || *cause > '~')
			*cause = '?';
	}
}

static void describe(char *cause, const struct child_report *report, const char *what, int status)
{
	int code = atomic_load(&report->code);

	if (WIFSIGNALED(status))
		snprintf(cause, RECOVERY_CAUSE_SIZE, "%s was killed by signal %d (%s)%s", what,
			WTERMSIG(status), sigdescr_np(WTERMSIG(status)),
			WTERMSIG(status) == SIGBUS
				? ": the file system of regions is full, or a file is too short"
				: "");
	else if (code == ERR_NONE)
		snprintf(cause, RECOVERY_CAUSE_SIZE, "%s exited with status %d", what,
			WEXITSTATUS(status));
	else
		copy_text(cause, report->text);
}

/* Numbers, such as places in the log, may differ from one attempt to the next. */
static bool is_same_cause(const char *a, const char *b)
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
	char cause[RECOVERY_CAUSE_SIZE];

	describe(cause, report, what, status);
	recovery->failures++;
	recovery->same = is_same_cause(cause, recovery->cause) ? recovery->same + 1 : 1;
	recovery->lasting = !can_pass(atomic_load(&report->code), status);
	memcpy(recovery->cause, cause, sizeof(cause));
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
	buf_puts(out, recovery->cause);
}

const char *recovery_remedy(const struct recovery *recovery)
{
	static const struct {
		const char *contains; /* in the cause */
		const char *remedy;
	} remedies[] = {
		/* These causes hold their remedy. */
		{ "polytaskctl ", "Then start the service again." },
		{ "shared memory needs", "Then start the service again." },
		{ "file system of regions",
			"Make room in the file system of regions, then start the service again." },
		{ "index.db",
			"Move this file away and start the service again: the index is rebuilt." },
		{ "", "Restore the home from a backup; polytaskd(8), RECOVERY, has the steps." },
	};
	size_t i = 0;

	if (!recovery->lasting)
		return "It is tried again until it succeeds: free disk space or memory.";
	while (!strstr(recovery->cause, remedies[i].contains))
		i++;
	return remedies[i].remedy;
}
