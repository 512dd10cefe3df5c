#pragma once
/*
 * Log lines about the archive of finished logs: when it begins to fail, every hour while it does,
 * and when it works again. The engine tries it every few seconds (store/health.h has the result).
 */
#include "store/health.h"

#define ARCHIVE_REPORT_MS 3600000

/* Zero-initialised. */
struct archive_report {
	bool failing;	     /* as last reported */
	int64_t reported_ms; /* monotonic */
};

/* Logs what has changed. now: monotonic ms. */
void archive_report_update(
	struct archive_report *report, const struct store_health *health, int64_t now);
