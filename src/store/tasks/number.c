#include "store/internal.h"

/*
 * The last number that was assigned is a row of the meta table, because it must outlive the task
 * that has it. Writers of one tenant and dialect wait for each other here until the end of the
 * transaction.
 */
#define NUMBER_MARK "number"
/* The same for the highest revision of a removed task that its client had named. */
#define REVISION_MARK "revision"

static void mark_key(struct index_key *key, const char *mark, struct str tenant, uint8_t dialect)
{
	size_t len = tenant.len < INDEX_TENANT_MAX ? tenant.len : INDEX_TENANT_MAX;

	key->len = strlen(mark) + 1;
	memcpy(key->bytes, mark, key->len);
	key->bytes[key->len++] = dialect;
	memcpy(key->bytes + key->len, tenant.ptr, len);
	key->len += len;
}

/* The last number that was assigned, and how to write the next one. */
struct last {
	uint64_t number; /* 0: none */
	enum engine_put how;
};

static int get_last(
	struct store *store, const struct index_key *key, bool for_update, struct last *last)
{
	struct buf text = BUF_INIT;
	int rc = store_get(store, TABLE_META, key_str(key), for_update, &text);

	if (rc != 0 || !str_to_u64(buf_str(&text), &last->number))
		last->number = 0;
	last->how = rc == 0 ? ENGINE_REPLACE : ENGINE_INSERT;
	buf_free(&text);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int put_last(
	struct store *store, const struct index_key *key, const struct last *last, uint64_t number)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	struct str value = { text, (size_t)len };

	return retry_if_exists(store_put(store, TABLE_META, key_str(key), value, last->how));
}

void number_expect(struct store *store, const struct op *op)
{
	struct index_key key;

	mark_key(&key, NUMBER_MARK, op->tenant, op->dialect);
	store_expect(store, TABLE_META, key_str(&key));
}

int number_next(struct store *store, const struct op *op, uint64_t *number, struct err *err)
{
	struct index_key key;
	struct last last;
	int rc;

	mark_key(&key, NUMBER_MARK, op->tenant, op->dialect);
	rc = get_last(store, &key, true, &last);
	if (rc == 0 && last.number >= TASK_NUMBER_MAX) {
		err_set(err, ERR_STORAGE_QUOTA, NULL, "The numbers of tasks are used up.");
		return STEP_FAILED;
	}
	*number = last.number + 1;
	return rc == 0 ? put_last(store, &key, &last, *number) : rc;
}

int number_set_last(
	struct store *store, struct str tenant, uint8_t dialect, uint64_t number, uint64_t *before)
{
	struct index_key key;
	struct last last;
	int rc;

	mark_key(&key, NUMBER_MARK, tenant, dialect);
	rc = get_last(store, &key, true, &last);
	*before = last.number;
	return rc == 0 && last.number < number ? put_last(store, &key, &last, number) : rc;
}

int number_reserve(struct store *store, const struct task *task)
{
	struct index_key key;
	struct last last;
	int rc;

	if (task->number == 0)
		return 0;
	mark_key(&key, NUMBER_MARK, task->tenant, task->dialect);
	rc = get_last(store, &key, true, &last);
	if (rc != 0 || last.number >= task->number)
		return rc;
	return put_last(store, &key, &last, task->number);
}

/* ---- revisions of tasks that clients name ---- */

/* Revisions from here on are times; no task is changed that often. */
#define REVISION_TIME_MIN 1000000000

int revision_first(struct store *store, const struct op *op, uint64_t *revision)
{
	struct index_key key;
	struct last last;
	int rc;

	*revision = 1;
	if (!op->client_named || op->now < REVISION_TIME_MIN)
		return 0;
	mark_key(&key, REVISION_MARK, op->tenant, op->dialect);
	rc = get_last(store, &key, false, &last);
	*revision = last.number >= (uint64_t)op->now ? last.number + 1 : (uint64_t)op->now;
	return rc;
}

int revision_retire(struct store *store, const struct task *task)
{
	struct index_key key;
	struct last last;
	int rc;

	if (task->revision < REVISION_TIME_MIN)
		return 0;
	mark_key(&key, REVISION_MARK, task->tenant, task->dialect);
	rc = get_last(store, &key, true, &last);
	if (rc != 0 || last.number > task->revision)
		return rc;
	return put_last(store, &key, &last, task->revision + 1);
}

/* ---- export and import ---- */

static bool parse_row(struct str key, struct str mark, uint8_t *dialect, struct str *tenant)
{
	if (key.len <= mark.len + 1 || !str_starts(key, mark))
		return false;
	*dialect = (uint8_t)key.ptr[mark.len];
	*tenant = str_skip(key, mark.len + 1);
	return true;
}

bool number_parse_row(struct str key, uint8_t *dialect, struct str *tenant)
{
	return parse_row(key, STR(NUMBER_MARK "\0"), dialect, tenant);
}

bool revision_parse_row(struct str key, uint8_t *dialect, struct str *tenant)
{
	return parse_row(key, STR(REVISION_MARK "\0"), dialect, tenant);
}

bool number_is_row(struct str key)
{
	struct str tenant;
	uint8_t dialect;

	return number_parse_row(key, &dialect, &tenant) ||
	       revision_parse_row(key, &dialect, &tenant);
}

int number_raise(struct store *store, struct str key, uint64_t number)
{
	struct index_key row = { .len = key.len };
	struct last last;
	int rc;

	memcpy(row.bytes, key.ptr, key.len);
	rc = get_last(store, &row, true, &last);
	if (rc != 0 || last.number >= number)
		return rc;
	return put_last(store, &row, &last, number);
}
