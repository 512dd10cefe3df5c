#include <inttypes.h>

#include "dialect/native/native.h"
#include "dialect/sample_field.h"

bool native_sample(struct task *task, uint64_t i, struct arena *arena)
{
	static const char *const kinds[] = { "audio", "video", "subtitles", "report" };

	task->kind = str_cstr(kinds[i % (sizeof(kinds) / sizeof(kinds[0]))]);
	return sample_field(task, "name", arena, "\"job-%" PRIu64 "\"", i);
}
