#pragma once
/*
 * Values of the service's status in words.
 */
#include <jansson.h>
#include <stdbool.h>

#include "store/health.h"

/* "2m05s", "3h20m" or "4d06h". */
void status_put_duration(int64_t ms, char *text, size_t size);
/* "900 bytes" or "1.5 GB". */
void status_put_bytes(double bytes, char *text, size_t size);
/*
 * A figure of the store from its JSON value. Returns false if it has no line: null without a text
 * for it, a zero that is hidden, or a value of another type. now: wall-clock ms.
 */
bool status_put_figure(
	const struct health_row *row, const json_t *value, int64_t now, char *text, size_t size);
