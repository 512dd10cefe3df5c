#pragma once
/* Webhooks of "acme", as the notifier and requests use them. Helpers end the test on failure. */
#include "journal_fixture.h"
#include "store/internal.h"
#include "store/webhooks/webhooks.h"

#define WEBHOOK_NOW 1700000000000

/* Copies of webhooks, for webhook_keep(). Free the arena. */
struct webhook_gathering {
	struct webhook webhooks[4];
	struct arena arena;
	size_t count;
};

/* Pending deliveries: their numbers, and their bodies if they are short. */
struct webhook_listing {
	uint64_t numbers[300];
	char text[2000];
	size_t count;
};

/* Bodies: {"n":1,"there":true}, the number of the task and whether it exists; and large ones. */
void webhook_encode_small(const struct webhook *webhook, const struct journal_entry *entry,
	const struct task *task, struct buf *body);
void webhook_encode_large(const struct webhook *webhook, const struct journal_entry *entry,
	const struct task *task, struct buf *body);
/* An operation on the webhook of that number; the struct is borrowed. */
struct op webhook_make_op(struct op_webhook *webhook, unsigned number);
/* Carries it out; the caller frees the result. */
struct result webhook_run(struct store *store, struct op_webhook webhook, unsigned number);
/* The same without a result. */
void webhook_act(struct store *store, enum webhook_action action, unsigned number);
enum err_code webhook_error(struct store *store, struct op_webhook webhook, unsigned number);
void webhook_set_enabled(struct store *store, unsigned number, bool enabled, bool resumes);
struct webhook_state webhook_state_of(struct store *store, unsigned number);
/* Gathers for all webhooks, as the notifier does; returns the number of new deliveries. */
unsigned webhook_gather_with(struct store *store, outbox_encode_body *encoder, bool once);
unsigned webhook_gather(struct store *store);
struct webhook_listing webhook_pending_of(struct store *store, unsigned number);
/* The end of an attempt. */
void webhook_settle(struct store *store, unsigned webhook, uint64_t number,
	enum delivery_state state, unsigned status, int64_t at);
/* For store_webhook_each(). */
bool webhook_keep(const struct webhook *webhook, const struct webhook_state *state, void *data);
