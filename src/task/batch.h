#pragma once
/*
 * OP_BATCH: one request creates many tasks, each alone or all in one transaction. An item is
 * decoded when it is created, so that a large batch needs little memory.
 */
#include "base/err.h"

#define BATCH_MAX 1000 /* items */

struct op;
struct task;

struct op_batch {
	size_t count;	/* 1 to BATCH_MAX */
	bool is_atomic; /* all are created in one transaction, or none */
	/*
	 * Makes the OP_CREATE of an item, as the decoder of a route does: each->arena lasts until
	 * the item is created. May be called several times for an item, also again after later ones.
	 */
	bool (*decode)(const struct op_batch *batch, size_t item, struct op *each, struct err *err);
	void *data; /* for decode; in the request's arena */
};

/* What became of an item: the task as it was created, or the error. */
struct batch_item {
	size_t index;
	const struct task *task; /* NULL: it was not created */
	const struct err *err;
};

struct batch_answer {
	size_t count, created;
	/*
	 * An atomic batch that was refused: nothing was created. What is wrong with item `refused`
	 * is in err. No items are read then.
	 */
	bool is_refused;
	size_t refused;
	struct err err; /* its detail is in the op's arena */
};
