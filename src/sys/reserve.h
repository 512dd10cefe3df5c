#pragma once
/*
 * Reserve of disk space. With less than conf->reserve_mb free, writes are refused before the store
 * runs out of space. A file of the same size in the home reserves more: it is released if commits
 * that are still in memory must reach the log, or if a recovery has pages to write.
 */
#include "sys/conf.h"

enum reserve_level { RESERVE_LOW, RESERVE_FAIR, RESERVE_PLENTY };

/* Bytes of the file system of the home. */
struct reserve_disk {
	uint64_t free, size;
};

bool reserve_read_disk(struct reserve_disk *disk, const char *home, struct err *err);
/* In bytes. */
uint64_t reserve_bytes(const struct conf *conf);
/* LOW: less than reserve_mb free; PLENTY: at least twice as much. Sets *disk as well. */
bool reserve_check(enum reserve_level *room, struct reserve_disk *disk, const struct conf *conf,
	struct err *err);
/* Creates the file if it is missing and the space left is then still plenty. Ignores errors. */
void reserve_create(const struct conf *conf);
/* Removes the file, if it exists. */
void reserve_release(const char *home);
