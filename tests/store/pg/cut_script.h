#pragma once
/*
 * What an engine writes while its connection is cut, and what another engine finds of it. Runs have
 * numbers, from which the keys of their rows follow. The scopes are "acme" and "beta".
 */
#include "lib/check.h"
#include "store/engine.h"

/* Parts of a run that are made as a whole. */
enum cut_part {
	PART_ACME = 1, /* a counter raised, new rows of several tables, numbers */
	PART_BETA = 2,
};

/* What became of each. */
struct cut_outcome {
	enum engine_status acme, beta; /* ENGINE_OK: made; as of flush, or of commit */
};

/* What does not depend on a single run. */
struct cut_state {
	uint32_t counter;
	struct engine_scope acme, beta;
};

/*
 * Runs the parts, and between them a transaction that is aborted, and the flush. A part that was
 * not reached has ENGINE_AWAY: it was not made.
 */
struct cut_outcome cut_script_run(struct engine *engine, bool rounds, unsigned parts, unsigned run);
/* The status of another insert of the run's task, in a transaction that is undone. */
enum engine_status cut_script_insert_again(struct engine *engine, unsigned run);

/* As another engine sees it now. */
void cut_script_look(struct engine *engine, struct cut_state *state);
/*
 * Which parts of the run another engine finds. Ends the test if a part was not made as a whole, or
 * not once: before is the state without the run.
 */
unsigned cut_script_find(struct engine *engine, const struct cut_state *before, unsigned run);
