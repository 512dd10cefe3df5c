#pragma once
/*
 * The final place of a file: TYPE/ID/NUMBER-NAME in the folder of the media, where TYPE and ID are
 * those of the attachable, NUMBER is that of the task, or its id if it has none, and NAME is the
 * last segment of the URL. No existing file is ever replaced.
 */
#include "import/import_task.h"
#include "import/partial.h"

/* Bytes of a cleaned name. */
#define PLACE_NAME_MAX 100
/* With the number or id before it and the suffix of a second file. */
#define PLACE_FILE_SIZE (PLACE_NAME_MAX + 48)

/*
 * Copies a name of a client: bytes other than [A-Za-z0-9._-] become '_', and so does a '.' or '-'
 * at the beginning, which would hide the file or look like an option. An empty name is "file". Of a
 * longer one than PLACE_NAME_MAX the end of the stem is cut; an ending of up to 16 bytes stays.
 */
void place_clean(struct str raw, char name[PLACE_NAME_MAX + 1]);
/* "7-a.wav" as the n-th file of that name, counted from 1: "7-a-2.wav". */
void place_numbered(const char *name, unsigned n, char out[PLACE_FILE_SIZE]);

/* All members are borrowed. */
struct place {
	int media; /* folder */
	const struct import_task *task;
	struct str url_name;
	const char *sha256; /* of the partial file */
	int64_t deadline_ms;
};

/*
 * Gives the complete, synced partial file its final name and removes its state. If a file with the
 * same bytes (sha256) has the name, the partial file is removed; if one with others has it, a
 * number is added. *path: relative to the folder. Errors: those of folder_fail(), ERR_INTERNAL;
 * ERR_BUSY if files of that name cannot be read until the deadline.
 */
bool place_file(
	const struct place *place, struct partial *partial, struct buf *path, struct err *err);
