#include <inttypes.h>
#include <sodium.h>

#include "store/transfer/copy_parts.h"

#define SHOW_EVERY 1000

void copy_sum_add(struct copy_sum *sum, struct str key, struct str value)
{
	crypto_generichash_state state;
	const uint64_t len = key.len;
	uint64_t hash[2];

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const uint8_t *)&len, sizeof(len));
	crypto_generichash_update(&state, (const uint8_t *)key.ptr, key.len);
	if (value.len > 0)
		crypto_generichash_update(&state, (const uint8_t *)value.ptr, value.len);
	crypto_generichash_final(&state, (uint8_t *)hash, sizeof(hash));
	sum->rows++;
	sum->hash[0] += hash[0];
	sum->hash[1] += hash[1];
}

struct copy_sum copy_sum_total(const struct copy_sum sums[ENGINE_TABLES])
{
	struct copy_sum total = { 0 };

	crypto_generichash((uint8_t *)total.hash, sizeof(total.hash), (const uint8_t *)sums,
		ENGINE_TABLES * sizeof(sums[0]), NULL, 0);
	for (int i = 0; i < ENGINE_TABLES; i++)
		total.rows += sums[i].rows;
	return total;
}

bool copy_sum_is_equal(const struct copy_sum *a, const struct copy_sum *b)
{
	return a->rows == b->rows && a->hash[0] == b->hash[0] && a->hash[1] == b->hash[1];
}

/* ---- the target ---- */

struct summing {
	enum engine_table table;
	struct copy_sum sum;
	const struct store_progress *progress;
	uint64_t before, total; /* rows of the tables before; of all */
};

static bool add_row(struct str key, struct str value, void *data)
{
	struct summing *summing = data;

	if (copy_is_own_row(summing->table, key))
		return true;
	copy_sum_add(&summing->sum, key, value);
	if (summing->sum.rows % SHOW_EVERY == 0)
		store_show_progress(
			summing->progress, summing->before + summing->sum.rows, summing->total);
	return true;
}

static int step_sum(struct store *store, void *data, struct err *err)
{
	struct summing *summing = data;

	(void)err;
	summing->sum = (struct copy_sum){ 0 };
	return (int)store->engine->ops->each(store->engine, summing->table, false, add_row, data);
}

static bool refuse(
	const char *table, const struct copy_sum *from, const struct copy_sum *to, struct err *err)
{
	static const char remedy[] =
		"one of the stores was changed since the copy began: empty the target and run the "
		"command again";

	if (from->rows == to->rows)
		return err_set(err, ERR_DAMAGED, NULL, "the copy has another row in table %s: %s",
			table, remedy);
	return err_set(err, ERR_DAMAGED, NULL,
		"the copy has %" PRIu64 " row%s in table %s instead of %" PRIu64 ": %s", to->rows,
		str_plural(to->rows), table, from->rows, remedy);
}

bool copy_compare(struct store *to, const struct copy_sum sums[ENGINE_TABLES],
	const struct store_progress *progress, struct err *err)
{
	struct summing summing = { .progress = progress };

	for (int i = 0; i < ENGINE_TABLES; i++)
		summing.total += sums[i].rows;
	for (int i = 0; i < ENGINE_TABLES; i++) {
		summing.table = (enum engine_table)i;
		if (!step_call(to, ENGINE_READ, step_sum, &summing, err))
			return false;
		if (!copy_sum_is_equal(&sums[i], &summing.sum))
			return refuse(engine_tables[i].name, &sums[i], &summing.sum, err);
		summing.before += summing.sum.rows;
	}
	return true;
}
