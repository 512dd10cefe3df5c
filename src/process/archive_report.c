#include "process/archive_report.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

#define MB 1000000

static void report_failure(const struct store_health *health)
{
	log_warn("archive",
		"finished logs cannot be copied to the archive: %s; %" PRIu64 " files of %" PRIu64
		" MB stay in the home until they can",
		strerror((int)atomic_load(&health->archive_error)),
		atomic_load(&health->archive_waiting_files),
		atomic_load(&health->archive_waiting_bytes) / MB);
}

void archive_report_update(
	struct archive_report *report, const struct store_health *health, int64_t now)
{
	bool failing = atomic_load(&health->archive) == ARCHIVE_FAILING;

	if (failing && (!report->failing || now - report->reported_ms >= ARCHIVE_REPORT_MS)) {
		report_failure(health);
		report->reported_ms = now;
	}
	if (!failing && report->failing)
		log_info("archive", "finished logs are copied to the archive again");
	report->failing = failing;
}
