#include <inttypes.h>

#include "dialect/fourhse/fourhse.h"
#include "dialect/sample_field.h"

bool fourhse_sample(struct task *task, uint64_t i, struct arena *arena)
{
	char id[ID_TEXT_LEN + 1];

	id_format(&task->id, id);
	return sample_field(task, "task_id", arena, "\"%s\"", id) &&
	       sample_field(task, "handler", arena, "\"%s\"",
		       i % 7 ? "ImportHandler" : "ExportHandler") &&
	       sample_field(task, "user_id", arena, "\"user-%" PRIu64 "\"", i / 10) &&
	       sample_field(task, "entity_id", arena, "null") &&
	       sample_field(task, "request", arena, "\"{\\\"row\\\":%" PRIu64 "}\"", i) &&
	       sample_field(task, "response", arena, "null");
}
