#include "store/hosts/hosts.h"
#include "store/transfer/copy_parts.h"

/* ---- the target ---- */

static bool end_at_row(struct str key, struct str value, void *data)
{
	bool *found = data;

	(void)key, (void)value;
	*found = true;
	return false;
}

static int step_find_row(struct store *store, void *data, struct err *err)
{
	bool *found = data;
	int rc = 0;

	(void)err;
	for (int i = 0; rc == 0 && !*found && i < ENGINE_TABLES; i++)
		rc = (int)store->engine->ops->each(
			store->engine, (enum engine_table)i, true, end_at_row, found);
	return rc;
}

static bool has_secret(const struct store *store, const struct id_secret *secret)
{
	return memcmp(&store->engine->secret, secret, sizeof(*secret)) == 0;
}

/* Not the secret of an empty store, which can still be replaced. */
static bool check_target(struct store *to, const struct id_secret *secret, struct err *err)
{
	struct copy_mark mark;
	bool found = false;

	if (!copy_mark_read(to, &mark, err) ||
		!step_call(to, ENGINE_READ, step_find_row, &found, err))
		return false;
	if (!found || (mark.present && has_secret(to, secret)))
		return true;
	return err_set(err, ERR_CONFLICT, NULL,
		mark.present ? "the target is an unfinished copy of another store; nothing was "
			       "changed"
			     : "the target has a store already; nothing was changed");
}

/*
 * Files are marked before the copy waits for hosts. A server is marked later, because a host
 * may use it.
 */
static bool mark_files(struct store *to, struct err *err)
{
	struct copy_mark mark;

	if (!copy_mark_read(to, &mark, err))
		return false;
	if (mark.present)
		return true;
	mark.present = true;
	return copy_mark_write(to, &mark, err);
}

/*
 * The secret of a new home is set when its files are made. That of a server was made by the
 * operator's `store init`: it is replaced when nothing depends on it.
 */
bool store_copy_open(struct store **to, const struct store_options *options,
	const struct store *from, struct err *err)
{
	struct store_options target = *options;
	const struct id_secret *secret = &from->engine->secret;
	bool is_remote = options->url && options->url[0];

	target.copy = STORE_COPY_ROWS;
	target.secret = is_remote ? NULL : secret;
	if (!store_open(to, &target, err) || !check_target(*to, secret, err))
		return false;
	if (has_secret(*to, secret))
		return is_remote || mark_files(*to, err);
	store_close(*to);
	*to = NULL;
	target.secret = secret;
	return store_open(to, &target, err) &&
	       (has_secret(*to, secret) ||
		       err_set(err, ERR_CONFLICT, NULL,
			       "the target has a store already; nothing was changed"));
}

/* ---- the hosts ---- */

struct watched {
	struct store_hosts_rows from, to;
};

static bool begin_watch(
	struct store *from, struct store *to, struct watched *watched, struct err *err)
{
	return store_hosts_await_silence(from, &watched->from, err) &&
	       store_hosts_await_silence(to, &watched->to, err);
}

static bool end_watch(
	struct store *from, struct store *to, const struct watched *watched, struct err *err)
{
	struct watched now;

	if (!store_hosts_look(from, &now.from, err) || !store_hosts_look(to, &now.to, err))
		return false;
	return (store_hosts_are_same(&watched->from, &now.from) &&
		       store_hosts_are_same(&watched->to, &now.to)) ||
	       err_set(err, ERR_CONFLICT, NULL,
		       "a host has begun to use the store of the server during the copy: stop its "
		       "service and run the command again");
}

/* ---- the copy ---- */

static int step_ask_floor(struct store *store, void *data, struct err *err)
{
	(void)err;
	return journal_floor_ask(store, data);
}

static int step_put_floor(struct store *store, void *data, struct err *err)
{
	const struct journal_floor *floor = data;

	(void)err;
	return journal_put_floor(store, floor->number);
}

static bool set_floor(struct copying *copying, struct err *err)
{
	return step_call(copying->from, ENGINE_READ, step_ask_floor, &copying->floor, err) &&
	       (copying->floor.number == 0 || step_call_write(copying->to, STR(""), step_put_floor,
						      &copying->floor, err)) &&
	       store_flush(copying->to, err) && store_checkpoint(copying->to, true, NULL, err);
}

static void count_rows(const struct copying *copying, const struct copy_mark *begin,
	struct store_copy_report *report)
{
	*report = (struct store_copy_report){ 0 };
	for (int i = 0; i < ENGINE_TABLES; i++) {
		uint64_t rows = copying->sums[i].rows;

		report->rows += rows;
		if (i < (int)begin->table)
			report->before += rows;
		else if (i == (int)begin->table)
			report->before += rows < begin->rows ? rows : begin->rows;
	}
}

static void begin_phase(void (*phase)(const char *name), const char *name)
{
	if (phase)
		phase(name);
}

/* The end of an earlier run may have changed the target since, but not the source. */
static bool check_unchanged(const struct copying *copying, struct err *err)
{
	struct copy_sum total = copy_sum_total(copying->sums);

	return copy_sum_is_equal(&total, &copying->mark.total) ||
	       err_set(err, ERR_CONFLICT, NULL,
		       "the store was changed since it was copied: empty the target and run the "
		       "command again");
}

static bool compare(struct copying *copying, const struct watched *watched, struct err *err)
{
	if (!copy_compare(copying->to, copying->sums, copying->progress, err) ||
		!end_watch(copying->from, copying->to, watched, err))
		return false;
	copying->mark = (struct copy_mark){
		.present = true, .compared = true, .total = copy_sum_total(copying->sums)
	};
	return copy_mark_write(copying->to, &copying->mark, err);
}

static bool copy(struct copying *copying, void (*phase)(const char *name),
	const struct watched *watched, struct store_copy_report *report, struct err *err)
{
	const struct copy_mark begin = copying->mark;

	begin_phase(phase, "copying");
	copying->mark.present = true;
	if ((!begin.present && !copy_mark_write(copying->to, &copying->mark, err)) ||
		!copy_rows(copying, err))
		return false;
	count_rows(copying, &begin, report);
	if (begin.compared)
		return check_unchanged(copying, err);
	if (!set_floor(copying, err))
		return false;
	begin_phase(phase, "comparing");
	return compare(copying, watched, err);
}

bool store_copy(struct store *from, struct store *to, void (*phase)(const char *name),
	const struct store_progress *progress, struct store_copy_report *report, struct err *err)
{
	struct copying copying = { .from = from, .to = to, .progress = progress };
	struct watched watched;
	bool ok = begin_watch(from, to, &watched, err) && copy_mark_read(to, &copying.mark, err) &&
		  copy(&copying, phase, &watched, report, err);

	copying_free(&copying);
	return ok;
}

/* ---- the end ---- */

static int step_finish(struct store *store, void *data, struct err *err)
{
	struct copy_mark mark;
	int rc = copy_mark_get(store, &mark);

	(void)data;
	if (rc == 0 && mark.compared)
		return copy_mark_remove(store);
	if (rc == 0)
		err_set(err, ERR_CONFLICT, NULL, "the store is not a copy that was compared");
	return rc == 0 ? STEP_FAILED : rc;
}

bool store_copy_finish(struct store *to, struct err *err)
{
	return step_call_write(to, STR(""), step_finish, NULL, err) && store_flush(to, err) &&
	       store_checkpoint(to, false, NULL, err);
}
