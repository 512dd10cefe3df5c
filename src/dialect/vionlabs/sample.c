#include <inttypes.h>
#include <stdio.h>

#include "dialect/sample_field.h"
#include "dialect/vionlabs/vionlabs.h"

static const char *const sample_products[] = { "adbreaks", "emotions", "fingerprint", "markers",
	"nudity", "semantic", "similar", "scene_tags" };

#define PRODUCTS (sizeof(sample_products) / sizeof(sample_products[0]))

/* One task of each product per item. Item, product and version make the id, as in requests. */
bool vionlabs_sample(struct task *task, uint64_t i, struct arena *arena)
{
	const char *product = sample_products[i % PRODUCTS];
	char name[100];
	int len = snprintf(
		name, sizeof(name), "movie-%06" PRIu64 "%c%s%c1.0.1", i / PRODUCTS, 0, product, 0);

	return len > 0 && (size_t)len < sizeof(name) &&
	       id_from_name(&task->id, STR("vionlabs"), (struct str){ name, (size_t)len }) &&
	       sample_field(task, "inventory_id", arena, "\"movie-%06" PRIu64 "\"", i / PRODUCTS) &&
	       sample_field(task, "product", arena, "\"%s\"", product) &&
	       sample_field(task, "version", arena, "\"1.0.1\"");
}
