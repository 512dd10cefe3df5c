#include "dialect/work.h"

const struct change work_claim_change = { .set = CHANGE_ERROR | CHANGE_RESULT };

/* Control characters could command an operator's terminal. */
bool work_is_printable(struct str text, size_t max)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.ptr[i];

		if (byte < 0x20 || byte == 0x7F ||
			(byte == 0xC2 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] < 0xA0))
			return false;
	}
	return text.len > 0 && text.len <= max;
}

bool work_is_worker_name(struct str name)
{
	return work_is_printable(name, TASK_WORKER_MAX) && !str_eq(name, WORKERS_ALL);
}

static uint64_t add_hash(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	/* FNV-1a */
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(1099511628211);
	return (hash ^ len) * UINT64_C(1099511628211);
}

uint64_t work_claim_group(const struct op *op, const struct op_claim *claim)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	hash = add_hash(hash, op->tenant.ptr, op->tenant.len);
	hash = add_hash(hash, claim->dialects, claim->dialect_count);
	for (size_t i = 0; i < claim->kind_count; i++)
		hash = add_hash(hash, claim->kinds[i].ptr, claim->kinds[i].len);
	for (size_t i = 0; i < claim->topic_count; i++) {
		const struct claim_topic *topic = &claim->topics[i];
		uint8_t by[] = { topic->dialect, topic->kind.ptr != NULL };

		hash = add_hash(hash, by, sizeof(by));
		hash = add_hash(hash, topic->kind.ptr, topic->kind.len);
	}
	return hash;
}
