#pragma once
/*
 * Reserved words by which a client asks a simulated worker for a certain end of its task. A word
 * counts anywhere in a string of the task's id or fields, so every dialect has a member for it.
 */
#include <jansson.h>

enum sandbox_word {
	SANDBOX_NONE,
	SANDBOX_FAIL,	/* fails, and is not tried again */
	SANDBOX_RETRY,	/* the first attempt fails, the second one succeeds */
	SANDBOX_STALL,	/* has no end: a timeout or a client ends it */
	SANDBOX_CANCEL, /* the worker cancels the task */
	SANDBOX_CRASH,	/* the worker stops reporting, and the lease ends */
	SANDBOX_WORDS
};

/* The text that clients write; NULL for SANDBOX_NONE. */
const char *sandbox_text(enum sandbox_word word);
/* The first word of the table that the task has. */
enum sandbox_word sandbox_find(const json_t *task);
