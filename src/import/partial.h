#pragma once
/*
 * A file that is not complete: .partial/<id of the task> in the folder of the media, and beside it
 * <id>.state, with what is needed to go on after a failure. Both survive the process. An exclusive
 * lock (flock) keeps two runs of the same task apart.
 *
 * The state is JSON: the version and the size of the whole file, digests of the URL and of the
 * target of its redirects, and the boot of the machine. After another boot the bytes are
 * not trusted, because a loss of power may have left a file without its data. The state is written
 * before the first byte, so a file never has the state of another one. A file without a valid state
 * begins again.
 *
 * Errors: ERR_CONFLICT (another run has the file), and those of folder_fail().
 */
#include "base/err.h"
#include "import/digest.h"

#define PARTIAL_FOLDER	       ".partial"
#define PARTIAL_VALIDATOR_SIZE 512
#define PARTIAL_TOTAL_UNKNOWN  UINT64_MAX
/* Time from the last write of a file to its removal; USELESS: no run can continue the file. */
#define PARTIAL_KEEP_SECONDS	     604800
#define PARTIAL_KEEP_USELESS_SECONDS 3600

/* The ETag and the Last-Modified of a file, as the server sent them; empty: none. */
struct partial_version {
	char validator[PARTIAL_VALIDATOR_SIZE]; /* for If-Range: a strong ETag or a date */
	char other[PARTIAL_VALIDATOR_SIZE];	/* the field that is not the validator */
};

struct partial {
	int folder; /* of the partial files; borrowed */
	int fd;
	char name[ID_TEXT_LEN + 1];
	char url_digest[DIGEST_SHA256_LEN + 1];
	uint64_t size;	/* bytes that were written and are valid */
	uint64_t total; /* of the whole file, or PARTIAL_TOTAL_UNKNOWN */
	struct partial_version version;
	bool is_compared; /* the caller will compare the md5 of the whole file; false after opening */
	/*
	 * Of the address that sent the bytes, after redirects (source_target()): a validator is
	 * worth nothing at another one. Set it before partial_restart().
	 */
	char target[DIGEST_SHA256_LEN + 1];
};

/* Opens or creates the file of a task, and reads its state. The caller closes it. */
bool partial_open(
	struct partial *partial, int folder, const struct id *id, const char *url, struct err *err);
/* Empties the file and writes the state of a new download. version: NULL: not known. */
bool partial_restart(struct partial *partial, const struct partial_version *version, uint64_t total,
	struct err *err);
bool partial_append(struct partial *partial, const void *bytes, size_t len, struct err *err);
/* Whether all bytes are there; false if their number is not known. */
bool partial_is_complete(const struct partial *partial);
/* ERR_DISK_FULL if the file system has less room than this for the user. */
bool partial_check_room(const struct partial *partial, uint64_t bytes, struct err *err);
/* Removes the file, unless it has its final name by now, and its state. It is still open. */
void partial_remove(struct partial *partial);
/* Closes the file and releases its lock. */
void partial_close(struct partial *partial);

/*
 * Removes files and states that were not used in the PARTIAL_KEEP_SECONDS before now (seconds), and
 * files without a state after PARTIAL_KEEP_USELESS_SECONDS: killed runs leave such files.
 */
void partial_remove_old(int folder, int64_t now);
