/* The notifier: sends the deliveries of webhooks (notify/notifier.h). */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "notify/notifier.h"
#include "process/child.h"
#include "store/role.h"
#include "sys/lock.h"

/* In the home. Whoever has the lock sends; the kernel frees it when the process has ended. */
#define LOCK_NAME "notifier.lock"

/* For the threads that look up names: a name server that does not answer must not hold many. */
#define RESOLVER_OPTIONS "timeout:2 attempts:2"

static size_t read_networks(struct network networks[CONF_NETWORKS_MAX], const struct conf *conf)
{
	const char *text = conf->webhook_networks;
	size_t count = 0;

	while (*text && count < CONF_NETWORKS_MAX) {
		size_t len = strcspn(text, "\n");
		char item[CONF_TEXT_MAX] = "";
		struct err ignored;

		if (len < sizeof(item)) {
			memcpy(item, text, len);
			count += network_parse(&networks[count], item, &ignored);
		}
		text += len + (text[len] == '\n');
	}
	return count;
}

/* With a shared store one host sends at a time (store/role.h). */
struct sender {
	const struct child_context *child;
	struct store *store;
	struct store_role role;
};

/* Ends the notifier if another host has taken the role. */
static bool pause_sender(void *data, int64_t ms)
{
	struct sender *sender = data;
	struct err err = { 0 };

	if (store_is_shared(sender->store) && ms > ROLE_BEAT_MS)
		ms = ROLE_BEAT_MS;
	if (!child_pause(sender->child, ms))
		return false;
	/* Of a server that does not answer, the engine has told. */
	if (!store_role_renew(sender->store, &sender->role, &err) && err.code != ERR_BUSY)
		log_warn("notifier-role", "webhooks are not sent from here: %s", err_text(&err));
	return sender->role.held;
}

/* False if the process is asked to end. */
static bool take_role(struct sender *sender)
{
	struct err ignored;

	while (!store_role_renew(sender->store, &sender->role, &ignored) || !sender->role.held) {
		if (!child_pause(sender->child, ROLE_BEAT_MS / 4))
			return false;
	}
	return true;
}

/* Waits while the notifier of the generation before ends its requests. */
static bool take_lock(const struct child_context *child, int *fd, struct err *err)
{
	bool taken = false;

	do {
		if (!lock_try_file(child->conf->home, LOCK_NAME, fd, &taken, err))
			return false;
	} while (!taken && child_pause(child, CHILD_WAIT_MS / 4));
	return true;
}

/* Sends while this host has the role. */
static bool send_all(struct sender *sender, const struct notifier_config *config, struct err *err)
{
	struct err ignored;
	bool ok = true;

	while (ok && !sender->role.held && take_role(sender))
		ok = notifier_run(config, err);
	store_role_give_up(sender->store, &sender->role, &ignored);
	return ok;
}

/* False with err->code ERR_NONE: it was asked to end. */
static bool run(const struct child_context *child, struct store *store, struct err *err)
{
	struct sender sender = { .child = child, .store = store, .role.name = "notifier" };
	struct network networks[CONF_NETWORKS_MAX];
	struct notifier_config config = {
		.store = store,
		.networks = networks,
		.network_count = read_networks(networks, child->conf),
		.health = &child->scoreboard->store.health,
		.metrics = &child->scoreboard->attempts,
		.pause = pause_sender,
		.data = &sender,
	};
	int lock = -1;
	bool ok = take_lock(child, &lock, err) &&
		  (child_stop_requested() || lock < 0 || send_all(&sender, &config, err));

	if (lock >= 0)
		close(lock);
	return ok;
}

/* The store has logged why it is lost. */
static int fail(const struct child_context *child, const struct err *err)
{
	if (child_stop_requested() && err->code != ERR_PANIC)
		return 0;
	child_report_set(&child->slot->report, err);
	if (err->code == ERR_PANIC)
		return STORE_EXIT_PANIC;
	log_error("notifier", "deliveries of webhooks stop: %s", err_text(err));
	return 1;
}

int notifier_main(const struct child_context *child)
{
	struct store_options options;
	struct store *store = NULL;
	struct err err = { 0 };
	bool ok;

	child_catch_sigterm();
	setenv("RES_OPTIONS", RESOLVER_OPTIONS, 0);
	child_store_options(child, STORE_ATTACH, &options);
	if (!store_open(&store, &options, &err))
		return fail(child, &err);
	child->slot->state = CHILD_READY;
	ok = run(child, store, &err);
	if (!ok && err.code == ERR_PANIC)
		return fail(child, &err);
	store_close(store);
	return ok ? 0 : fail(child, &err);
}
