#include <stdlib.h>
#include <sys/random.h>

#include "store/webhooks/webhooks.h"

#define NEW_SECRET_SIZE 32

struct run {
	const struct op *op;
	struct webhook_answer *answer;
	struct webhook_keys keys;
	char made[NEW_SECRET_SIZE]; /* a new secret */
	struct feed_place now;
	struct err now_err; /* why it is not known; else ERR_NONE */
	bool changed;	    /* something was written */
	bool notifies;	    /* the notifier has to look */
};

/* ---- the answer ---- */

void webhook_answer_free(struct webhook_answer *answer)
{
	if (!answer)
		return;
	arena_free(&answer->arena);
	free(answer);
}

size_t webhook_answer_memory(const struct webhook_answer *answer)
{
	return answer ? sizeof(*answer) + arena_memory(&answer->arena) : 0;
}

/* Room for webhooks; the step begins anew. */
static int reset_answer(struct webhook_answer *answer, size_t count)
{
	struct arena arena = answer->arena;

	arena_reset(&arena);
	*answer = (struct webhook_answer){ .arena = arena };
	answer->webhooks = arena_alloc(&answer->arena, (count + 1) * sizeof(*answer->webhooks));
	answer->states = arena_alloc(&answer->arena, (count + 1) * sizeof(*answer->states));
	if (!answer->webhooks || !answer->states)
		return ENGINE_NO_MEMORY;
	memset(answer->webhooks, 0, (count + 1) * sizeof(*answer->webhooks));
	memset(answer->states, 0, (count + 1) * sizeof(*answer->states));
	return 0;
}

static int read_state(struct store *store, struct webhook_answer *answer, size_t i)
{
	struct outbox outbox = { .state.missed = true };
	bool found;
	int rc = outbox_get(store, &answer->webhooks[i].id, false, &outbox, &found);

	answer->states[i] = outbox.state;
	return rc;
}

/* ---- one webhook ---- */

static int not_found(struct err *err)
{
	err_set(err, ERR_NOT_FOUND, NULL, "There is no such webhook.");
	return STEP_FAILED;
}

static int check_conditions(const struct op *op, const struct webhook *webhook, struct err *err)
{
	const struct task task = { .revision = webhook->revision, .updated = webhook->updated };

	if (change_meets_conditions(op, &task))
		return 0;
	err_set(err, ERR_PRECONDITION, NULL, "The webhook has changed since it was read.");
	return STEP_FAILED;
}

/* Begins a step about the webhook of the op. */
static int load(struct store *store, struct run *run, bool for_update, struct err *err)
{
	int rc = reset_answer(run->answer, 1);

	run->changed = run->notifies = false;
	if (rc == 0)
		rc = webhook_get(store, run->op->tenant, &run->op->id, for_update,
			&run->answer->arena, &run->answer->webhooks[0]);
	if (rc == ENGINE_NOT_FOUND)
		return not_found(err);
	run->answer->count = 1;
	return rc == 0 && for_update ? check_conditions(run->op, &run->answer->webhooks[0], err)
				     : rc;
}

static int step_read(struct store *store, void *data, struct err *err)
{
	struct run *run = data;
	int rc = load(store, run, false, err);

	if (rc == 0)
		rc = read_state(store, run->answer, 0);
	if (rc == 0 && run->op->webhook->action != WEBHOOK_READ)
		rc = webhook_read_deliveries(store, run->op, run->answer, err);
	return rc;
}

/* ---- all of a tenant ---- */

static int compare_ids(const void *a, const void *b)
{
	const struct webhook *left = a, *right = b;

	return id_compare(&left->id, &right->id);
}

static int step_read_keys(struct store *store, void *data, struct err *err)
{
	struct run *run = data;

	(void)err;
	return webhook_read_keys(store, run->op->tenant, &run->keys);
}

static int step_list(struct store *store, void *data, struct err *err)
{
	struct run *run = data;
	struct webhook_answer *answer = run->answer;
	struct str list = buf_str(&run->keys.bytes), tenant;
	struct id id;
	int rc = reset_answer(answer, run->keys.count);

	(void)err;
	while (rc == 0 && webhook_next_key(&list, &tenant, &id)) {
		rc = webhook_get(store, run->op->tenant, &id, false, &answer->arena,
			&answer->webhooks[answer->count]);
		answer->count += rc == 0;
		if (rc == ENGINE_NOT_FOUND)
			rc = 0;
	}
	qsort(answer->webhooks, answer->count, sizeof(*answer->webhooks), compare_ids);
	for (size_t i = 0; rc == 0 && i < answer->count; i++)
		rc = read_state(store, answer, i);
	return rc;
}

/* ---- create ---- */

bool webhook_check_count(const struct webhook_keys *keys, struct err *err)
{
	if (keys->count >= WEBHOOKS_MAX)
		return err_set(err, ERR_CONFLICT, NULL,
			"The tenant has %d webhooks, which is the limit.", WEBHOOKS_MAX);
	return keys->all < WEBHOOKS_ALL_MAX ||
	       err_set(err, ERR_CONFLICT, NULL, "The service has %d webhooks, which is the limit.",
		       WEBHOOKS_ALL_MAX);
}

static struct str new_secret(const struct run *run)
{
	struct str given = run->op->webhook->secret;

	return given.len > 0 ? given : (struct str){ run->made, sizeof(run->made) };
}

static int step_create(struct store *store, void *data, struct err *err)
{
	struct run *run = data;
	const struct op *op = run->op;
	struct outbox outbox = { .state.place = run->now };
	struct webhook *webhook;
	int rc = reset_answer(run->answer, 1);

	if (rc != 0)
		return rc;
	webhook = &run->answer->webhooks[0];
	*webhook = (struct webhook){ .id = op->new_id,
		.tenant = op->tenant,
		.method = WEBHOOK_POST,
		.parallel = 1,
		.enabled = true,
		.secret = new_secret(run),
		.created = op->now,
		.updated = op->now,
		.created_by = op->actor,
		.updated_by = op->actor,
		.revision = 1 };
	if (!op->webhook->change(op, webhook, err))
		return STEP_FAILED;
	rc = retry_if_exists(webhook_put(store, webhook, ENGINE_INSERT));
	if (rc == 0)
		rc = outbox_put(store, &webhook->id, &outbox);
	run->answer->count = 1;
	run->answer->states[0] = outbox.state;
	run->changed = run->notifies = true;
	return rc;
}

/* ---- change ---- */

/* The webhook goes from disabled to enabled. */
static int enable(
	struct store *store, const struct run *run, struct webhook *webhook, struct err *err)
{
	struct outbox outbox;
	int rc = outbox_lock(store, &webhook->id, &run->now, &outbox);

	if (rc != 0)
		return rc;
	if (run->now_err.code != ERR_NONE) {
		*err = run->now_err;
		return STEP_FAILED;
	}
	webhook->reason = STR("");
	outbox.state.failing_since = OPTIONAL_TIME_NONE;
	if (!run->op->webhook->resumes) {
		outbox.state.missed = false;
		outbox.state.place = run->now;
	}
	return outbox_put(store, &webhook->id, &outbox);
}

static int save(struct store *store, struct run *run, const struct webhook *before, struct err *err)
{
	struct webhook *webhook = &run->answer->webhooks[0];
	bool equal;
	int rc = 0;

	if (!webhook_is_equal(before, webhook, &equal))
		return ENGINE_NO_MEMORY;
	if (!equal) {
		webhook->revision++;
		webhook->updated_by = run->op->actor;
		if (run->op->now > webhook->updated)
			webhook->updated = run->op->now;
		if (!before->enabled && webhook->enabled)
			rc = enable(store, run, webhook, err);
		if (rc == 0)
			rc = webhook_put(store, webhook, ENGINE_REPLACE);
		run->changed = run->notifies = true;
	}
	return rc == 0 ? read_state(store, run->answer, 0) : rc;
}

static int step_change(struct store *store, void *data, struct err *err)
{
	struct run *run = data;
	struct webhook before;
	int rc = load(store, run, true, err);

	if (rc != 0)
		return rc;
	if (run->op->invalid) {
		*err = *run->op->invalid;
		return STEP_FAILED;
	}
	before = run->answer->webhooks[0];
	if (!run->op->webhook->change(run->op, &run->answer->webhooks[0], err))
		return STEP_FAILED;
	return save(store, run, &before, err);
}

static int step_rotate(struct store *store, void *data, struct err *err)
{
	struct run *run = data;
	const struct op_webhook *change = run->op->webhook;
	struct webhook before, *webhook;
	int rc = load(store, run, true, err);

	if (rc != 0)
		return rc;
	webhook = &run->answer->webhooks[0];
	if (!change->change(run->op, webhook, err))
		return STEP_FAILED;
	/* Most likely the response to the first one was lost, and receivers have the old secret. */
	if (change->keep_ms > 0 && webhook->old_secret.len > 0 &&
		optional_time_ms(webhook->old_secret_ends) > run->op->now) {
		err_set(err, ERR_CONFLICT, NULL,
			"The secret before this one still signs, and a rotation would end it: wait "
			"until old_secret_ends_at, or end it by keep_seconds 0.");
		return STEP_FAILED;
	}
	before = *webhook;
	webhook->old_secret = change->keep_ms > 0 ? webhook->secret : STR("");
	webhook->old_secret_ends = change->keep_ms > 0
					   ? optional_time(run->op->now + change->keep_ms)
					   : OPTIONAL_TIME_NONE;
	webhook->secret = new_secret(run);
	return save(store, run, &before, err);
}

/* ---- remove ---- */

/* Its rows in the outbox are removed by a chore. */
static int step_remove(struct store *store, void *data, struct err *err)
{
	struct run *run = data;
	struct index_key key;
	int rc = load(store, run, true, err);

	if (rc == 0)
		rc = read_state(store, run->answer, 0);
	if (rc != 0)
		return rc;
	webhook_key(&key, run->op->tenant, &run->op->id);
	rc = store_del(store, TABLE_WEBHOOKS, key_str(&key));
	outbox_key(&key, OUTBOX_REMOVED, &run->op->id);
	if (rc == 0)
		rc = store_put(store, TABLE_OUTBOX, key_str(&key), STR(""), ENGINE_REPLACE);
	run->changed = run->notifies = true;
	return rc;
}

/* ---- deliveries ---- */

static int step_add(struct store *store, void *data, struct err *err)
{
	struct run *run = data;
	int rc = load(store, run, true, err);

	if (rc == 0)
		rc = webhook_add_deliveries(store, run->op, &run->now, run->answer, err);
	run->changed = run->notifies = rc == 0;
	return rc;
}

/* ---- all of them ---- */

static const struct {
	store_step *step;
	bool writes;
	bool counts; /* needs the keys of all webhooks */
	bool grows;  /* not while the disk is nearly full */
	bool begins; /* needs the place of now */
	bool shows;  /* the response is the webhook: it has an entity tag */
} actions[WEBHOOK_ACTIONS] = {
	[WEBHOOK_CREATE] = { .step = step_create,
		.writes = true,
		.counts = true,
		.grows = true,
		.begins = true,
		.shows = true },
	[WEBHOOK_LIST] = { .step = step_list, .counts = true },
	[WEBHOOK_READ] = { .step = step_read, .shows = true },
	[WEBHOOK_CHANGE] = { .step = step_change, .writes = true, .begins = true, .shows = true },
	[WEBHOOK_REMOVE] = { .step = step_remove, .writes = true },
	[WEBHOOK_ROTATE] = { .step = step_rotate, .writes = true, .shows = true },
	[WEBHOOK_TEST] = { .step = step_add, .writes = true, .grows = true, .begins = true },
	[WEBHOOK_DELIVERIES] = { .step = step_read },
	[WEBHOOK_DELIVERY] = { .step = step_read },
	[WEBHOOK_REDELIVER] = { .step = step_add, .writes = true, .grows = true, .begins = true },
};

static bool prepare(struct store *store, struct run *run, struct err *err)
{
	enum webhook_action action = run->op->webhook->action;

	if (action == 0 || action >= WEBHOOK_ACTIONS)
		return err_set(err, ERR_INTERNAL, NULL, "no such operation");
	if ((actions[action].grows && !store_may_write(store, err)) ||
		(actions[action].counts && !step_run(store, ENGINE_VIEW, step_read_keys, run, err)))
		return false;
	/* A webhook can be disabled without a journal. */
	run->now_err.code = ERR_NONE;
	if (actions[action].begins &&
		!webhook_find_now(store, run->op->tenant, &run->now, &run->now_err) &&
		action != WEBHOOK_CHANGE) {
		*err = run->now_err;
		return false;
	}
	if (getrandom(run->made, sizeof(run->made), 0) != sizeof(run->made))
		return err_set(err, ERR_INTERNAL, NULL, "the system provides no random bytes");
	return action != WEBHOOK_CREATE || webhook_check_count(&run->keys, err);
}

bool webhook_apply(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct run run = { .op = op, .answer = calloc(1, sizeof(*run.answer)) };
	enum webhook_action action = op->webhook->action;
	bool ok;

	result->webhooks = run.answer;
	if (!run.answer)
		return err_no_memory(err);
	ok = prepare(store, &run, err) &&
	     (actions[action].writes
			     ? step_run_write(store, op->tenant, actions[action].step, &run, err)
			     : step_run(store, ENGINE_READ, actions[action].step, &run, err));
	if (ok && run.notifies)
		wake_raise_webhooks(store);
	if (ok && run.answer->count > 0 && run.changed)
		run.answer->webhooks[0].secret = arena_copy(
			&run.answer->arena, run.answer->webhooks[0].secret);
	if (ok && actions[action].shows)
		result->task.revision = run.answer->webhooks[0].revision;
	explicit_bzero(run.made, sizeof(run.made));
	buf_free(&run.keys.bytes);
	result->written = ok && run.changed && !store->sync_commits;
	return ok;
}
