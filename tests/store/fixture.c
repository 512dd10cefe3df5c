#include "fixture.h"

#include <stdio.h>

#include "base/clock.h"
#include "memory_engine.h"
#include "store/auth_table.h"
#include "store/pg/pg_server.h"
#include "store/usage/usage.h"

static struct str fold_status(struct str status, char scratch[INDEX_SCRATCH_SIZE])
{
	(void)scratch;
	return str_eq_nocase(status, STR("success")) ? STR("sucess") : status;
}

static const struct index_field fields_a[] = {
	INDEX_COMMON_FIELDS(task_own_kind),
	{ .code = BY_STATUS, .source = INDEX_STATUS, .name = "status", .normalize = fold_status },
	{ .code = BY_TYPE, .source = INDEX_FIELD, .name = "type" },
	{ 0 },
};
static const struct index_field fields_b[] = { INDEX_COMMON_FIELDS(task_own_kind), { 0 } };

const struct index_table fixture_indexes[] = {
	{ DIALECT_A, fields_a },
	{ DIALECT_B, fields_b },
	{ 0, NULL },
};

const struct index_table *fixture_tables = fixture_indexes;

struct store_options fixture_options(enum store_mode mode, const char *name)
{
	static char home[128], regions[128];

	snprintf(home, sizeof(home), "%s/%s/home", check_temp_dir(), name);
	snprintf(regions, sizeof(regions), "%s/%s/regions", check_temp_dir(), name);
	return (struct store_options){
		.mode = mode,
		.home = home,
		.regions = regions,
		.expected_tasks = 1000,
		.cache_mb = 8,
		.journal_entries = 1000000,
		.journal_ms = INT64_MAX / 2,
		.indexes = fixture_tables,
	};
}

struct store *fixture_open(const struct store_options *options)
{
	struct store *store = NULL;
	struct err err = { 0 };

	must(store_open(&store, options, &err), &err);
	return store;
}

struct store *fixture_ephemeral(void)
{
	struct store_options options = fixture_options(STORE_EPHEMERAL, "none");

	return fixture_open(&options);
}

struct id fixture_id(unsigned number)
{
	struct id id = { { 1 } };

	for (int i = 0; i < 4; i++)
		id.bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
	return id;
}

static unsigned number_of(const struct id *id)
{
	return (unsigned)id->bytes[12] << 24 | (unsigned)id->bytes[13] << 16 |
	       (unsigned)id->bytes[14] << 8 | id->bytes[15];
}

struct op fixture_op(enum op_kind kind, unsigned number)
{
	struct op op = {
		.kind = kind,
		.dialect = DIALECT_A,
		.tenant = STR("acme"),
		.actor = STR("alice"),
		.now = 1000 + number,
		.leave_end = true,
	};

	if (kind == OP_CREATE)
		op.new_id = fixture_id(number);
	else
		op.id = fixture_id(number);
	return op;
}

void fixture_create(struct store *store, unsigned number, const char *status, const char *type)
{
	struct op op = fixture_op(OP_CREATE, number);
	struct result result = { 0 };
	struct err err = { 0 };

	op.change.state = TASK_PENDING;
	op.change.status = str_cstr(status);
	if (type)
		assert_true(change_set_field(&op.change, STR("type"), str_cstr(type)));
	must(store_apply(store, &op, &result, &err), &err);
	store_result_free(&result);
}

struct op fixture_list(uint8_t field, const char *value)
{
	struct op op = fixture_op(OP_LIST, 0);

	if (value)
		assert_true(list_filter_add(&op.list, field, str_cstr(value)));
	else
		assert_true(list_sort_add(&op.list, field, false));
	return op;
}

void fixture_open_list(struct store *store, const struct op *op, struct result *result)
{
	struct err err = { 0 };

	must(store_apply(store, op, result, &err), &err);
	while (result->unfinished)
		must(store_go_on(result, op->slice_steps, &err), &err);
}

enum err_code fixture_error(struct store *store, const struct op *op)
{
	struct result result = { 0 };
	struct err err = { 0 };
	bool ok = store_apply(store, op, &result, &err);

	while (ok && result.unfinished)
		ok = store_go_on(&result, op->slice_steps, &err);
	store_result_free(&result);
	return ok ? ERR_NONE : err.code;
}

bool fixture_needs_flush(const struct store *store)
{
	return !store->sync_commits;
}

uint64_t fixture_rows(struct store *store, const struct op *op, char *text, size_t size)
{
	struct result result = { 0 };
	struct err err = { 0 };
	struct task row;
	uint64_t total = UINT64_MAX;
	size_t used = 0;
	bool end = false;

	text[0] = '\0';
	if (!store_apply(store, op, &result, &err))
		goto out;
	while (!end) {
		must(store_list_next(&result, &row, &end, &err), &err);
		if (!end && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%u", used ? " " : "",
				number_of(&row.id));
	}
	total = result.total;
out:
	store_result_free(&result);
	return total;
}

void fixture_expect_rows(struct store *store, const struct op *op, uint64_t total, const char *want)
{
	char rows[4096];

	assert_int_equal(fixture_rows(store, op, rows, sizeof(rows)), total);
	assert_string_equal(rows, want);
}

void fixture_verify(struct store *store, uint64_t tasks)
{
	struct store_report report;
	struct err err = { 0 };

	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.missing_entries, 0);
	assert_int_equal(report.stray_entries, 0);
	assert_int_equal(report.unreadable_records, 0);
	assert_int_equal(report.wrong_counts, 0);
	assert_int_equal(report.tasks, tasks);
}

struct row {
	enum engine_table table;
	struct str key, value;
};

static int step_put(struct store *store, void *data, struct err *err)
{
	const struct row *row = data;

	(void)err;
	return store_put(store, row->table, row->key, row->value, ENGINE_REPLACE);
}

void fixture_auth_put(struct store *store, enum store_table table, struct str key, struct str value)
{
	static const enum engine_table tables[] = {
		[STORE_USERS] = TABLE_USERS,
		[STORE_TOKENS] = TABLE_TOKENS,
		[STORE_SIGNING_KEYS] = TABLE_SIGNING_KEYS,
		[STORE_LOGINS] = TABLE_LOGINS,
	};
	struct row row = { tables[table], key, value };
	struct err err = { 0 };

	must(step_call(store, ENGINE_WRITE, step_put, &row, &err), &err);
	must(store_flush(store, &err), &err);
}

void fixture_set_read_only(struct store *store, bool read_only)
{
	atomic_store(&store->shared->read_only, read_only);
}

static int step_miscount(struct store *store, void *data, struct err *err)
{
	const struct str *tenant = data;
	struct usage_value value;
	bool exists;
	int rc = usage_get(store, *tenant, &value, &exists);

	(void)err;
	value.tasks++;
	return rc == 0 ? usage_put(store, *tenant, &value, exists) : rc;
}

void fixture_miscount(struct store *store, struct str tenant)
{
	struct err err = { 0 };

	must(step_call(store, ENGINE_WRITE, step_miscount, &tenant, &err), &err);
}

int fixture_setup_memory(void **state)
{
	struct store_options options = fixture_options(STORE_EPHEMERAL, "none");

	options.engine = &memory_engine_ops;
	*state = fixture_open(&options);
	return check_setup(state);
}

int fixture_setup_postgresql(void **state)
{
	struct store_options options = fixture_options(STORE_EPHEMERAL, "none");

	options.engine = &pg_engine_ops;
	options.url = pg_server_url();
	if (options.url)
		*state = fixture_open(&options);
	else
		check_skip(pg_server_lack());
	return check_setup(state);
}

int fixture_setup_ephemeral(void **state)
{
	*state = fixture_ephemeral();
	return check_setup(state);
}

int fixture_setup_folder(void **state)
{
	static char name[32];
	static int count;
	struct store_options options;

	snprintf(name, sizeof(name), "store%d", count++);
	options = fixture_options(STORE_RECOVER, name);
	*state = fixture_open(&options);
	return check_setup(state);
}

int fixture_teardown(void **state)
{
	store_close(*state);
	return check_teardown(state);
}
