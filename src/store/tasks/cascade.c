#include "store/tasks/cascade.h"

#include <stdlib.h>

#include "store/index/state.h"

#define CHANGE_STEPS 5 /* a change costs about as much as so many scans */
/* An archiving beside other requests ends after so many passes that found no current task. */
#define QUIET_PASSES 4

bool cascade_new(
	struct store *store, const struct op *op, struct cascade **cascade, struct err *err)
{
	enum path_places places = op->kind == OP_ARCHIVE ? PATH_KEEPS_ARCHIVED : PATH_KEEPS_NONE;
	int rc;

	*cascade = calloc(1, sizeof(**cascade));
	if (!*cascade)
		return err_no_memory(err);
	(*cascade)->op = *op;
	if (op->slice_steps == 0)
		(*cascade)->op.slice_steps = LIST_SLICE_STEPS;
	(*cascade)->pass_ended = true;
	rc = path_begin(&(*cascade)->path, store, &(*cascade)->op, places, err);
	if (rc == 0)
		return true;
	return rc == STEP_FAILED ? false : store_fail(store, rc, err);
}

void cascade_free(struct cascade *cascade)
{
	if (!cascade)
		return;
	path_free(&cascade->path);
	dependents_free(&cascade->listed);
	free(cascade);
}

size_t cascade_memory(const struct cascade *cascade)
{
	if (!cascade)
		return 0;
	return sizeof(*cascade) + path_memory(&cascade->path) + path_memory(&cascade->listed.path) +
	       cascade->listed.capacity * sizeof(*cascade->listed.ids);
}

/* ---- one piece ---- */

/* Removes a dependent, or archives it unless it is archived already. */
static int change_dependent(
	struct store *store, struct cascade *cascade, const struct id *id, struct err *err)
{
	const struct op *op = &cascade->op;
	struct buf record = BUF_INIT;
	struct task task, old;
	int rc = change_load(store, op, id, &task, err);

	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? ENGINE_DAMAGED : rc;
	if (op->kind == OP_REMOVE)
		return row_remove(store, op, &task, buf_str(&store->old_record));
	if (task.archived)
		return 0;
	old = task;
	task.archived = true;
	cascade->found_current = cascade->has_changed = true;
	rc = change_save(store, op, &old, &task, &record, err);
	buf_free(&record);
	return rc;
}

struct piece {
	struct store *store;
	struct cascade *cascade;
	size_t checked; /* tasks of the path before this one were not checked */
	unsigned steps;
	bool ended; /* all dependents are done */
};

static int take_step(struct piece *piece, struct write *write, struct err *err)
{
	struct path *path = &piece->cascade->path;
	struct id child;
	bool found;
	int rc = path_next_child(path, &child, &found, &piece->steps);

	if (rc != 0)
		return rc;
	if (found) {
		write->blocked = !write->op->dependents.cascade;
		return write->blocked ? 0 : path_push(path, &child, err);
	}
	piece->ended = path->count == 1;
	if (piece->ended)
		return 0;
	rc = change_dependent(piece->store, piece->cascade, &path->tasks[path->count - 1].id, err);
	piece->steps += CHANGE_STEPS;
	path_pop(path);
	return rc;
}

static int begin_pass(struct store *store, struct cascade *cascade)
{
	struct commit_counts commits;
	int rc = store_read_commits(store, cascade->op.tenant, &commits);

	path_restart(&cascade->path);
	cascade->pieces = cascade->counted = 0;
	cascade->started = commits.started;
	cascade->found_current = false;
	return rc;
}

/*
 * Whether a dependent may be current at the end of a pass. A pass visits archived tasks once, so
 * another request may since have created a dependent below one of them, or below a task that it
 * archived itself. A pass of one piece is one transaction, which excludes this.
 */
static bool needs_pass(struct store *store, struct cascade *cascade)
{
	if (cascade->op.kind != OP_ARCHIVE || cascade->pieces == 0 ||
		!store_has_committed(
			store, cascade->op.tenant, cascade->started + cascade->counted))
		return false;
	return cascade->found_current || ++cascade->quiet_passes < QUIET_PASSES;
}

/* Finds the place to go on: that of the last piece as far as it is still valid. */
static int begin_piece(struct piece *piece, struct err *err)
{
	struct cascade *cascade = piece->cascade;
	struct path *path = &cascade->path;
	int rc = 0;

	/* Without all entries, dependents would be overlooked. */
	if (!index_may_read(piece->store, err))
		return STEP_FAILED;
	/* The last try was undone: places that it left behind have children again. */
	if (cascade->begun || cascade->pass_ended)
		rc = begin_pass(piece->store, cascade);
	if (rc != 0)
		return rc;
	cascade->begun = true;
	cascade->pass_ended = cascade->has_changed = false;
	if (path->count > CASCADE_LEVELS_CHECKED)
		piece->checked = path->count - CASCADE_LEVELS_CHECKED;
	return path_check(path, piece->checked);
}

/* A shared engine does not count a transaction that has changed nothing. */
void cascade_note_piece(struct store *store, struct cascade *cascade)
{
	cascade->begun = false;
	cascade->pieces++;
	cascade->counted += cascade->has_changed || !store_is_shared(store);
}

int cascade_piece(struct store *store, struct write *write, struct err *err)
{
	struct cascade *cascade = write->result->cascade;
	struct piece piece = { .store = store, .cascade = cascade };
	int rc = begin_piece(&piece, err);

	while (rc == 0 && !piece.ended && !write->blocked &&
		piece.steps < cascade->op.slice_steps && cascade->path.count > piece.checked)
		rc = take_step(&piece, write, err);
	cascade->pass_ended = rc == 0 && piece.ended;
	write->unfinished = rc == 0 && !write->blocked &&
			    (!piece.ended || needs_pass(store, cascade));
	write->steps = piece.steps;
	return rc;
}

/* ---- the reason of a refusal ---- */

struct finding {
	struct cascade *cascade;
	unsigned steps;
	bool done;
};

static int step_find(struct store *store, void *data, struct err *err)
{
	struct finding *finding = data;
	struct cascade *cascade = finding->cascade;

	finding->steps = 0;
	if (!index_may_read(store, err))
		return STEP_FAILED;
	return dependents_find(&cascade->listed, OP_DEPENDENTS_LISTED_MAX, cascade->op.slice_steps,
		&finding->steps, &finding->done, err);
}

bool cascade_list(struct store *store, struct cascade *cascade, bool *done, struct err *err)
{
	struct finding finding = { .cascade = cascade };
	int rc = 0;

	if (!cascade->refused)
		rc = dependents_begin(&cascade->listed, store, &cascade->op, err);
	cascade->refused = true;
	if (rc != 0)
		return rc == STEP_FAILED ? false : store_fail(store, rc, err);
	if (!step_run(store, ENGINE_READ, step_find, &finding, err))
		return false;
	cascade->steps += finding.steps;
	*done = finding.done;
	return true;
}
