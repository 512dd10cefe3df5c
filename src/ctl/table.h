#pragma once
/* Lists at a terminal: the columns of lines with tabs between them, aligned. */
#include <stdio.h>

#include "base/str.h"

/*
 * Prints the lines. The first one is the header if `heading`. Lines with fewer columns than the
 * first one end early; further columns are left out. Returns false if it cannot be printed.
 */
bool table_print(struct str lines, bool heading, FILE *to);
