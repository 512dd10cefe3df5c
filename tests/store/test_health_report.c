/* What OP_HEALTH shows: conditions of the service and figures of the tenant, of no other one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "webhook_fixture.h"

#define MINUTE ((int64_t)60 * 1000)

static struct result report(struct store *store, struct str tenant, int64_t now)
{
	struct op op = fixture_op(OP_HEALTH, 0);
	struct result result = { 0 };
	struct err err = { 0 };

	op.dialect = 0;
	op.tenant = tenant;
	op.now = now;
	must(store_apply(store, &op, &result, &err), &err);
	return result;
}

static const struct health_check *find(const struct result *result, const char *name)
{
	for (size_t i = 0; i < result->health->count; i++) {
		if (strcmp(result->health->checks[i].name, name) == 0)
			return &result->health->checks[i];
	}
	return NULL;
}

/* One that is there, or the test ends. */
static struct health_check need(const struct result *result, const char *name)
{
	const struct health_check *check = find(result, name);

	if (!check) {
		fail_msg("no check %s", name);
		return (struct health_check){ 0 };
	}
	return *check;
}

/* The names of the checks that need attention (" a b"). */
static void expect_attention(struct store *store, struct str tenant, int64_t now, const char *want)
{
	struct result result = report(store, tenant, now);
	char text[500] = "";
	size_t used = 0;

	for (size_t i = 0; i < result.health->count; i++) {
		const struct health_check *check = &result.health->checks[i];

		if (check->advice)
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, " %s", check->name);
	}
	assert_string_equal(text, want);
	assert_int_equal(result.health->attention, *want != '\0');
	store_result_free(&result);
}

static void expect_figure(struct store *store, struct str tenant, const char *name, uint64_t value)
{
	struct result result = report(store, tenant, 1000);

	assert_int_equal(need(&result, name).value, value);
	store_result_free(&result);
}

static void expect_absent(struct store *store, const char *name)
{
	struct result result = report(store, STR("acme"), 1000);

	assert_null(find(&result, name));
	store_result_free(&result);
}

static void conditions_of_the_service(void **state)
{
	struct store *store = *state;
	struct store_health *health = &store->shared->health;

	expect_attention(store, STR("acme"), 1000, "");
	fixture_set_read_only(store, true);
	expect_attention(store, STR("acme"), 1000, " read_only");
	fixture_set_read_only(store, false);
	atomic_store(&health->index, INDEX_BUILDING);
	expect_attention(store, STR("acme"), 1000, " lists_refused");
	atomic_store(&health->index, INDEX_COMPLETE);
	atomic_store(&health->archive, ARCHIVE_FAILING);
	atomic_store(&health->damaged_pages, 2);
	expect_attention(store, STR("acme"), 1000, " damaged_pages archive");
	expect_figure(store, STR("acme"), "damaged_pages", 2);
}

/* A store behind a server has no files, but a server. */
static void figures_follow_from_the_engine(void **state)
{
	struct store *store = *state;
	struct store_health *health = &store->shared->health;

	atomic_store(&health->damaged_pages, 2);
	atomic_store(&health->server_away_since, 1);
	expect_attention(store, STR("acme"), 1000, " damaged_pages");
	expect_absent(store, "server_away_since");
	atomic_store(&health->engine, HEALTH_ENGINE_POSTGRESQL);
	expect_attention(store, STR("acme"), 1000, " server_away_since");
	expect_absent(store, "damaged_pages");
	expect_absent(store, "free_bytes");
	expect_figure(store, STR("acme"), "engine", HEALTH_ENGINE_POSTGRESQL);
}

static void words(void **state)
{
	struct store *store = *state;
	struct store_health *health = &store->shared->health;
	struct result result;

	atomic_store(&health->archive, ARCHIVE_FAILING);
	atomic_store(&health->archive_error, ENOSPC);
	result = report(store, STR("acme"), 1000);
	assert_string_equal(need(&result, "archive").word, "failing");
	assert_string_equal(need(&result, "archive_error").word, "No space left on device");
	store_result_free(&result);
	atomic_store(&health->archive_error, 99999);
	result = report(store, STR("acme"), 1000);
	assert_string_equal(need(&result, "archive_error").word, "unknown error");
	store_result_free(&result);
}

/* As in the table of polytaskctl status; but checks are there without a fault, too. */
static void zeros_are_left_out(void **state)
{
	struct store *store = *state;

	expect_absent(store, "archive_failing_since");
	expect_absent(store, "archive_error");
	expect_absent(store, "archive_waiting_files");
	expect_absent(store, "index_left_ms");
	expect_figure(store, STR("acme"), "damaged_pages", 0);
	expect_figure(store, STR("acme"), "last_backup", 0);
	expect_figure(store, STR("acme"), "read_only", 0);
}

/* Sums over all tenants, and what the service needs by itself. */
static void other_figures_are_not_shown(void **state)
{
	struct store *store = *state;
	struct store_health *health = &store->shared->health;

	atomic_store(&health->tenants_near_quota, 1);
	atomic_store(&health->webhooks, 1);
	atomic_store(&health->deliveries_pending, 1);
	atomic_store(&health->retention_removed, 1);
	atomic_store(&health->data_bytes, 1);
	expect_absent(store, "tenants_near_quota");
	expect_absent(store, "webhooks");
	expect_absent(store, "deliveries_pending");
	expect_absent(store, "retention_removed");
	expect_absent(store, "data_bytes");
	for (size_t i = 0; i < HEALTH_ROWS; i++)
		assert_true(health_rows[i].for_admins || !health_rows[i].advice);
}

static void quotas(void **state)
{
	static const uint64_t ten = 10, none = 0;
	struct store *store = *state;
	struct err err = { 0 };

	for (unsigned i = 1; i <= 8; i++)
		fixture_create(store, i, "new", NULL);
	expect_absent(store, "tenant_tasks");
	must(store_set_quota(store, STR("acme"), &ten, NULL, &err), &err);
	expect_figure(store, STR("acme"), "tenant_tasks", 800000);
	expect_absent(store, "tenant_bytes");
	expect_attention(store, STR("acme"), 1000, "");
	fixture_create(store, 9, "new", NULL);
	expect_attention(store, STR("acme"), 1000, " tenant_tasks");
	expect_attention(store, STR("other"), 1000, "");
	must(store_set_quota(store, STR("acme"), &none, &ten, &err), &err);
	expect_absent(store, "tenant_tasks");
	expect_attention(store, STR("acme"), 1000, " tenant_bytes");
}

static void disable(struct store *store, unsigned number)
{
	struct id id = fixture_id(number);
	struct err err = { 0 };
	bool disabled;

	must(store_webhook_disable(store, STR("acme"), &id, 1, STR("It answered 410."), WEBHOOK_NOW,
		     &disabled, &err),
		&err);
	assert_true(disabled);
}

static void webhooks_of_the_tenant(void **state)
{
	struct store *store = *state;
	struct webhook_listing list;

	expect_figure(store, STR("acme"), "tenant_webhooks", 0);
	for (unsigned number = 900; number < 903; number++)
		webhook_act(store, WEBHOOK_CREATE, number);
	fixture_create(store, 1, "new", NULL);
	fixture_create(store, 2, "new", NULL);
	assert_int_equal(webhook_gather(store), 6);
	expect_figure(store, STR("acme"), "tenant_webhooks", 3);
	expect_figure(store, STR("acme"), "tenant_deliveries_pending", 6);
	expect_figure(store, STR("other"), "tenant_webhooks", 0);
	expect_figure(store, STR("other"), "tenant_deliveries_pending", 0);
	/* One that a client has disabled needs nobody. */
	webhook_set_enabled(store, 902, false, false);
	expect_attention(store, STR("acme"), WEBHOOK_NOW, "");
	expect_figure(store, STR("acme"), "tenant_webhooks", 2);
	expect_figure(store, STR("acme"), "tenant_deliveries_pending", 4);
	list = webhook_pending_of(store, 900);
	webhook_settle(store, 900, list.numbers[0], DELIVERY_FAILED, 500, WEBHOOK_NOW);
	expect_attention(store, STR("acme"), WEBHOOK_NOW + 10 * MINUTE - 1, "");
	expect_attention(store, STR("acme"), WEBHOOK_NOW + 10 * MINUTE, " tenant_webhooks_failing");
	disable(store, 900);
	expect_attention(
		store, STR("acme"), WEBHOOK_NOW + 10 * MINUTE, " tenant_webhooks_disabled");
	expect_attention(store, STR("other"), WEBHOOK_NOW + 10 * MINUTE, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(conditions_of_the_service),
		ON_EVERY_ENGINE(figures_follow_from_the_engine),
		ON_EVERY_ENGINE(words),
		ON_EVERY_ENGINE(zeros_are_left_out),
		ON_EVERY_ENGINE(other_figures_are_not_shown),
		ON_EVERY_ENGINE(quotas),
		ON_EVERY_ENGINE(webhooks_of_the_tenant),
	};

	return CHECK_RUN(tests);
}
