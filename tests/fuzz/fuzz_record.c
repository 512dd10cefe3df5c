/* Decodes a record. An accepted record must be encoded to one that decodes to the same task. */
#include <stdlib.h>

#include "fuzz_input.h"
#include "store/tasks/record.h"
#include "task/member.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	struct task task, again;
	struct buf out = BUF_INIT;

	if (!record_decode(&task, bytes))
		return 0;
	if (!record_encode(&task, RECORD_VERSION, &out) || !record_decode(&again, buf_str(&out)))
		abort();
	if (!task_identical(&task, &again))
		abort();
	buf_free(&out);
	return 0;
}
