#pragma once
/*
 * W3C Trace Context, level 1: where a request belongs in a distributed trace. A task keeps that of
 * the request that has created it, and whoever works on the task or is told of it gets the same.
 */
#include "base/arena.h"
#include "base/str.h"

#define TRACE_PARENT_LEN 55  /* bytes of version 00 */
#define TRACE_STATE_MAX	 512 /* bytes; level 1, 3.3.1.5, asks for at least so many */
#define TRACE_ID_AT	 3   /* in a parent: 32 hexadecimal digits */
#define TRACE_ID_LEN	 32
#define TRACE_SPAN_AT	 36
#define TRACE_SPAN_LEN	 16

struct trace {
	struct str parent; /* version 00; empty: none */
	struct str state;  /* empty: none; never without a parent */
};

/*
 * Reads the values of traceparent and tracestate. An invalid parent counts as none, and so does an
 * invalid or longer state (3.2.2.5, 3.3.1.3). A parent of a later version is made one of version 00
 * in the arena (4.3); without memory it is none. Texts are borrowed else.
 */
struct trace trace_parse(struct str parent, struct str state, struct arena *arena);
/* A traceparent of version 00 whose ids are not all zeros. */
bool trace_parent_is_valid(struct str text);
/* Members of a tracestate, at most TRACE_STATE_MAX bytes and 32 members. */
bool trace_state_is_valid(struct str text);
