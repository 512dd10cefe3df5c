#include "store/tasks/next_number.h"

#include "store/internal.h"

/* ---- set ---- */

struct setting {
	struct str tenant;
	uint8_t dialect;
	uint64_t next;
};

static int step_set(struct store *store, void *data, struct err *err)
{
	const struct setting *setting = data;
	uint64_t last;
	int rc = number_set_last(
		store, setting->tenant, setting->dialect, setting->next - 1, &last);

	if (rc != 0 || last < setting->next)
		return rc;
	err_set(err, ERR_CONFLICT, "number",
		"the numbers up to %llu were assigned before: the next one can only be higher",
		(unsigned long long)last);
	return STEP_FAILED;
}

bool store_set_next_number(
	struct store *store, struct str tenant, uint8_t dialect, uint64_t next, struct err *err)
{
	struct setting setting = { tenant, dialect, next };

	if (next == 0 || next > TASK_NUMBER_SET_MAX)
		return err_set(err, ERR_INVALID, "number",
			"the number must be an integer from 1 to %llu",
			(unsigned long long)TASK_NUMBER_SET_MAX);
	return store_may_write(store, err) &&
	       step_call_write(store, setting.tenant, step_set, &setting, err) &&
	       store_flush(store, err);
}

/* ---- list ---- */

/* A copied row; the tenant's bytes follow it. */
struct row {
	uint64_t last;
	uint32_t tenant_len;
	uint8_t dialect;
};

static bool copy_row(struct str key, struct str value, void *data)
{
	struct buf *rows = data;
	struct row row = { 0 };
	struct str tenant;

	if (!number_parse_row(key, &row.dialect, &tenant) || !str_to_u64(value, &row.last))
		return true;
	row.tenant_len = (uint32_t)tenant.len;
	buf_put(rows, &row, sizeof(row));
	buf_put_str(rows, tenant);
	return buf_ok(rows);
}

static int step_copy(struct store *store, void *data, struct err *err)
{
	struct buf *rows = data;
	int rc;

	(void)err;
	buf_reset(rows);
	rc = (int)store->engine->ops->each(store->engine, TABLE_META, false, copy_row, rows);
	return rc == 0 && !buf_ok(rows) ? ENGINE_NO_MEMORY : rc;
}

bool store_each_next_number(struct store *store,
	bool (*take)(const struct store_next_number *number, void *data), void *data,
	struct err *err)
{
	struct buf rows = BUF_INIT;
	struct str left;
	bool ok = step_call(store, ENGINE_VIEW, step_copy, &rows, err), more = ok;

	for (left = buf_str(&rows); more && left.len > 0;) {
		struct store_next_number number;
		struct row row;

		memcpy(&row, left.ptr, sizeof(row));
		left = str_skip(left, sizeof(row));
		number = (struct store_next_number){ { left.ptr, row.tenant_len }, row.dialect,
			row.last + 1 };
		left = str_skip(left, row.tenant_len);
		more = take(&number, data);
	}
	buf_free(&rows);
	return ok;
}
