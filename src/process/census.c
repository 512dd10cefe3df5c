#include "process/census.h"

#include <stdio.h>

#include "base/clock.h"
#include "dialect/dialect.h"
#include "store/stats/state_counts.h"
#include "store/store.h"

#define SLICE_US 5000
#define TRIES	 3

/* ---- tenants ---- */

static void add_to_others(struct census_pass *pass, const struct census_tenant *tenant)
{
	struct census_page *page = &pass->page;

	buf_put(&pass->other_names, tenant->name, strlen(tenant->name) + 1);
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
	struct census_tenant tenant = { .tasks = usage->tasks,
		.bytes = usage->bytes,
		.max_tasks = usage->max_tasks,
		.max_bytes = usage->max_bytes };
	size_t i = page->tenant_count;
	uint64_t least = i == CENSUS_TENANTS ? page->tenants[i - 1].rank : 0;

	if (tenant.tasks == 0)
		return true;
	snprintf(tenant.name, sizeof(tenant.name), "%.*s", STR_ARGS(usage->tenant));
	tenant.rank = tenant.tasks;
	if (with_advantage(tenant.tasks) > least && is_published(pass->census, tenant.name))
		tenant.rank = with_advantage(tenant.tasks);
	if (tenant.rank <= least) {
		add_to_others(pass, &tenant);
		return true;
	}
	if (i == CENSUS_TENANTS)
		add_to_others(pass, &page->tenants[--i]);
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
	pass->tenant = pass->other = pass->dialect = 0;
	memset(pass->others, 0, sizeof(pass->others));
	buf_reset(&pass->other_names);
	pass->passes = atomic_load(&pass->census->passes);
	pass->begun = store_each_usage(store, take_tenant, pass, err) &&
		      (buf_ok(&pass->other_names) || err_no_memory(err));
	return pass->begun;
}

/* ---- the tenant that is counted ---- */

static bool is_named(const struct census_pass *pass)
{
	return pass->tenant < pass->page.tenant_count;
}

static bool is_done(const struct census_pass *pass)
{
	return !is_named(pass) && pass->other >= pass->other_names.len;
}

static const char *present_tenant(const struct census_pass *pass)
{
	return is_named(pass) ? pass->page.tenants[pass->tenant].name
			      : pass->other_names.data + pass->other;
}

static void next_tenant(struct census_pass *pass)
{
	pass->dialect = 0;
	if (is_named(pass))
		pass->tenant++;
	else
		pass->other += strlen(present_tenant(pass)) + 1;
}

/* ---- counts ---- */

static bool is_empty(const uint64_t states[TASK_STATES])
{
	uint64_t sum = 0;

	for (int state = TASK_PENDING; state < TASK_STATES; state++)
		sum += states[state];
	return sum == 0;
}

static void add_row(struct census_page *page, const struct census_row *row)
{
	if (!is_empty(row->states) && page->row_count < CENSUS_ROWS)
		page->rows[page->row_count++] = *row;
}

static void sum_up(struct census_row *sum, const struct census_row *row)
{
	sum->tenant = CENSUS_OTHERS;
	sum->dialect = row->dialect;
	for (int state = TASK_PENDING; state < TASK_STATES; state++)
		sum->states[state] += row->states[state];
	sum->ready += row->ready;
	if (!optional_time_is_set(sum->oldest_ready) ||
		(optional_time_is_set(row->oldest_ready) &&
			optional_time_ms(row->oldest_ready) < optional_time_ms(sum->oldest_ready)))
		sum->oldest_ready = row->oldest_ready;
}

static bool count_next(struct census_pass *pass, struct store *store, struct err *err)
{
	const struct dialect *dialect = dialects[pass->dialect];
	struct state_counts counts;
	struct census_row row = { .tenant = (uint16_t)pass->tenant, .dialect = dialect->code };

	if (!store_count_states(store, str_cstr(present_tenant(pass)), dialect->code, &counts, err))
		return false;
	memcpy(row.states, counts.states, sizeof(row.states));
	row.ready = counts.ready;
	row.oldest_ready = counts.oldest_ready;
	if (is_named(pass))
		add_row(&pass->page, &row);
	else if (pass->dialect < CENSUS_DIALECTS)
		sum_up(&pass->others[pass->dialect], &row);
	if (!dialects[++pass->dialect])
		next_tenant(pass);
	return true;
}

static void publish(struct census_pass *pass)
{
	struct census *census = pass->census;

	for (size_t i = 0; i < CENSUS_DIALECTS; i++)
		add_row(&pass->page, &pass->others[i]);
	buf_free(&pass->other_names);
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
	next_tenant(pass);
	return err->code != ERR_PANIC && err->code != ERR_REBUILDING;
}

bool census_run(struct census_pass *pass, struct store *store, bool *more, struct err *err)
{
	int64_t until = clock_mono_us() + SLICE_US;

	if (!pass->begun && !begin_pass(pass, store, err))
		return false;
	while (!is_done(pass) && clock_mono_us() < until) {
		if (count_next(pass, store, err) || skip_tenant(pass, err))
			continue;
		pass->begun = false;
		/* Lists are refused then, too; the next pass tries again. */
		return err->code == ERR_REBUILDING;
	}
	*more = !is_done(pass);
	if (!*more)
		publish(pass);
	return true;
}

void census_pass_free(struct census_pass *pass)
{
	buf_free(&pass->other_names);
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
