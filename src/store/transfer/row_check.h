#pragma once
/*
 * Validation of rows of an export that only the store writes: numbers, quotas, webhooks and
 * Idempotency-Keys.
 * Part of the contract of the store (store.h). Pure.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "task/task.h"
#include "task/webhook.h"

/* The rules of the layers above. */
struct store_row_rules {
	int64_t now; /* wall-clock ms */
	bool (*is_tenant)(struct str name);
	bool (*is_dialect)(uint8_t code);
	bool (*has_numbers)(uint8_t dialect);
	/* Whether a request can have made a task; false with the reason in err. */
	bool (*check)(const struct task *task, struct err *err);
	/* dialect/webhook_rules.h */
	bool (*apply_webhook)(const struct webhook *webhook, struct arena *arena,
		struct webhook *made, struct err *err);
};

/*
 * Checks a row of the table "numbers", "quotas", "webhooks" or "idempotency". ERR_INVALID with the
 * part at fault and its rule; errors of the functions of the rules.
 */
bool store_check_row(const struct store_row_rules *rules, struct str table, struct str key,
	struct str value, struct err *err);
