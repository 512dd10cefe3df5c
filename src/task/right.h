#pragma once
/*
 * Rights of a principal. Each route names the right that it needs; RIGHT_NONE makes a row invalid.
 *
 * A right permits an action, not the view of a task: the response to a change is the whole task,
 * also for a principal without the right to read. Clients of every dialect expect it.
 */
#include "base/str.h"

enum right {
	RIGHT_NONE = 0,
	RIGHT_READ = 1,	 /* see tasks */
	RIGHT_WRITE = 2, /* create, change and remove tasks */
	RIGHT_WORK = 4,	 /* claim tasks, report on them */
	RIGHT_ADMIN = 8, /* decide which workers get tasks, end users and credentials */
};
#define RIGHT_ALL (RIGHT_READ | RIGHT_WRITE | RIGHT_WORK | RIGHT_ADMIN)

/*
 * Parses "read,write" (no spaces, in any order, repetitions allowed) or "none". Returns false and
 * leaves *rights unchanged if a word is unknown or empty.
 */
bool rights_parse(unsigned *rights, struct str text);
#define RIGHTS_TEXT_SIZE 32 /* enough for all rights */
/* Writes the same form, in the order of the enum. */
void rights_format(unsigned rights, char *text, size_t size);
