#pragma once
/*
 * REMOVE and ARCHIVE of a task with its dependents (struct op_dependents), in pieces. A piece is
 * one transaction of about op.slice_steps steps; a change counts as several. It takes the tasks at
 * the ends of the paths first, so after each piece, a crash included, no task refers to one that
 * the operation has removed; only in a circle of references longer than a piece, the task itself
 * does until the last piece removes it. The task is the last one, in a piece of its own or with the
 * last dependents; few dependents take one piece in all.
 *
 * Each piece checks that the task exists and meets the preconditions, and removes only tasks that
 * depend on it at that moment, including new ones. Of a path of more than CASCADE_LEVELS_CHECKED
 * tasks, the nearest ones to its end are checked. A piece that is not followed by another leaves
 * the rest; the operation can be repeated.
 *
 * An archiving goes through all dependents again if the tenant's other requests wrote something
 * during a pass: dependents may be current below tasks that the pass had visited. It ends after a
 * pass without such a request, or after several passes that found no task to archive; a dependent
 * that appears during the last of these may remain current.
 *
 * Private to the store.
 */
#include "store/tasks/dependents.h"

#define CASCADE_LEVELS_CHECKED 64

struct cascade {
	struct op op; /* borrows from the request */
	struct path path;
	struct dependents listed; /* the reason of a refusal */
	bool begun;		  /* a piece that is not committed */
	bool pass_ended;	  /* the next piece begins a pass */
	bool found_current;	  /* ARCHIVE: in this pass */
	bool has_changed;	  /* ARCHIVE: the last piece has changed a task */
	unsigned quiet_passes;	  /* ARCHIVE: that have found none */
	uint64_t pieces;	  /* of this pass, committed */
	uint64_t counted;	  /* those of them that store_read_commits() counts */
	uint64_t started;	  /* commits of the tenant when this pass began */
	bool refused;
	uint64_t steps;
};

/* Opens the operation. Free in any case; NULL is allowed. */
bool cascade_new(
	struct store *store, const struct op *op, struct cascade **cascade, struct err *err);
void cascade_free(struct cascade *cascade);
/* Bytes of memory; 0 without one. At most 16 MB, with 100,000 levels. */
size_t cascade_memory(const struct cascade *cascade);
/*
 * One piece, in a WRITE transaction in which the task was found to exist and to meet the
 * preconditions. Sets write->unfinished if dependents may be left, write->blocked if there are some
 * and op.dependents.cascade is not set; otherwise the caller goes on with the task itself.
 */
int cascade_piece(struct store *store, struct write *write, struct err *err);
/* The transaction of the piece was committed. */
void cascade_note_piece(struct store *store, struct cascade *cascade);
/* After write->blocked: finds the dependents, op.slice_steps a call, until *done. */
bool cascade_list(struct store *store, struct cascade *cascade, bool *done, struct err *err);
