#pragma once
/*
 * What one process of all hosts of a shared engine does at a time, such as sending webhooks. The
 * process that holds the role writes a beat about once a second. Others take the role when the beat
 * has not changed for ROLE_SILENT_MS by their own clocks, so the clocks of hosts need not agree. A
 * process that was stopped for longer may go on for a moment beside its successor.
 */
#include "store/store.h"

#define ROLE_BEAT_MS   1000
#define ROLE_SILENT_MS 5000

struct store_role {
	const char *name; /* on the server: never changed */
	uint64_t self;	  /* of this process; random; 0: not drawn yet */
	bool held;
	/* What was seen last, and since when; monotonic ms. */
	uint64_t holder, beat;
	int64_t since_ms, next_ms;
};

/*
 * Takes the role if it is free, and renews it; does nothing more often than each ROLE_BEAT_MS. With
 * an engine of one machine the role is always held. After an error role->held is false.
 */
bool store_role_renew(struct store *store, struct store_role *role, struct err *err);
/* Frees it at once. */
bool store_role_give_up(struct store *store, struct store_role *role, struct err *err);
