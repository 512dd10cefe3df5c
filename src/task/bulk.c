#include "task/bulk.h"

#include <inttypes.h>

void bulk_put_counts(const struct bulk_counts *counts, struct buf *out)
{
	buf_printf(out, "{\"done\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"total\":%" PRIu64 "}",
		counts->done, counts->refused, counts->total);
}
