#pragma once
/*
 * What a principal may do. A route's row names the right it needs; RIGHT_NONE is an invalid row.
 *
 * Rights are about what is done: the answer of a request that changes or reports a task is the task
 * as it is then, whole, whoever has no right to read. That is decided so: clients of every dialect
 * expect it, and who may write a member can see it.
 */
#include "base/str.h"

enum right {
	RIGHT_NONE = 0,
	RIGHT_READ = 1,	 /* see tasks */
	RIGHT_WRITE = 2, /* create, change, remove them */
	RIGHT_WORK = 4,	 /* claim them and report */
	RIGHT_ADMIN = 8, /* what concerns everybody: remove all, manage principals */
};
#define RIGHT_ALL (RIGHT_READ | RIGHT_WRITE | RIGHT_WORK | RIGHT_ADMIN)

/*
 * Reads "read,write" (no spaces, each word once or more), or "none", which stands alone; false for
 * an unknown or empty word.
 */
bool rights_parse(unsigned *rights, struct str text);
/* Writes the same form; this size is enough for all. */
#define RIGHTS_TEXT_SIZE 32
void rights_format(unsigned rights, char *text, size_t size);
