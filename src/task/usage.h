#pragma once
/* What a tenant uses (OP_USAGE): tasks, archived ones and resources too, and bytes of records. */
#include <stdint.h>

struct task_usage {
	uint64_t tasks, bytes;
	uint64_t max_tasks, max_bytes; /* its quota; 0: none */
};
