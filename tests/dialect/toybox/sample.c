#include <inttypes.h>

#include "dialect/sample_field.h"
#include "dialect/toybox/toybox.h"

bool toybox_sample(struct task *task, uint64_t i, struct arena *arena)
{
	return sample_field(task, "toy", arena, "\"bear %" PRIu64 "\"", i);
}
