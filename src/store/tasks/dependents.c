#include "store/tasks/dependents.h"

#include <stdlib.h>

#include "store/index/state.h"

static bool add(struct dependents *dependents, const struct id *id)
{
	size_t capacity = dependents->capacity ? 2 * dependents->capacity : 64;
	struct id *ids = dependents->ids;

	if (dependents->count == dependents->capacity) {
		ids = reallocarray(ids, capacity, sizeof(*ids));
		if (!ids)
			return false;
		dependents->ids = ids;
		dependents->capacity = capacity;
	}
	ids[dependents->count++] = *id;
	return true;
}

int dependents_begin(
	struct dependents *dependents, struct store *store, const struct op *op, struct err *err)
{
	*dependents = (struct dependents){ 0 };
	if (!index_may_read(store, err))
		return STEP_FAILED;
	return path_begin(&dependents->path, store, op, PATH_KEEPS_ALL, err);
}

void dependents_free(struct dependents *dependents)
{
	path_free(&dependents->path);
	free(dependents->ids);
	*dependents = (struct dependents){ 0 };
}

static int find_one(
	struct dependents *dependents, size_t max, unsigned *steps, bool *done, struct err *err)
{
	struct path *path = &dependents->path;
	struct id child;
	bool found;
	int rc = path_next_child(path, &child, &found, steps);

	if (rc != 0)
		return rc;
	if (!found) {
		*done = path->count == 1;
		path_pop(path);
		return 0;
	}
	dependents->more = dependents->count == max;
	*done = dependents->more;
	if (*done)
		return 0;
	if (!add(dependents, &child))
		return ENGINE_NO_MEMORY;
	return path_push(path, &child, err);
}

int dependents_find(struct dependents *dependents, size_t max, unsigned max_steps, unsigned *steps,
	bool *done, struct err *err)
{
	int rc = 0;

	*done = false;
	while (rc == 0 && !*done && (max_steps == 0 || *steps < max_steps))
		rc = find_one(dependents, max, steps, done, err);
	return rc;
}
