#pragma once
/*
 * Room on the disk. Below conf->reserve_mb writes are refused before the store meets the wall; a
 * file of the same size in the home holds room back, which is given up when what is already
 * committed in memory must still reach the log, or when a recovery has pages to write.
 */
#include "sys/conf.h"

enum reserve_level { RESERVE_LOW, RESERVE_FAIR, RESERVE_PLENTY };

/* Free bytes of the file system under home. */
bool reserve_free_bytes(const char *home, uint64_t *bytes, struct err *err);
/* How much there is: low below reserve_mb, plenty from twice that on. */
bool reserve_check(enum reserve_level *room, const struct conf *conf, struct err *err);
/* Makes the file when it is missing and there would still be plenty with it; best effort. */
void reserve_create(const struct conf *conf);
/* Gives the file up, if it is there. */
void reserve_release(const char *home);
