#include "dialect/kind.h"
#include "dialect/vionlabs/vionlabs.h"

static const char *const item_sort_fields[] = { "product", "version", NULL };

struct str vionlabs_kind(const struct task *task, char scratch[TASK_KIND_MAX])
{
	return kind_of_field(task, "product", scratch);
}

const struct index_field vionlabs_indexed[] = {
	INDEX_COMMON_FIELDS(vionlabs_kind),
	{ .code = VIONLABS_BY_ITEM,
		.source = INDEX_FIELD,
		.name = "inventory_id",
		.order_by = item_sort_fields },
	{ .source = INDEX_END },
};

static const struct dialect_status_row rows[] = {
	{ TASK_PENDING, "pending" },
	{ TASK_RUNNING, "processing" },
	{ TASK_SUCCEEDED, "done" },
	{ TASK_FAILED, "failed" },
	{ TASK_CANCELLED, "deactivated" },
	{ TASK_STATE_NONE, NULL },
};

const struct dialect_statuses vionlabs_statuses = { rows, .default_state = TASK_STATE_NONE };

/* ---- values ---- */

const char *const vionlabs_products[] = {
	"adbreaks",
	"contextual_adbreak",
	"emotions",
	"fingerprint",
	"fingerprintplus",
	"jitpreviews",
	"jitthumbnails",
	"markers",
	"nudity",
	"profanity",
	"semantic",
	"similar",
	"content_summary",
	"semantic_scenes",
	"vertical_conversion",
	"scene_tags",
	NULL,
};

const char *const vionlabs_priorities[] = { "low", "medium", "high", NULL };

int vionlabs_value_index(const char *const *values, struct str name)
{
	for (int i = 0; values[i]; i++) {
		if (str_eq(name, str_cstr(values[i])))
			return i;
	}
	return -1;
}

/* In the order of vionlabs_priorities. */
static const int32_t priority_numbers[] = { VIONLABS_PRIORITY_LOW, 0, 10 };

void vionlabs_set_priority(struct change *change, struct str name)
{
	int index = vionlabs_value_index(vionlabs_priorities, name);

	if (index < 0)
		return;
	change->set |= CHANGE_PRIORITY;
	change->priority = priority_numbers[index];
}

/* ---- identity ---- */

/* No segment contains a NUL, so it separates the parts of a name unambiguously. */
bool vionlabs_make_id(const struct vionlabs_identity *identity, struct id *id, struct arena *arena,
	struct err *err)
{
	size_t len = identity->item.len + identity->product.len + identity->version.len + 2;
	char *name = arena_alloc(arena, len), *at = name;
	const struct str parts[] = { identity->item, identity->product, identity->version };

	if (!name)
		return err_no_memory(err);
	for (size_t i = 0; i < 3; i++) {
		if (i > 0)
			*at++ = '\0';
		if (parts[i].len > 0)
			memcpy(at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	return id_from_name(id, STR("vionlabs"), (struct str){ name, len }) || err_no_memory(err);
}
