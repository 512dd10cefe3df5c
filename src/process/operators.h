#pragma once
/*
 * Limits on the number of operators (HACKING, Processes). An operator that waits for its client
 * does not count as working, so idle clients cannot keep a command from starting: if they take all
 * places, the one that has waited longest is displaced. Each user has a smaller limit than all
 * users together, so no user takes all places.
 */
#include "process/children.h"

#define OPERATORS_WORKING      8 /* of all users */
#define OPERATORS_USER_WORKING 6
#define OPERATORS_ALL	       24 /* slots beside two generations of the largest number of workers */
#define OPERATORS_USER_ALL     16
/* Shorter waits for the client are part of the work. */
#define OPERATORS_WAITING_MS 200

/* The facts about one operator that the limits depend on. */
struct operator_place {
	uid_t uid;	       /* user of the client */
	int64_t waiting_since; /* monotonic ms; 0: does not wait for its client */
	bool leaving;	       /* was asked to exit */
};

enum operators_answer {
	OPERATORS_START,
	OPERATORS_DISPLACE, /* *displaced makes room */
	OPERATORS_LATER,    /* an operator that was asked to exit makes room */
	OPERATORS_FULL,	    /* working operators take all places */
};

/*
 * Whether an operator may start for a client of this user. Sets *displaced to an index only with
 * OPERATORS_DISPLACE. Pure. `now`: monotonic ms.
 */
enum operators_answer operators_decide(const struct operator_place *places, size_t count, uid_t uid,
	int64_t now, size_t *displaced);
/* The same for the children of a service. Asks the operator that is displaced to exit. */
enum operators_answer operators_admit(struct children *children, uid_t uid, int64_t now);
