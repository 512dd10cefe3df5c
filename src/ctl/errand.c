#include "ctl/errand.h"

#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/client.h"
#include "dialect/dialect.h"
#include "server/lock.h"
#include "server/setup.h"

/* How long a service may neither answer nor be down: while it starts or ends. */
#define PATIENCE_MS 5000
#define LOOK_MS	    50

/* With the lock in hand: nobody else is in the store. */
static bool run_in_store(
	const struct conf *conf, const struct admin_call *call, int *status, struct err *err)
{
	struct admin admin = { .conf = conf, .in = stdin, .out = stdout, .err = stderr };
	struct store_options options = {
		.mode = STORE_RECOVER,
		.home = conf->home,
		.regions = conf->regions,
		.expected_tasks = conf->expected_tasks,
		.cache_mb = conf->cache_mb,
		.indexes = dialect_indexes(),
	};
	bool panic, ok;

	if (!store_open(&admin.store, &options, err))
		return false;
	*status = admin_run(&admin, call, &panic);
	ok = panic || store_checkpoint(admin.store, 0, 0, err);
	store_close(admin.store);
	return ok;
}

static bool run_alone(
	const struct conf *conf, const struct admin_call *call, int *status, struct err *err)
{
	struct setup_owner owner;
	bool ok = false;
	int lock;

	if (!setup_owner(&owner, conf, err) || !setup_directories(conf, &owner, err) ||
		!lock_take(conf->home, &lock, err))
		return false;
	if (owner.change && fchown(lock, owner.uid, owner.gid) != 0)
		err_set(err, ERR_INTERNAL, "home", "the lock cannot be given to %s", owner.name);
	else
		ok = setup_privileges(&owner, err) && run_in_store(conf, call, status, err);
	close(lock);
	return ok;
}

/* True when it was done, by whomever. */
static bool run_once(const struct conf *conf, const struct admin_call *call, struct str request,
	int *status, struct err *err)
{
	bool answered;

	if (!client_call(conf->control, request, call->verb->input ? stdin : NULL, stdout, stderr,
		    &answered, status, err))
		return false;
	return answered || run_alone(conf, call, status, err);
}

int errand_run(const struct conf *conf, const struct admin_call *call)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	struct buf request = BUF_INIT;
	struct err err = { 0 };
	int status = 1;
	bool done = false;

	if (!admin_pack(call, &request))
		err_set(&err, ERR_NO_MEMORY, NULL, NULL);
	/* While the lock is held and nobody answers, the service is just starting or ending. */
	while (err.code == ERR_NONE) {
		done = run_once(conf, call, buf_str(&request), &status, &err);
		if (done || err.code != ERR_BUSY || clock_mono_ms() > until)
			break;
		err.code = ERR_NONE;
		poll(NULL, 0, LOOK_MS);
	}
	if (!done) {
		fprintf(stderr, "polytaskctl: %s\n", err_text(&err));
		status = 1;
	}
	buf_free(&request);
	return status;
}
