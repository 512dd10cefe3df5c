#include "process/census.h"

#include <stdio.h>

#include "base/clock.h"
#include "dialect/dialect.h"
#include "store/stats/state_counts.h"
#include "store/store.h"

#define SLICE_US 5000
#define TRIES	 3

/* ---- tenants ---- */

static void add_to_others(struct census_page *page, const struct census_tenant *tenant)
{
	page->other_tenants++;
	page->other_tasks += tenant->tasks;
	page->other_bytes += tenant->bytes;
}

static bool is_published(const struct census *census, const char *name)
{
	uint64_t passes = atomic_load(&census->passes);
	const struct census_page *page = &census->pages[passes % 2];

	for (size_t i = 0; passes > 0 && i < page->tenant_count; i++) {
		if (strcmp(page->tenants[i].name, name) == 0)
			return true;
	}
	return false;
}

static uint64_t with_advantage(uint64_t tasks)
{
	return tasks + tasks / 4 + 2;
}

/* Keeps the tenants in descending order of their rank, and adds up those that have no room. */
static bool take_tenant(const struct store_usage *usage, void *data)
{
	struct census_pass *pass = data;
	struct census_page *page = &pass->page;
	struct census_tenant tenant = { .tasks = usage->tasks, .bytes = usage->bytes };
	size_t i = page->tenant_count;
	uint64_t least = i == CENSUS_TENANTS ? page->tenants[i - 1].rank : 0;

	if (tenant.tasks == 0)
		return true;
	snprintf(tenant.name, sizeof(tenant.name), "%.*s", STR_ARGS(usage->tenant));
	tenant.rank = tenant.tasks;
	if (with_advantage(tenant.tasks) > least && is_published(pass->census, tenant.name))
		tenant.rank = with_advantage(tenant.tasks);
	if (tenant.rank <= least) {
		add_to_others(page, &tenant);
		return true;
	}
	if (i == CENSUS_TENANTS)
		add_to_others(page, &page->tenants[--i]);
	else
		page->tenant_count++;
	for (; i > 0 && page->tenants[i - 1].rank < tenant.rank; i--)
		page->tenants[i] = page->tenants[i - 1];
	page->tenants[i] = tenant;
	return true;
}

static bool begin_pass(struct census_pass *pass, struct store *store, struct err *err)
{
	struct census_page *page = &pass->page;

	page->tenant_count = page->row_count = 0;
	page->other_tenants = page->other_tasks = page->other_bytes = 0;
	pass->tenant = pass->dialect = 0;
	pass->passes = atomic_load(&pass->census->passes);
	pass->begun = store_each_usage(store, take_tenant, pass, err);
	return pass->begun;
}

/* ---- counts ---- */

static bool is_empty(const struct state_counts *counts)
{
	uint64_t sum = 0;

	for (int state = TASK_PENDING; state < TASK_STATES; state++)
		sum += counts->states[state];
	return sum == 0;
}

static bool count_next(struct census_pass *pass, struct store *store, struct err *err)
{
	struct census_page *page = &pass->page;
	const struct dialect *dialect = dialects[pass->dialect];
	struct str tenant = str_cstr(page->tenants[pass->tenant].name);
	struct state_counts counts;
	struct census_row row = { .tenant = (uint16_t)pass->tenant, .dialect = dialect->code };

	if (!store_count_states(store, tenant, dialect->code, &counts, err))
		return false;
	memcpy(row.states, counts.states, sizeof(row.states));
	row.ready = counts.ready;
	row.oldest_ready = counts.oldest_ready;
	if (!is_empty(&counts) && page->row_count < CENSUS_ROWS)
		page->rows[page->row_count++] = row;
	if (!dialects[++pass->dialect]) {
		pass->dialect = 0;
		pass->tenant++;
	}
	return true;
}

static void publish(struct census_pass *pass)
{
	struct census *census = pass->census;

	pass->page.at = clock_wall_ms();
	pass->begun = false;
	if (atomic_load(&census->passes) != pass->passes)
		return;
	census->pages[(pass->passes + 1) % 2] = pass->page;
	atomic_store(&census->passes, pass->passes + 1);
}

/* A tenant that cannot be read is left out, and the others are counted. */
static bool skip_tenant(struct census_pass *pass, const struct err *err)
{
	pass->dialect = 0;
	pass->tenant++;
	return err->code != ERR_PANIC && err->code != ERR_REBUILDING;
}

bool census_run(struct census_pass *pass, struct store *store, bool *more, struct err *err)
{
	int64_t until = clock_mono_us() + SLICE_US;

	if (!pass->begun && !begin_pass(pass, store, err))
		return false;
	while (pass->tenant < pass->page.tenant_count && clock_mono_us() < until) {
		if (count_next(pass, store, err) || skip_tenant(pass, err))
			continue;
		pass->begun = false;
		/* Lists are refused then, too; the next pass tries again. */
		return err->code == ERR_REBUILDING;
	}
	*more = pass->tenant < pass->page.tenant_count;
	if (!*more)
		publish(pass);
	return true;
}

/* A page that is copied is written again when two more passes have ended, unless a copy is slow. */
bool census_read(struct census *census, struct census_page *page)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t passes = atomic_load(&census->passes);

		if (passes == 0)
			return false;
		*page = census->pages[passes % 2];
		if (atomic_load(&census->passes) == passes &&
			page->tenant_count <= CENSUS_TENANTS && page->row_count <= CENSUS_ROWS)
			return true;
	}
	return false;
}
