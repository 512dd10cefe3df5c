#include "base/clock.h"
#include "store/list/list.h"

#define STEPS_PER_CLOCK 16

struct slice slice_begin(unsigned steps)
{
	if (steps == 0)
		return (struct slice){ .left = UINT64_MAX, .until_us = INT64_MAX };
	return (struct slice){ .left = steps, .until_us = clock_mono_us() + LIST_SLICE_US };
}

void slice_spend(struct slice *slice, uint64_t steps)
{
	uint64_t before = slice->spent / STEPS_PER_CLOCK;

	slice->spent += steps;
	slice->left -= steps < slice->left ? steps : slice->left;
	if (slice->until_us != INT64_MAX && slice->spent / STEPS_PER_CLOCK != before &&
		clock_mono_us() >= slice->until_us)
		slice->left = 0;
}
