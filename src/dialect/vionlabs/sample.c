#include <inttypes.h>
#include <stdio.h>

#include "dialect/sample_field.h"
#include "dialect/vionlabs/vionlabs.h"

static const char *const sample_products[] = { "adbreaks", "emotions", "fingerprint", "markers",
	"nudity", "semantic", "similar", "scene_tags" };

#define PRODUCTS (sizeof(sample_products) / sizeof(sample_products[0]))

/* One task of each product per item. */
bool vionlabs_sample(struct task *task, uint64_t i, struct arena *arena)
{
	const char *product = sample_products[i % PRODUCTS];
	struct vionlabs_identity identity = { .product = str_cstr(product),
		.version = STR("1.0.1") };
	char item[40];
	struct err err;

	snprintf(item, sizeof(item), "movie-%06" PRIu64, i / PRODUCTS);
	identity.item = str_cstr(item);
	task->priority = VIONLABS_PRIORITY_LOW;
	return vionlabs_make_id(&identity, &task->id, arena, &err) &&
	       sample_field(task, "inventory_id", arena, "\"%s\"", item) &&
	       sample_field(task, "product", arena, "\"%s\"", product) &&
	       sample_field(task, "version", arena, "\"1.0.1\"");
}
