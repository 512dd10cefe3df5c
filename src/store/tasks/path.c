#include "store/tasks/path.h"

#include <stdlib.h>

#define FIRST_CAPACITY 64
#define BATCH_KEYS     4

/* ---- the tasks on the path ---- */

static uint32_t *bucket(const struct path *path, const struct id *id)
{
	return &path->buckets[id_hash(id, path->seed) & (path->capacity - 1)];
}

static bool contains(const struct path *path, const struct id *id)
{
	uint32_t i = *bucket(path, id);

	while (i != 0 && id_compare(&path->tasks[i - 1].id, id) != 0)
		i = path->tasks[i - 1].next;
	return i != 0;
}

static void enter_bucket(struct path *path, size_t i)
{
	uint32_t *first = bucket(path, &path->tasks[i].id);

	path->tasks[i].next = *first;
	*first = (uint32_t)(i + 1);
}

static bool grow(struct path *path)
{
	size_t capacity = path->capacity ? 2 * path->capacity : FIRST_CAPACITY;
	struct path_task *tasks = reallocarray(path->tasks, capacity, sizeof(*tasks));
	uint32_t *buckets = tasks ? calloc(capacity, sizeof(*buckets)) : NULL;

	if (tasks)
		path->tasks = tasks;
	if (!buckets)
		return false;
	free(path->buckets);
	path->buckets = buckets;
	path->capacity = capacity;
	for (size_t i = 0; i < path->count; i++)
		enter_bucket(path, i);
	return true;
}

int path_push(struct path *path, const struct id *id, struct err *err)
{
	if (path->count > PATH_LEVELS_MAX) {
		err_set(err, ERR_TOO_DEEP, NULL, NULL);
		return STEP_FAILED;
	}
	if (path->count == path->capacity && !grow(path))
		return ENGINE_NO_MEMORY;
	path->tasks[path->count] = (struct path_task){ .id = *id };
	enter_bucket(path, path->count++);
	return 0;
}

/* The last task is the first of its bucket. */
void path_pop(struct path *path)
{
	const struct path_task *last = &path->tasks[path->count - 1];

	if (path->count == 1)
		return;
	*bucket(path, &last->id) = last->next;
	path->count--;
}

void path_restart(struct path *path)
{
	while (path->count > 1)
		path_pop(path);
	path->tasks[0].has_place = path->tasks[0].second_scope = false;
}

int path_begin(struct path *path, struct store *store, const struct op *op, enum path_places places,
	struct err *err)
{
	*path = (struct path){ .store = store,
		.tenant = op->tenant,
		.seed = store_random(store),
		.root_value = op->dependents.value,
		.dialect = op->dialect,
		.field = index_field_by_code(store->indexes, op->dialect, op->dependents.field),
		.key_member = op->dependents.key_member,
		.places = places };
	if (path->field && !path->field->unindexed && !path->field->order_by)
		return path_push(path, &op->id, err);
	err_set(err, ERR_INTERNAL, NULL, "field %d of dialect %d is no index of references",
		op->dependents.field, op->dialect);
	return STEP_FAILED;
}

void path_free(struct path *path)
{
	free(path->tasks);
	free(path->buckets);
	buf_free(&path->record);
	buf_free(&path->parent_record);
	*path = (struct path){ 0 };
}

size_t path_memory(const struct path *path)
{
	return path->capacity * (sizeof(*path->tasks) + sizeof(*path->buckets)) +
	       path->record.capacity + path->parent_record.capacity;
}

/* ---- references ---- */

/* The value by which others refer to a task: its key member, or its id. */
static struct str key_value(
	const struct path *path, const struct task *task, char text[ID_TEXT_LEN + 3])
{
	struct str value = STR_NULL;

	if (path->key_member)
		value = task_field(task, str_cstr(path->key_member));
	if (value.ptr)
		return value;
	text[0] = '"';
	id_format(&task->id, text + 1);
	text[ID_TEXT_LEN + 1] = '"';
	return (struct str){ text, ID_TEXT_LEN + 2 };
}

static int read_task(
	struct path *path, const struct id *id, bool lock, struct buf *record, struct task *task)
{
	int rc;

	buf_reset(record);
	rc = row_get(path->store, path->tenant, id, lock, record);
	if (rc != 0)
		return rc;
	if (!record_decode(task, buf_str(record)))
		*task = (struct task){ 0 };
	task->id = *id;
	task->tenant = path->tenant;
	return 0;
}

/* The value by which others refer to task number i. ENGINE_NOT_FOUND if it is gone. */
static int find_value(
	struct path *path, size_t i, bool lock, struct str *value, char text[ID_TEXT_LEN + 3])
{
	struct task task;
	int rc = 0;

	*value = path->root_value;
	if (i > 0) {
		rc = read_task(path, &path->tasks[i].id, lock, &path->parent_record, &task);
		if (rc == 0)
			*value = key_value(path, &task, text);
	}
	return rc;
}

/* ---- children ---- */

struct child_scan {
	struct index_key prefix, from, to;
	bool to_end;
	uint8_t suffix[PATH_SUFFIX_SIZE]; /* of the child that was found */
	bool found;
};

/* Takes the first key of the batch whose task is not on the path. The next batch follows. */
static void take_child(const struct path *path, struct child_scan *scan)
{
	const struct engine_batch *batch = &path->store->batch;

	for (size_t i = 0; !scan->found && i < batch->count; i++) {
		struct str key = engine_batch_key(batch, i);
		struct id id;

		if (key.len != scan->prefix.len + PATH_SUFFIX_SIZE || key.len >= INDEX_KEY_MAX)
			continue;
		memcpy(scan->suffix, key.ptr + scan->prefix.len, PATH_SUFFIX_SIZE);
		memcpy(id.bytes, key.ptr + key.len - sizeof(id.bytes), sizeof(id.bytes));
		scan->found = !contains(path, &id);
		memcpy(scan->from.bytes, key.ptr, key.len);
		scan->from.len = key.len;
		scan->from.bytes[scan->from.len++] = 0;
	}
}

static void begin_scan(struct path *path, struct child_scan *scan, struct str value, bool archived)
{
	const struct path_task *last = &path->tasks[path->count - 1];

	index_value_prefix(
		&scan->prefix, path->tenant, path->dialect, archived, path->field, value);
	scan->from = scan->to = scan->prefix;
	scan->to_end = !index_prefix_end(&scan->to);
	scan->found = false;
	if (!last->has_place || scan->from.len + PATH_SUFFIX_SIZE >= INDEX_KEY_MAX)
		return;
	memcpy(scan->from.bytes + scan->from.len, last->after, PATH_SUFFIX_SIZE);
	scan->from.len += PATH_SUFFIX_SIZE;
	scan->from.bytes[scan->from.len++] = 0;
}

static int scan_scope(struct path *path, struct child_scan *scan, unsigned *steps)
{
	struct store *store = path->store;
	int rc;

	do {
		struct engine_range range = { .from = key_str(&scan->from) };

		if (!scan->to_end)
			range.to = key_str(&scan->to);
		rc = store_scan(store, TABLE_INDEX, &range, false, BATCH_KEYS);
		(*steps)++;
		if (rc == 0)
			take_child(path, scan);
	} while (rc == 0 && !scan->found && store->batch.count == BATCH_KEYS);
	return rc;
}

static bool keeps_place(const struct path *path, bool archived)
{
	return path->places == PATH_KEEPS_ALL || (path->places == PATH_KEEPS_ARCHIVED && archived);
}

static void keep_place(struct path *path, const struct child_scan *scan, bool archived)
{
	struct path_task *last = &path->tasks[path->count - 1];

	if (!keeps_place(path, archived))
		return;
	last->has_place = scan->found;
	last->second_scope = last->second_scope || !scan->found;
	memcpy(last->after, scan->suffix, PATH_SUFFIX_SIZE);
}

/* Locks the task and checks that it has the index entry. ENGINE_DAMAGED if it has not. */
static int check_entry(struct path *path, const struct child_scan *scan, const struct id *child)
{
	size_t len = scan->prefix.len;
	struct index_key key;
	struct task task;
	int rc = read_task(path, child, true, &path->record, &task);

	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? ENGINE_DAMAGED : rc;
	if (task.dialect == path->dialect && index_field_key(&key, &task, path->field) &&
		key.len == len + PATH_SUFFIX_SIZE &&
		memcmp(key.bytes, scan->prefix.bytes, len) == 0 &&
		memcmp(key.bytes + len, scan->suffix, PATH_SUFFIX_SIZE) == 0)
		return 0;
	return ENGINE_DAMAGED;
}

int path_next_child(struct path *path, struct id *child, bool *found, unsigned *steps)
{
	bool second = path->tasks[path->count - 1].second_scope;
	char text[ID_TEXT_LEN + 3];
	struct child_scan scan = { .found = false };
	struct str value;
	int rc = find_value(path, path->count - 1, false, &value, text);

	*found = false;
	/* No task refers to one that is gone. */
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	for (unsigned scope = second; rc == 0 && !scan.found && scope < 2; scope++) {
		bool archived = (scope == 0) == (path->places == PATH_KEEPS_ARCHIVED);

		begin_scan(path, &scan, value, archived);
		rc = scan_scope(path, &scan, steps);
		if (rc == 0)
			keep_place(path, &scan, archived);
	}
	if (rc != 0 || !scan.found)
		return rc;
	memcpy(child->bytes, scan.suffix + PATH_SUFFIX_SIZE - sizeof(child->bytes),
		sizeof(child->bytes));
	/* Entries and tasks are of one moment only in a WRITE transaction. */
	if (path->places != PATH_KEEPS_ALL)
		rc = check_entry(path, &scan, child);
	*found = rc == 0;
	return rc;
}

/* ---- changes meanwhile ---- */

/* Whether task number i exists and refers to the one before. */
static int refers_to_parent(struct path *path, size_t i, bool *refers)
{
	char text[ID_TEXT_LEN + 3];
	struct index_key key, prefix;
	struct str value;
	struct task task;
	int rc = read_task(path, &path->tasks[i].id, true, &path->record, &task);

	*refers = false;
	if (rc == 0)
		rc = find_value(path, i - 1, true, &value, text);
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	index_value_prefix(&prefix, path->tenant, path->dialect, task.archived, path->field, value);
	*refers = task.dialect == path->dialect && index_field_key(&key, &task, path->field) &&
		  key.len > prefix.len && memcmp(key.bytes, prefix.bytes, prefix.len) == 0;
	return 0;
}

int path_check(struct path *path, size_t first)
{
	int rc = 0;

	for (size_t i = path->count - 1; rc == 0 && i > 0 && i >= first; i--) {
		bool refers = true;

		rc = refers_to_parent(path, i, &refers);
		while (rc == 0 && !refers && path->count > i)
			path_pop(path);
	}
	return rc;
}
