#include "treap.h"

#include <stdlib.h>

struct treap_node {
	struct treap_node *left, *right;
	uint64_t priority;
	size_t size; /* of the subtree */
	struct str key, value;
};

struct str treap_copy(struct str s)
{
	char *bytes = malloc(s.len + 1);

	if (!bytes)
		abort();
	if (s.len > 0)
		memcpy(bytes, s.ptr, s.len);
	bytes[s.len] = '\0';
	return (struct str){ bytes, s.len };
}

void treap_free_str(struct str s)
{
	free((void *)(uintptr_t)s.ptr);
}

static size_t size_of(const struct treap_node *node)
{
	return node ? node->size : 0;
}

size_t treap_size(const struct treap *treap)
{
	return size_of(treap->root);
}

static struct treap_node *resize(struct treap_node *node)
{
	node->size = 1 + size_of(node->left) + size_of(node->right);
	return node;
}

/* Keys below `key` go to *low, the others to *high. */
static void split(
	struct treap_node *node, struct str key, struct treap_node **low, struct treap_node **high)
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

static struct treap_node *merge(struct treap_node *low, struct treap_node *high)
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

static struct treap_node *find(struct treap_node *node, struct str key)
{
	while (node) {
		int order = str_compare(key, node->key);

		if (order == 0)
			break;
		node = order < 0 ? node->left : node->right;
	}
	return node;
}

bool treap_get(const struct treap *treap, struct str key, struct str *value)
{
	const struct treap_node *node = find(treap->root, key);

	if (node)
		*value = node->value;
	return node != NULL;
}

static void insert(struct treap *treap, struct str key, struct str value)
{
	struct treap_node *node = calloc(1, sizeof(*node)), *low, *high;

	if (!node)
		abort();
	treap->random = treap->random * 6364136223846793005U + 1442695040888963407U;
	*node = (struct treap_node){ .priority = treap->random,
		.size = 1,
		.key = treap_copy(key),
		.value = treap_copy(value) };
	split(treap->root, key, &low, &high);
	treap->root = merge(merge(low, node), high);
}

void treap_put(struct treap *treap, struct str key, struct str value)
{
	struct treap_node *node = find(treap->root, key);
	struct str old;

	if (!node) {
		insert(treap, key, value);
		return;
	}
	old = node->value;
	node->value = treap_copy(value);
	treap_free_str(old);
}

static void free_tree(struct treap_node *node)
{
	if (!node)
		return;
	free_tree(node->left);
	free_tree(node->right);
	treap_free_str(node->key);
	treap_free_str(node->value);
	free(node);
}

void treap_delete(struct treap *treap, struct str key)
{
	struct str copy = treap_copy(key);
	struct treap_node *low, *node, *high;

	split(treap->root, copy, &low, &high);
	copy.len++; /* with the NUL of the copy it is the key's successor */
	split(high, copy, &node, &high);
	treap->root = merge(low, high);
	free_tree(node);
	treap_free_str(copy);
}

size_t treap_rank(const struct treap *treap, struct str key)
{
	const struct treap_node *node = treap->root;
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

struct treap_row treap_at(const struct treap *treap, size_t number)
{
	const struct treap_node *node = treap->root;

	while (number != size_of(node->left)) {
		if (number < size_of(node->left)) {
			node = node->left;
		} else {
			number -= size_of(node->left) + 1;
			node = node->right;
		}
	}
	return (struct treap_row){ node->key, node->value };
}

void treap_clear(struct treap *treap)
{
	free_tree(treap->root);
	treap->root = NULL;
}
