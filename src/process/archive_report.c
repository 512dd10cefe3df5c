#include "process/archive_report.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

#define MB 1000000

static void report_failure(const struct store_health *health)
{
	uint64_t files = atomic_load(&health->archive_waiting_files);

	log_warn("archive",
		"finished logs cannot be copied to the archive and stay in the home: %s; %" PRIu64
		" file%s of %" PRIu64 " MB",
		strerror((int)atomic_load(&health->archive_error)), files, str_plural(files),
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
