#pragma once
/*
 * One HTTP request for a file, by libcurl. It connects only to addresses that are public or of an
 * allowed network; this is decided for the address of each connection, so the name cannot have
 * another one then. Proxies, .netrc, cookies and compression are not used.
 */
#include "import/digest.h"
#include "import/partial.h"
#include "import/progress.h"
#include "import/source.h"
#include "sys/network.h"

struct transfer_limits {
	uint64_t max_bytes;
	const char *max_text; /* the same, for sentences: "20G" */
	uint64_t max_seconds; /* of the whole job */
	int64_t deadline_ms;  /* the end of the job, monotonic */
	uint64_t stall_seconds;
	const char *ca; /* a file of certificates to trust as well; NULL: none */
	const struct network *allowed;
	size_t allowed_count;
};

/* Where the bytes go. The partial file and the digest always have the same bytes. */
struct transfer_sink {
	struct partial *partial;
	struct digest *digest;
	struct progress *progress;
};

enum transfer_end {
	TRANSFER_DONE,
	TRANSFER_REDIRECTED, /* location has the target */
	TRANSFER_RESTART,    /* the server cannot go on: empty the partial file, and ask again */
	TRANSFER_CUT,	     /* some bytes came, then the connection failed; err: why */
	TRANSFER_FAILED,     /* err: why */
};

/*
 * Asks for what the partial file lacks. Errors: ERR_UNPROCESSABLE, ERR_TOO_LARGE: never again;
 * ERR_BUSY: it may work later; those of partial.h and digest.h.
 */
enum transfer_end transfer_run(const struct transfer_limits *limits, const struct source *source,
	const struct transfer_sink *sink, struct buf *location, struct err *err);
/* Fills in the error of a file beyond max_bytes and returns false. */
bool transfer_too_large(const struct transfer_limits *limits, struct err *err);
