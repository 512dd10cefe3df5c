#include "notify/outcomes.h"

#include <stdlib.h>

#include "base/log.h"

void outcomes_free(struct outcomes *outcomes)
{
	free(outcomes->at);
	*outcomes = (struct outcomes){ 0 };
}

static struct str copy(char *place, size_t size, struct str text)
{
	size_t len = text.len < size ? text.len : size;

	if (len > 0)
		memcpy(place, text.ptr, len);
	return (struct str){ place, len };
}

bool outcomes_add(struct outcomes *outcomes, const struct delivery_outcome *outcome)
{
	struct delivery_attempt *attempt;
	struct outcome *added;

	if (!outcomes->at)
		outcomes->at = malloc(OUTCOMES_MAX * sizeof(*outcomes->at));
	if (!outcomes->at || outcomes->count == OUTCOMES_MAX)
		return false;
	added = &outcomes->at[outcomes->count++];
	added->outcome = *outcome;
	attempt = &added->outcome.attempt;
	attempt->error = copy(added->error, sizeof(added->error), attempt->error);
	attempt->answer = copy(added->answer, sizeof(added->answer), attempt->answer);
	return true;
}

/* Whether the same call may succeed later. */
static bool can_pass(enum err_code code)
{
	return code == ERR_PANIC || code == ERR_BUSY || code == ERR_DISK_FULL ||
	       code == ERR_NO_MEMORY || code == ERR_UNKNOWN_OUTCOME;
}

static bool record_one(struct store *store, const struct delivery_outcome *outcome, struct err *err)
{
	if (store_webhook_settle(store, outcome, 1, err))
		return true;
	if (can_pass(err->code))
		return false;
	log_warn("webhook", "the end of an attempt cannot be recorded: %s", err_text(err));
	return true;
}

static void forget(struct outcomes *outcomes, size_t count)
{
	outcomes->count -= count;
	memmove(outcomes->at, outcomes->at + count, outcomes->count * sizeof(*outcomes->at));
	/* The texts have moved. */
	for (size_t i = 0; i < outcomes->count; i++) {
		struct delivery_attempt *attempt = &outcomes->at[i].outcome.attempt;

		attempt->error.ptr = outcomes->at[i].error;
		attempt->answer.ptr = outcomes->at[i].answer;
	}
}

/* Together; if one of them is refused, one after the other. */
static bool record_some(
	struct outcomes *outcomes, size_t count, struct store *store, struct err *err)
{
	struct delivery_outcome some[OUTCOMES_TOGETHER];
	size_t done = count;
	bool ok;

	for (size_t i = 0; i < count; i++)
		some[i] = outcomes->at[i].outcome;
	ok = store_webhook_settle(store, some, count, err);
	if (!ok && !can_pass(err->code)) {
		ok = true;
		for (done = 0; ok && done < count; done++)
			ok = record_one(store, &some[done], err);
		done -= !ok;
	} else if (!ok) {
		done = 0;
	}
	forget(outcomes, done);
	return ok;
}

bool outcomes_record(struct outcomes *outcomes, struct store *store, struct err *err)
{
	bool ok = true;

	while (ok && outcomes->count > 0) {
		size_t count = outcomes->count < OUTCOMES_TOGETHER ? outcomes->count
								   : OUTCOMES_TOGETHER;

		ok = record_some(outcomes, count, store, err);
	}
	return ok;
}
