#include "memory_engine.h"

#include <stdio.h>
#include <stdlib.h>

/* A treap: a search tree by key and a heap by a random priority, with the sizes of subtrees. */
struct node {
	struct node *left, *right;
	uint64_t priority;
	size_t size;
	struct str key, value; /* owned */
};

/* What a row was before the transaction changed it. */
struct undo {
	enum engine_table table;
	struct str key, value; /* owned */
	bool existed;
};

struct memory {
	struct engine engine;
	struct node *tables[ENGINE_TABLES];
	uint64_t random;
	bool in_write;
	struct undo *undos;
	size_t undo_count, undo_capacity;
};

static struct memory *memory_of(struct engine *engine)
{
	return (struct memory *)engine;
}

/* The tests do not try exhausted memory with this engine. */
static struct str copy(struct str s)
{
	char *bytes = malloc(s.len + 1);

	if (!bytes)
		abort();
	if (s.len > 0)
		memcpy(bytes, s.ptr, s.len);
	return (struct str){ bytes, s.len };
}

static void free_str(struct str s)
{
	free((void *)(uintptr_t)s.ptr);
}

/* ---- the tree ---- */

static size_t size_of(const struct node *node)
{
	return node ? node->size : 0;
}

static struct node *resize(struct node *node)
{
	node->size = 1 + size_of(node->left) + size_of(node->right);
	return node;
}

/* Keys below `key` go to *low, the others to *high. */
static void split(struct node *node, struct str key, struct node **low, struct node **high)
{
	if (!node) {
		*low = *high = NULL;
	} else if (str_compare(node->key, key) < 0) {
		split(node->right, key, &node->right, high);
		*low = resize(node);
	} else {
		split(node->left, key, low, &node->left);
		*high = resize(node);
	}
}

static struct node *merge(struct node *low, struct node *high)
{
	if (!low || !high)
		return low ? low : high;
	if (low->priority > high->priority) {
		low->right = merge(low->right, high);
		return resize(low);
	}
	high->left = merge(low, high->left);
	return resize(high);
}

static struct node *find(struct node *node, struct str key)
{
	while (node) {
		int order = str_compare(key, node->key);

		if (order == 0)
			break;
		node = order < 0 ? node->left : node->right;
	}
	return node;
}

/* How many keys are below the key. */
static size_t rank(const struct node *node, struct str key)
{
	size_t below = 0;

	while (node) {
		if (str_compare(node->key, key) < 0) {
			below += size_of(node->left) + 1;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return below;
}

static const struct node *node_at(const struct node *node, size_t number)
{
	while (node && number != size_of(node->left)) {
		if (number < size_of(node->left)) {
			node = node->left;
		} else {
			number -= size_of(node->left) + 1;
			node = node->right;
		}
	}
	return node;
}

static void free_tree(struct node *node)
{
	if (!node)
		return;
	free_tree(node->left);
	free_tree(node->right);
	free_str(node->key);
	free_str(node->value);
	free(node);
}

static void insert(struct memory *memory, enum engine_table table, struct str key, struct str value)
{
	struct node *node = calloc(1, sizeof(*node)), *low, *high;

	if (!node)
		abort();
	memory->random ^= memory->random << 13;
	memory->random ^= memory->random >> 7;
	memory->random ^= memory->random << 17;
	*node = (struct node){
		.priority = memory->random, .size = 1, .key = copy(key), .value = copy(value)
	};
	split(memory->tables[table], key, &low, &high);
	memory->tables[table] = merge(merge(low, node), high);
}

static void delete (struct memory *memory, enum engine_table table, struct str key)
{
	struct str first = copy(key);
	struct node *low, *node, *high;

	split(memory->tables[table], first, &low, &high);
	first.len++; /* the key's successor: copy has left room for a byte */
	((char *)(uintptr_t)first.ptr)[key.len] = '\0';
	split(high, first, &node, &high);
	free_tree(node);
	free_str(first);
	memory->tables[table] = merge(low, high);
}

/* ---- transactions ---- */

static void note_undo(
	struct memory *memory, enum engine_table table, struct str key, const struct node *old)
{
	if (!memory->in_write)
		return;
	if (memory->undo_count == memory->undo_capacity) {
		memory->undo_capacity = 2 * memory->undo_capacity + 64;
		memory->undos = reallocarray(
			memory->undos, memory->undo_capacity, sizeof(*memory->undos));
		if (!memory->undos)
			abort();
	}
	memory->undos[memory->undo_count++] = (struct undo){
		.table = table,
		.key = copy(key),
		.value = old ? copy(old->value) : STR_NULL,
		.existed = old != NULL,
	};
}

static void end(struct memory *memory)
{
	for (size_t i = 0; i < memory->undo_count; i++) {
		free_str(memory->undos[i].key);
		free_str(memory->undos[i].value);
	}
	memory->undo_count = 0;
	memory->in_write = false;
}

static enum engine_status begin(struct engine *engine, enum engine_access access)
{
	memory_of(engine)->in_write = access == ENGINE_WRITE;
	return ENGINE_OK;
}

static enum engine_status commit(struct engine *engine)
{
	end(memory_of(engine));
	return ENGINE_OK;
}

static enum engine_status abort_all(struct engine *engine)
{
	struct memory *memory = memory_of(engine);

	for (size_t i = memory->undo_count; i > 0; i--) {
		const struct undo *undo = &memory->undos[i - 1];

		if (find(memory->tables[undo->table], undo->key))
			delete (memory, undo->table, undo->key);
		if (undo->existed)
			insert(memory, undo->table, undo->key, undo->value);
	}
	end(memory);
	return ENGINE_OK;
}

static enum engine_status flush(struct engine *engine)
{
	(void)engine;
	return ENGINE_OK;
}

/* ---- rows ---- */

static enum engine_status get(struct engine *engine, enum engine_table table, struct str key,
	bool for_update, struct buf *out)
{
	const struct node *node = find(memory_of(engine)->tables[table], key);

	(void)for_update;
	if (!node)
		return ENGINE_NOT_FOUND;
	buf_put_str(out, node->value);
	return buf_ok(out) ? ENGINE_OK : ENGINE_NO_MEMORY;
}

static enum engine_status put(struct engine *engine, enum engine_table table, struct str key,
	struct str value, enum engine_put how)
{
	struct memory *memory = memory_of(engine);
	struct node *node = find(memory->tables[table], key);

	if (node && how == ENGINE_INSERT)
		return ENGINE_EXISTS;
	note_undo(memory, table, key, node);
	if (node) {
		free_str(node->value);
		node->value = copy(value);
	} else {
		insert(memory, table, key, value);
	}
	return ENGINE_OK;
}

static enum engine_status del(struct engine *engine, enum engine_table table, struct str key)
{
	struct memory *memory = memory_of(engine);
	const struct node *node = find(memory->tables[table], key);

	if (!node)
		return ENGINE_NOT_FOUND;
	note_undo(memory, table, key, node);
	delete (memory, table, key);
	return ENGINE_OK;
}

/* ---- ranges ---- */

struct span {
	size_t first, end;
};

static struct span span_of(const struct node *tree, const struct engine_range *range)
{
	struct span span = {
		.first = rank(tree, range->from),
		.end = range->to.ptr ? rank(tree, range->to) : size_of(tree),
	};

	if (span.end < span.first)
		span.end = span.first;
	return span;
}

static enum engine_status append(struct engine_batch *batch, const struct node *node)
{
	if (!buf_reserve(&batch->bytes, node->key.len))
		return ENGINE_NO_MEMORY;
	memcpy(batch->bytes.data + batch->bytes.len, node->key.ptr, node->key.len);
	return engine_batch_accept(batch, node->key.len) ? ENGINE_OK : ENGINE_NO_MEMORY;
}

static enum engine_status scan(struct engine *engine, enum engine_table table,
	const struct engine_range *range, bool reverse, size_t limit, struct engine_batch *batch)
{
	const struct node *tree = memory_of(engine)->tables[table];
	struct span span = span_of(tree, range);
	enum engine_status status = ENGINE_OK;

	for (size_t i = 0; status == ENGINE_OK && i < limit && i < span.end - span.first; i++)
		status = append(batch, node_at(tree, reverse ? span.end - 1 - i : span.first + i));
	return status;
}

static enum engine_status count(
	struct engine *engine, enum engine_table table, struct engine_range *range, uint64_t *keys)
{
	struct span span = span_of(memory_of(engine)->tables[table], range);

	*keys = span.end - span.first;
	return ENGINE_OK;
}

static enum engine_status nth(struct engine *engine, enum engine_table table,
	const struct engine_range *range, uint64_t n, struct engine_batch *batch)
{
	const struct node *tree = memory_of(engine)->tables[table];
	struct span span = span_of(tree, range);

	if (n >= span.end - span.first)
		return ENGINE_NOT_FOUND;
	return append(batch, node_at(tree, span.first + (size_t)n));
}

static enum engine_status each(struct engine *engine, enum engine_table table, bool keys_only,
	engine_take *take, void *data)
{
	const struct node *tree = memory_of(engine)->tables[table];
	bool more = true;

	for (size_t i = 0; more && i < size_of(tree); i++) {
		const struct node *node = node_at(tree, i);

		more = take(node->key, keys_only ? STR("") : node->value, data);
	}
	return ENGINE_OK;
}

/* ---- the engine ---- */

static enum engine_status clear(struct engine *engine, enum engine_table table)
{
	struct memory *memory = memory_of(engine);

	free_tree(memory->tables[table]);
	memory->tables[table] = NULL;
	return ENGINE_OK;
}

static enum engine_status checkpoint(struct engine *engine, bool trim, unsigned *removed)
{
	(void)engine, (void)trim;
	*removed = 0;
	return ENGINE_OK;
}

static void close_all(struct engine *engine)
{
	struct memory *memory = memory_of(engine);

	for (int i = 0; i < ENGINE_TABLES; i++)
		free_tree(memory->tables[i]);
	end(memory);
	free(memory->undos);
	free(memory);
}

static enum engine_status open_memory(struct engine **engine, const struct engine_options *options)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	*engine = memory ? &memory->engine : NULL;
	if (!memory)
		return ENGINE_NO_MEMORY;
	memory->engine.ops = &memory_engine_ops;
	memory->engine.created = (1U << ENGINE_TABLES) - 1;
	memory->random = 88172645463325252ULL;
	if (options->mode == ENGINE_EPHEMERAL)
		return ENGINE_OK;
	snprintf(memory->engine.message, sizeof(memory->engine.message),
		"the memory engine keeps nothing");
	return ENGINE_FAILED;
}

static const struct engine_chore no_chores[] = { { 0 } };

const struct engine_ops memory_engine_ops = {
	.name = "memory",
	.open = open_memory,
	.close = close_all,
	.begin = begin,
	.commit = commit,
	.abort = abort_all,
	.flush = flush,
	.get = get,
	.put = put,
	.del = del,
	.scan = scan,
	.count = count,
	.nth = nth,
	.each = each,
	.clear = clear,
	.checkpoint = checkpoint,
	.chores = no_chores,
};
