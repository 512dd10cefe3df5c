#pragma once
/*
 * The counters of a worker, in memory shared with the supervisor. Only the worker writes them.
 * To add one, add its member here and its row in counters.c: the reset before fork, the JSON of
 * `polytaskctl status`, its table and the metrics (monitor/family.h) follow the rows, and a test
 * compares polytaskctl(8) with them.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct worker_counters {
	_Atomic uint64_t heartbeats;
	_Atomic uint64_t served;
	_Atomic uint64_t refused;
	_Atomic uint64_t connections;
	_Atomic uint64_t queued;
	_Atomic uint64_t parked;
	_Atomic uint64_t streams;
	_Atomic uint64_t waiting;
	_Atomic uint64_t dropped;
	_Atomic uint64_t abandoned;
	_Atomic uint64_t undone;
	_Atomic uint64_t flushes;
};

enum counter_kind {
	COUNTER_TOTAL, /* only grows, from 0 at the start of the worker */
	COUNTER_GAUGE, /* the present number */
};

struct counter {
	const char *name;   /* the JSON member */
	const char *metric; /* without the prefix polytask_; NULL: it is none */
	const char *unit;
	const char *help; /* as in polytaskctl(8) */
	enum counter_kind kind;
	bool internal; /* for the watchdog only: not in the status */
	size_t offset; /* in struct worker_counters */
};

#define COUNTERS (sizeof(struct worker_counters) / sizeof(_Atomic uint64_t))

/* In the order of the status. */
extern const struct counter counters[COUNTERS];

uint64_t counter_read(const struct counter *counter, const struct worker_counters *values);
void counters_reset(struct worker_counters *values);
/* Adds the values of a worker that has ended, but for those of gauges. */
void counters_add_totals(struct worker_counters *sums, const struct worker_counters *values);
