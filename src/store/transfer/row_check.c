#include "store/transfer/row_check.h"

#include <stdio.h>

#include "base/date.h"
#include "store/internal.h"
#include "store/tasks/idempotency.h"
#include "store/usage/usage.h"
#include "store/webhooks/webhooks.h"

static bool refuse(struct err *err, const char *part, const char *rule)
{
	return err_set(err, ERR_INVALID, part, "%s must be %s", part, rule);
}

static bool check_tenant(const struct store_row_rules *rules, struct str tenant, struct err *err)
{
	return rules->is_tenant(tenant) ||
	       refuse(err, "tenant", "1 to 31 lower-case letters, digits and -");
}

/* ---- numbers ---- */

static bool check_last(struct str value, uint64_t most, const char *rule, struct err *err)
{
	char text[24];
	uint64_t number;

	if (!str_to_u64(value, &number) || number == 0 || number > most)
		return refuse(err, "value", rule);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return str_eq(value, str_cstr(text)) || refuse(err, "value", rule);
}

static bool check_number(
	const struct store_row_rules *rules, struct str key, struct str value, struct err *err)
{
	struct str tenant;
	uint8_t dialect;

	if (number_parse_row(key, &dialect, &tenant)) {
		if (!rules->has_numbers(dialect))
			return refuse(err, "dialect", "one whose tasks have numbers");
		return check_tenant(rules, tenant, err) &&
		       check_last(value, TASK_NUMBER_IMPORT_MAX,
			       "an integer from 1 to 9000000000000000", err);
	}
	if (!revision_parse_row(key, &dialect, &tenant))
		return refuse(err, "key", "that of a number or a revision");
	if (!rules->is_dialect(dialect))
		return refuse(err, "dialect", "a known one");
	return check_tenant(rules, tenant, err) &&
	       check_last(value, TASK_REVISION_IMPORT_MAX, "an integer from 1 to 4503599627370496",
		       err);
}

_Static_assert(TASK_NUMBER_IMPORT_MAX == UINT64_C(9000000000000000), "the texts have this number");
_Static_assert(TASK_REVISION_IMPORT_MAX == UINT64_C(4503599627370496), "the texts have it");

/* ---- quotas ---- */

static bool is_limit(uint64_t limit)
{
	return limit == STORE_QUOTA_DEFAULT || limit <= INT64_MAX;
}

static bool check_quota(
	const struct store_row_rules *rules, struct str key, struct str value, struct err *err)
{
	struct usage_value limits;

	if (!check_tenant(rules, key, err))
		return false;
	if (!usage_set_limits(&limits, value))
		return refuse(err, "value", "two limits of 8 bytes");
	if (!is_limit(limits.max_tasks))
		return refuse(err, "tasks", "an integer below 2^63, or the mark of the default");
	return is_limit(limits.max_bytes) ||
	       refuse(err, "bytes", "an integer below 2^63, or the mark of the default");
}

/* ---- webhooks ---- */

static bool is_text(struct str text, size_t max)
{
	return text.len <= max && str_is_utf8(text) && !memchr(text.ptr, '\0', text.len);
}

/* The members that no request sets. */
static bool check_origin(const struct webhook *webhook, struct err *err)
{
	if (webhook->created < 0 || webhook->updated < webhook->created ||
		webhook->updated > DATE_MS_MAX)
		return refuse(err, "created and updated", "times from 1970 to 9999, in this order");
	if (webhook->revision == 0 || webhook->revision > TASK_REVISION_IMPORT_MAX)
		return refuse(err, "revision", "an integer from 1 to 4503599627370496");
	if (!is_text(webhook->created_by, TASK_USER_MAX) ||
		!is_text(webhook->updated_by, TASK_USER_MAX))
		return refuse(err, "user", "of at most 64 bytes");
	return (is_text(webhook->reason, WEBHOOK_REASON_MAX) &&
		       (!webhook->enabled || webhook->reason.len == 0)) ||
	       refuse(err, "reason", "a text of at most 200 bytes, and absent if it is enabled");
}

static bool check_old_secret(const struct webhook *webhook, struct err *err)
{
	bool is_set = optional_time_is_set(webhook->old_secret_ends);
	int64_t ends = is_set ? optional_time_ms(webhook->old_secret_ends) : 0;

	if (webhook->secret.len > WEBHOOK_SECRET_MAX ||
		webhook->old_secret.len > WEBHOOK_SECRET_MAX)
		return refuse(err, "secret", "of at most 64 bytes");
	return (is_set == (webhook->old_secret.len > 0) && ends >= 0 && ends <= DATE_MS_MAX) ||
	       refuse(err, "old_secret", "with a time of its end from 1970 to 9999, or absent");
}

static bool check_webhook(
	const struct store_row_rules *rules, struct str key, struct str value, struct err *err)
{
	struct webhook webhook = { 0 }, made;
	struct arena arena = { 0 };
	bool equal = false, ok;

	if (!webhook_parse_key(key, &webhook.tenant, &webhook.id))
		return refuse(err, "key", "that of a webhook");
	ok = check_tenant(rules, webhook.tenant, err) &&
	     (webhook_decode(&webhook, value, &arena) ||
		     refuse(err, "value", "a webhook as this version writes it")) &&
	     check_origin(&webhook, err) && check_old_secret(&webhook, err) &&
	     rules->apply_webhook(&webhook, &arena, &made, err);
	if (ok && !webhook_is_equal(&webhook, &made, &equal))
		ok = err_no_memory(err);
	else if (ok && !equal)
		ok = refuse(err, "value", "a webhook that a request can make");
	arena_free(&arena);
	return ok;
}

_Static_assert(TASK_USER_MAX == 64 && WEBHOOK_REASON_MAX == 200, "the texts have these numbers");

/* ---- Idempotency-Keys ---- */

static bool is_printable(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7E)
			return false;
	}
	return text.len > 0;
}

/* With a key of a later period, each request would search all periods up to it. */
static bool check_time(
	const struct store_row_rules *rules, const struct idempotency_row *row, struct err *err)
{
	if (row->time < 0 || row->time > rules->now + IDEMPOTENCY_PERIOD_MS)
		return refuse(err, "time", "from 1970 to a day from now");
	return idempotency_period(row->time) == row->period ||
	       refuse(err, "time", "in the period of the key");
}

static bool check_record(const struct store_row_rules *rules, const struct idempotency_row *row,
	struct str record, struct err *err)
{
	struct task task;

	if (!record_decode(&task, record))
		return refuse(err, "record", "a task as this version or an earlier one writes it");
	if (!str_eq(task.tenant, row->tenant))
		return refuse(err, "record", "a task of the key's tenant");
	return rules->check(&task, err);
}

static bool check_key(
	const struct store_row_rules *rules, struct str key, struct str value, struct err *err)
{
	struct idempotency_row row;

	if (!idempotency_parse_row(&row, key, value))
		return err_set(err, ERR_INVALID, NULL,
			"key and value must be those of an Idempotency-Key, or of a "
			"tenant's count");
	if (!check_tenant(rules, row.tenant, err))
		return false;
	if (row.is_tally)
		return true;
	if (row.user.len > TASK_USER_MAX)
		return refuse(err, "user", "of at most 64 bytes");
	if (!is_printable(row.key) || row.key.len > OP_IDEMPOTENCY_KEY_MAX)
		return refuse(err, "key", "1 to 255 characters of printable ASCII");
	if (!check_time(rules, &row, err))
		return false;
	if (row.record.len == 0 && row.companion.len == 0 && !row.is_item)
		return true; /* of a batch */
	return check_record(rules, &row, row.record, err) &&
	       (row.companion.len == 0 || check_record(rules, &row, row.companion, err));
}

/* ---- rows ---- */

static const struct {
	const char *name;
	bool (*check)(const struct store_row_rules *rules, struct str key, struct str value,
		struct err *err);
} tables[] = {
	{ "numbers", check_number },
	{ "quotas", check_quota },
	{ "webhooks", check_webhook },
	{ "idempotency", check_key },
};

bool store_check_row(const struct store_row_rules *rules, struct str table, struct str key,
	struct str value, struct err *err)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (str_eq(table, str_cstr(tables[i].name)))
			return tables[i].check(rules, key, value, err);
	}
	return err_set(err, ERR_INVALID, "table", "there is no table '%.*s'",
		(int)(table.len < 40 ? table.len : 40), table.ptr);
}
