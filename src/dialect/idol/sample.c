#include <inttypes.h>

#include "dialect/idol/idol.h"
#include "dialect/sample_field.h"

/* Numbers start at 1, so a tenant can load the sample once. */
bool idol_sample(struct task *task, uint64_t i, struct arena *arena)
{
	static const char *const types[] = { "cd", "hd", "dolby_atmos" };

	if (task->state != TASK_FAILED)
		task->state = i % 3 ? TASK_SUCCEEDED : TASK_PENDING;
	task->number = i + 1;
	return sample_field(task, "precision", arena, i % 2 ? "\"24\"" : "\"16\"") &&
	       sample_field(task, "master-type", arena, "\"%s\"", types[i % 3]) &&
	       sample_field(task, "support-number", arena, "null") &&
	       sample_field(task, "md5", arena, "null") &&
	       sample_field(
		       task, "url", arena, "\"https://files.example.com/%06" PRIu64 ".wav\"", i) &&
	       sample_field(task, "product-id", arena, "\"%" PRIu64 "\"", i / 5) &&
	       sample_field(task, "attachable", arena,
		       "{\"type\":\"products\",\"id\":\"%" PRIu64 "\"}", i / 5);
}
