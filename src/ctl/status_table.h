#pragma once
/*
 * The service's status (status.h) as a table for people.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/str.h"

/* False when the text is no status, or cannot be shown. now: wall ms. */
bool status_table_print(struct str status, int64_t now, FILE *out);
