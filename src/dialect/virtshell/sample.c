#include <inttypes.h>

#include "dialect/sample_field.h"
#include "dialect/virtshell/virtshell.h"

bool virtshell_sample(struct task *task, uint64_t i, struct arena *arena)
{
	static const char *const types[] = { "create_instance", "delete_instance",
		"restart_instance", "stop_instance" };

	return sample_field(task, "description", arena,
		       "\"Create a new instance website-%06" PRIu64 "\"", i) &&
	       sample_field(task, "type", arena, "\"%s\"", types[i % 4]) &&
	       sample_field(task, "object_uuid", arena,
		       "\"8a7b3c00-ccf4-11e5-9956-%012" PRIx64 "\"", i & 0xFFFFFFFFFFFF) &&
	       sample_field(
		       task, "log", arena, "\"step %" PRIu64 " of %" PRIu64 "\"", i % 7, i % 7 + 3);
}
