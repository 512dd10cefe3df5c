#pragma once
/*
 * Manifest of a backup: the file manifest.json of its folder, written last. A folder without one is
 * not a backup. It has the moment of the backup, the position of its logs, the numbers of tasks
 * and of rows of each table at that moment, and size and SHA-256 of each file:
 *
 *	{"format":1,"program":"0.1.0","begin":"2026-11-26T15:25:30.113Z",
 *	 "earliest":"...","end":"...",
 *	 "first_log":3,"last_log":4,"last_bytes":81920,"tasks":20,"rows":{"users":1,...},
 *	 "files":{"data/tasks.db":{"size":4096,"sha256":"..."},...}}
 *
 * A log of the folder may be longer than its entry, after an interrupted addition: only the bytes
 * of the entry belong to the backup.
 */
#include <jansson.h>

#include "store/transfer/backup.h"

#define MANIFEST_NAME "manifest.json"

struct manifest {
	int64_t begin;	  /* ms */
	int64_t earliest; /* end of the copying of the data: no earlier state can be restored */
	int64_t end;	  /* of the logs: the state of the backup */
	struct store_position position;
	uint64_t tasks;
	/* Tasks that no address reaches, and tasks that share a number; not in the file. */
	uint64_t unreachable, doubled;
	json_t *rows;  /* of each table; owned */
	json_t *files; /* owned */
};

/* False without memory. */
bool manifest_open(struct manifest *manifest, struct err *err);
void manifest_close(struct manifest *manifest);

/* Reads and checks the manifest of a folder; ERR_NOT_FOUND: the folder has none. */
bool manifest_read(struct manifest *manifest, int folder, struct err *err);
/* Writes it; then it is on disk. */
bool manifest_write(const struct manifest *manifest, int folder, struct err *err);

/*
 * Adds size and SHA-256 of the first `size` bytes (FILE_WHOLE: all) of a file, "data/NAME" or
 * "log/NAME".
 */
bool manifest_add_file(
	struct manifest *manifest, int folder, const char *name, uint64_t size, struct err *err);
/* Compares each file with its entry; ERR_DAMAGED. */
bool manifest_check_files(const struct manifest *manifest, int folder, struct err *err);
/* ERR_DAMAGED if the file, under whatever folder, does not begin with the bytes of that entry. */
bool manifest_check_file(const struct manifest *manifest, const char *entry, int folder,
	const char *name, struct err *err);
/* Returns the size of the file of an entry; false without such an entry. */
bool manifest_file_size(const struct manifest *manifest, const char *entry, uint64_t *size);

/* The sum of the sizes of all files. */
uint64_t manifest_bytes(const struct manifest *manifest);

/* A store_take_count; data: the manifest. */
bool manifest_take_count(const char *table, uint64_t rows, void *data);
