#pragma once
/*
 * A queue of connections in the kernel (SCM_RIGHTS, unix(7)), by which processes with a common
 * parent pass accepted connections on. Each of them may put connections and take them. Bytes that
 * the peer has sent and that were not read go along. A connection in the queue is open as long as
 * one process has the queue.
 */
#include "base/err.h"

/* Both descriptors are non-blocking and close-on-exec; -1: none. */
struct handover {
	int put, take;
};

#define HANDOVER_NONE ((struct handover){ -1, -1 })

/* On failure the queue is HANDOVER_NONE. */
bool handover_open(struct handover *queue, struct err *err);
void handover_close(struct handover *queue);
/*
 * Puts a connection; the caller closes its descriptor afterwards. Returns false if the queue is
 * full, which is after some 200 connections.
 */
bool handover_put(const struct handover *queue, int fd);
/*
 * Takes a connection, which the caller owns, as a close-on-exec descriptor. Returns -1 with errno
 * EAGAIN if the queue is empty, or EMFILE if this process can have no more descriptors; the
 * connection then stays in the queue.
 */
int handover_take(const struct handover *queue);
