#pragma once
/* The progress of a call of the store that takes long. */
#include <stddef.h>
#include <stdint.h>

struct store_progress {
	/* Called for each of the tasks, or for some hundred at once: done of total. */
	void (*show)(uint64_t done, uint64_t total, void *data);
	void *data;
};

/* progress NULL: nobody looks at it. */
static inline void store_show_progress(
	const struct store_progress *progress, uint64_t done, uint64_t total)
{
	if (progress)
		progress->show(done, total, progress->data);
}
