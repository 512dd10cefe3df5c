#pragma once
/*
 * Policies: how often a task is tried, how long the next attempt waits, and how long a task may
 * take. The configuration has them for all tasks, a dialect or a kind, and a task may have its own
 * (task.policy). Each member is looked up by itself: the most specific policy that sets it counts.
 * Pure. Times in ms.
 */
#include "base/buf.h"
#include "base/err.h"
#include "task/task.h"

#define LEASE_MS_MAX ((uint32_t)24 * 3600 * 1000)
/* Longest delay of a policy, and that a worker may ask for. */
#define DELAY_MS_MAX ((int64_t)30 * 24 * 3600 * 1000)

enum policy_member {
	POLICY_ATTEMPTS,      /* in all, unless the task has max_attempts; 0: no limit */
	POLICY_RETRY_FIRST,   /* delay after the first failure; doubles with each further one */
	POLICY_RETRY_MOST,    /* the longest delay */
	POLICY_RETRY_JITTER,  /* percent by which a delay is longer or shorter at most */
	POLICY_START_TIMEOUT, /* timeouts: task/timeout.h; 0: none */
	POLICY_HEARTBEAT_TIMEOUT,
	POLICY_ATTEMPT_TIMEOUT,
	POLICY_TOTAL_TIMEOUT,
	POLICY_MEMBERS
};

struct policy {
	unsigned set; /* bits: 1 << enum policy_member; other values do not count */
	int64_t values[POLICY_MEMBERS];
};

enum policy_unit { POLICY_COUNT, POLICY_PERCENT, POLICY_TIME };

struct policy_member_row {
	const char *name; /* in the configuration */
	const char *json; /* in task.policy, where times are in seconds; NULL: not there */
	enum policy_unit unit;
	int64_t min, max; /* of a timeout: 0, too */
	bool is_timeout;
};

extern const struct policy_member_row policy_members[POLICY_MEMBERS];
/* Sets every member: what counts where no other policy does. */
extern const struct policy policy_default;

void policy_set(struct policy *policy, enum policy_member member, int64_t value);
/* Whether the bounds of the member allow the value. */
bool policy_allows(enum policy_member member, int64_t value);
/* Writes what a value must be: "a duration from 1s to 365d, or 0", in seconds if not by name. */
void policy_put_rule(enum policy_member member, bool by_name, struct buf *out);
/* Sets the members that `over` sets. */
void policy_overlay(struct policy *policy, const struct policy *over);

/*
 * The members of a policy in the configuration: "attempts=3 retry_first=5s". ERR_INVALID with a
 * sentence, without a field.
 */
bool policy_parse_options(struct policy *policy, struct str text, struct err *err);
/*
 * task.policy: one JSON object of numbers without white space. policy_put_json() writes nothing for
 * a policy without members. policy_parse_json() returns false for anything that
 * policy_put_json() does not write, apart from the order of the members and further digits of a
 * fraction, of which three count.
 */
bool policy_parse_json(struct policy *policy, struct str json);
void policy_put_json(const struct policy *policy, struct buf *out);

/* ---- the policies of the configuration ---- */

#define POLICIES_MAX 256

/* Zero-initialised: none. */
struct policies {
	size_t count;
	struct policy_scope {
		uint8_t dialect; /* 0: all, of any kind */
		bool of_kind;
		uint8_t kind_len;
		char kind[TASK_KIND_MAX]; /* if of_kind; empty: tasks without a kind */
		struct policy policy;
	} scopes[POLICIES_MAX];
};

/*
 * Adds a policy; members that one of the same scope has set before are replaced. kind is NULL for
 * all kinds, and not longer than TASK_KIND_MAX. False if there are POLICIES_MAX others.
 */
bool policies_add(struct policies *policies, uint8_t dialect, const struct str *kind,
	const struct policy *policy);
/* The policy of tasks of a dialect and kind, which sets every member. */
struct policy policies_find(const struct policies *policies, uint8_t dialect, struct str kind);
