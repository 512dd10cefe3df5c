#pragma once
/*
 * Messages of the worker on standard error. It ends when memory is exhausted: its guards then end
 * the commands (guard.h), and the leases of its tasks expire.
 */
#include <jansson.h>

#include "base/buf.h"

/*
 * Writes to standard error without blocking: what a reader that does not keep up has no room for is
 * lost. An unread pipe must not stop the worker, because it keeps leases.
 */
void say_bytes(struct str bytes);
/* Prints "polytaskctl: " and the message as one line, with terminal_put(). */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fatal_no_memory(void) __attribute__((noreturn));

/* Returns its parameter, unless that is NULL. */
static inline void *need(void *memory)
{
	if (!memory)
		fatal_no_memory();
	return memory;
}

/* For calls of jansson that return 0 on success. */
static inline void need_zero(int result)
{
	if (result != 0)
		fatal_no_memory();
}

static inline void need_buf(const struct buf *buf)
{
	if (!buf_ok(buf))
		fatal_no_memory();
}
