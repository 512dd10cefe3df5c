#pragma once
/*
 * Prints the service's status (process/status.h) as a table.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/str.h"

/*
 * False if the text is not a status or cannot be printed. now: wall-clock ms. brief: without the
 * columns of counters that are 0 in all processes.
 */
bool status_table_print(struct str status, int64_t now, bool brief, FILE *out);
