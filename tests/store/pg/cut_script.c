#include "store/pg/cut_script.h"

#include <stdio.h>
#include <stdlib.h>

#define VALUE_SIZE  ((size_t)70 << 10) /* more than the buffer of a socket or of libpq */
#define NUMBERS	    3		       /* that a run takes */
#define COUNTER_KEY "counter"

static const struct engine_ops *const ops = &pg_engine_ops;

struct names {
	char row[16], second[18], undone[18];
};

static struct names names_of(unsigned run)
{
	struct names names;

	snprintf(names.row, sizeof(names.row), "run%06u", run % 1000000);
	snprintf(names.second, sizeof(names.second), "%s+", names.row);
	snprintf(names.undone, sizeof(names.undone), "%s-", names.row);
	return names;
}

static struct str large_value(unsigned run)
{
	static char bytes[VALUE_SIZE];

	memset(bytes, 'a' + (int)(run % 26), sizeof(bytes));
	return (struct str){ bytes, sizeof(bytes) };
}

/* ---- the transactions ---- */

static enum engine_status begin_in(struct engine *engine, const char *scope)
{
	enum engine_status status = ops->begin(engine, ENGINE_WRITE);

	return status == ENGINE_OK ? ops->lock(engine, str_cstr(scope)) : status;
}

static enum engine_status put(
	struct engine *engine, enum engine_table table, const char *key, struct str value)
{
	return ops->put(engine, table, str_cstr(key), value, ENGINE_REPLACE);
}

static enum engine_status raise_counter(struct engine *engine)
{
	struct buf old = BUF_INIT;
	enum engine_status status = ops->get(engine, TABLE_USAGE, STR(COUNTER_KEY), true, &old);
	unsigned counter = 0;
	char text[16];

	if (status == ENGINE_OK)
		counter = (unsigned)str_leading_number(buf_str(&old), UINT32_MAX);
	else if (status == ENGINE_NOT_FOUND)
		status = ENGINE_OK;
	buf_free(&old);
	if (status != ENGINE_OK)
		return status;
	snprintf(text, sizeof(text), "%08u", counter + 1);
	return put(engine, TABLE_USAGE, COUNTER_KEY, str_cstr(text));
}

static enum engine_status write_journal(struct engine *engine, const char *key)
{
	uint64_t first = 0;
	enum engine_status status = ops->take_numbers(engine, STR("acme"), NUMBERS, &first);
	char text[16];

	snprintf(text, sizeof(text), "%08u", (unsigned)first);
	return status == ENGINE_OK ? put(engine, TABLE_JOURNAL, key, str_cstr(text)) : status;
}

static enum engine_status write_acme(struct engine *engine, unsigned run)
{
	const struct names names = names_of(run);
	enum engine_status status = begin_in(engine, "acme");

	if (status == ENGINE_OK)
		status = raise_counter(engine);
	if (status == ENGINE_OK)
		status = ops->put(engine, TABLE_NAMED_TASKS, str_cstr(names.row), large_value(run),
			ENGINE_INSERT);
	if (status == ENGINE_OK)
		status = put(engine, TABLE_INDEX, names.row, STR(""));
	if (status == ENGINE_OK)
		status = put(engine, TABLE_INDEX, names.second, STR(""));
	if (status == ENGINE_OK)
		status = write_journal(engine, names.row);
	return status;
}

/* Its scan sends what the round has, so that the flush has to write back. */
static enum engine_status write_in_vain(struct engine *engine, unsigned run)
{
	const struct engine_range all = { .from = STR("run") };
	const struct names names = names_of(run);
	struct engine_batch batch = { 0 };
	enum engine_status status = begin_in(engine, "acme");

	if (status == ENGINE_OK)
		status = put(engine, TABLE_META, names.undone, STR("1"));
	if (status == ENGINE_OK)
		status = put(engine, TABLE_INDEX, names.undone, STR(""));
	if (status == ENGINE_OK)
		status = ops->scan(engine, TABLE_INDEX, &all, true, 2, &batch);
	engine_batch_free(&batch);
	return status;
}

static enum engine_status write_beta(struct engine *engine, unsigned run)
{
	const struct names names = names_of(run);
	enum engine_status status = begin_in(engine, "beta");

	return status == ENGINE_OK ? put(engine, TABLE_USERS, names.row, STR("user")) : status;
}

static enum engine_status end(struct engine *engine, enum engine_status status)
{
	if (status == ENGINE_OK)
		return ops->commit(engine);
	ops->abort(engine);
	return status;
}

struct cut_outcome cut_script_run(struct engine *engine, bool rounds, unsigned parts, unsigned run)
{
	struct cut_outcome outcome = { ENGINE_AWAY, ENGINE_AWAY };
	enum engine_status status = ENGINE_OK, flushed;

	if (parts & PART_ACME)
		status = outcome.acme = end(engine, write_acme(engine, run));
	if (status == ENGINE_OK) {
		status = write_in_vain(engine, run);
		ops->abort(engine);
	}
	if (status == ENGINE_OK && parts & PART_BETA)
		status = outcome.beta = end(engine, write_beta(engine, run));
	flushed = ops->flush(engine);
	if (!rounds) {
		assert_int_equal(flushed, ENGINE_OK);
		return outcome;
	}
	/* A round without its first commit is empty, and one whose later calls fail is lost. */
	if (outcome.acme == ENGINE_OK && status != ENGINE_OK)
		assert_int_not_equal(flushed, ENGINE_OK);
	if (outcome.acme == ENGINE_OK)
		outcome.acme = flushed;
	if (outcome.beta == ENGINE_OK)
		outcome.beta = flushed;
	return outcome;
}

enum engine_status cut_script_insert_again(struct engine *engine, unsigned run)
{
	const struct names names = names_of(run);
	enum engine_status status = begin_in(engine, "acme");

	if (status == ENGINE_OK)
		status = ops->put(engine, TABLE_NAMED_TASKS, str_cstr(names.row), STR("again"),
			ENGINE_INSERT);
	ops->abort(engine);
	return status;
}

/* ---- what another engine finds ---- */

static bool read_row(
	struct engine *engine, enum engine_table table, const char *key, struct buf *out)
{
	enum engine_status status;

	buf_reset(out);
	status = ops->get(engine, table, str_cstr(key), false, out);
	assert_true(status == ENGINE_OK || status == ENGINE_NOT_FOUND);
	return status == ENGINE_OK;
}

static unsigned read_number(struct engine *engine, enum engine_table table, const char *key)
{
	struct buf out = BUF_INIT;
	unsigned number = 0;

	if (read_row(engine, table, key, &out))
		number = (unsigned)str_leading_number(buf_str(&out), UINT32_MAX);
	buf_free(&out);
	return number;
}

static void look_now(struct engine *engine, struct cut_state *state)
{
	state->counter = read_number(engine, TABLE_USAGE, COUNTER_KEY);
	assert_int_equal(ops->read_scope(engine, STR("acme"), &state->acme), ENGINE_OK);
	assert_int_equal(ops->read_scope(engine, STR("beta"), &state->beta), ENGINE_OK);
}

void cut_script_look(struct engine *engine, struct cut_state *state)
{
	assert_int_equal(ops->begin(engine, ENGINE_VIEW), ENGINE_OK);
	look_now(engine, state);
	ops->abort(engine);
}

static bool has_acme(struct engine *engine, const struct cut_state *before, unsigned run)
{
	const struct names names = names_of(run);
	struct buf out = BUF_INIT;
	struct cut_state now;
	bool made = read_row(engine, TABLE_NAMED_TASKS, names.row, &out);

	if (made)
		assert_true(str_eq(buf_str(&out), large_value(run)));
	look_now(engine, &now);
	assert_int_equal(now.counter, before->counter + made);
	assert_int_equal(now.acme.version, before->acme.version + made);
	assert_int_equal(now.acme.number, before->acme.number + (made ? NUMBERS : 0));
	assert_int_equal(
		read_number(engine, TABLE_JOURNAL, names.row), made ? before->acme.number + 1 : 0);
	assert_int_equal(read_row(engine, TABLE_INDEX, names.row, &out), made);
	assert_int_equal(read_row(engine, TABLE_INDEX, names.second, &out), made);
	buf_free(&out);
	return made;
}

static bool has_beta(struct engine *engine, const struct cut_state *before, unsigned run)
{
	struct buf out = BUF_INIT;
	struct cut_state now;
	bool made = read_row(engine, TABLE_USERS, names_of(run).row, &out);

	look_now(engine, &now);
	assert_int_equal(now.beta.version, before->beta.version + made);
	buf_free(&out);
	return made;
}

unsigned cut_script_find(struct engine *engine, const struct cut_state *before, unsigned run)
{
	const struct names names = names_of(run);
	struct buf out = BUF_INIT;
	unsigned found = 0;

	assert_int_equal(ops->begin(engine, ENGINE_VIEW), ENGINE_OK);
	found |= has_acme(engine, before, run) ? PART_ACME : 0;
	found |= has_beta(engine, before, run) ? PART_BETA : 0;
	assert_false(read_row(engine, TABLE_META, names.undone, &out));
	assert_false(read_row(engine, TABLE_INDEX, names.undone, &out));
	ops->abort(engine);
	buf_free(&out);
	return found;
}
