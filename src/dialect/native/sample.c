#include <inttypes.h>

#include "dialect/native/native.h"
#include "dialect/sample_field.h"

bool native_sample(struct task *task, uint64_t i, struct arena *arena)
{
	return sample_field(task, "kind", arena, "\"job-%" PRIu64 "\"", i % 10);
}
