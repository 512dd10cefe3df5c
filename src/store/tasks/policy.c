#include "store/internal.h"

struct policy policy_of(const struct store *store, const struct task *task)
{
	struct policy policy = policy_default, own;

	/* No attempt of a worker: the service has its own time. */
	if (task->is_bulk)
		return policy;
	if (store->policies.count > 0) {
		const struct index_field *field = index_field_by_code(
			store->indexes, task->dialect, INDEX_BY_READY);
		char scratch[TASK_KIND_MAX];
		struct str kind = field ? field->kind(task, scratch) : STR("");

		policy = policies_find(&store->policies, task->dialect, kind);
	}
	if (task->policy.len > 0 && policy_parse_json(&own, task->policy))
		policy_overlay(&policy, &own);
	return policy;
}
