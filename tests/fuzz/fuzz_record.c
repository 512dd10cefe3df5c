/* Decodes a record. An accepted record must be encoded to one that decodes to the same task. */
#include <stdlib.h>

#include "fuzz_input.h"
#include "store/record.h"

static bool same_fields(const struct task *a, const struct task *b)
{
	bool same = a->field_count == b->field_count;

	for (size_t i = 0; same && i < a->field_count; i++)
		same = str_eq(a->fields[i].name, b->fields[i].name) &&
		       str_eq(a->fields[i].json, b->fields[i].json);
	return same;
}

static bool same_place(const struct task *a, const struct task *b)
{
	return id_compare(&a->id, &b->id) == 0 && a->number == b->number &&
	       str_eq(a->tenant, b->tenant) && a->dialect == b->dialect &&
	       a->archived == b->archived && a->state == b->state && str_eq(a->status, b->status);
}

static bool same_times(const struct task *a, const struct task *b)
{
	return a->created == b->created && a->updated == b->updated && a->started == b->started &&
	       a->finished == b->finished && a->revision == b->revision;
}

static bool same_work(const struct task *a, const struct task *b)
{
	return str_eq(a->created_by, b->created_by) && str_eq(a->updated_by, b->updated_by) &&
	       a->priority == b->priority && a->not_before == b->not_before &&
	       a->attempt == b->attempt && a->max_attempts == b->max_attempts &&
	       str_eq(a->lease.holder, b->lease.holder) && a->lease.token == b->lease.token &&
	       a->lease.expires == b->lease.expires && str_eq(a->error, b->error) &&
	       str_eq(a->progress, b->progress);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	struct task task, again;
	struct buf out = BUF_INIT;

	if (!record_decode(&task, bytes))
		return 0;
	if (!record_encode(&task, &out) || !record_decode(&again, buf_str(&out)))
		abort();
	if (!same_place(&task, &again) || !same_times(&task, &again) || !same_work(&task, &again) ||
		!same_fields(&task, &again))
		abort();
	buf_free(&out);
	return 0;
}
