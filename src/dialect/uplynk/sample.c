#include <inttypes.h>

#include "dialect/sample_field.h"
#include "dialect/uplynk/uplynk.h"

bool uplynk_sample(struct task *task, uint64_t i, struct arena *arena)
{
	static const char *const operations[] = { "CREATE", "UPDATE", "DELETE" };

	if (task->state != TASK_FAILED)
		task->state = i % 3 ? TASK_SUCCEEDED : TASK_RUNNING;
	id_set_version(&task->id, 4);
	return sample_field(task, "operation", arena, "\"%s\"", operations[i % 3]) &&
	       sample_field(task, "ingest_point", arena, "\"f0a214a437024a9c85c5%012" PRIx64 "\"",
		       i / 3 & 0xFFFFFFFFFFFF);
}
