#pragma once
/*
 * Downloads a file into its partial file: follows redirects, goes on after a cut connection, begins
 * again if the server cannot go on.
 */
#include "import/transfer.h"

#define DOWNLOAD_REDIRECTS_MAX 5
#define DOWNLOAD_CUTS_MAX      3

/*
 * Completes the partial file, whose present bytes it adds to the digest first. *pieced: whether
 * bytes of several responses were put together. Errors: those of transfer.h.
 */
bool download_file(const struct transfer_limits *limits, const struct source *source,
	const struct transfer_sink *sink, bool *pieced, struct err *err);
