#include "notify/hook.h"

#include <stdlib.h>

#include "store/wake.h"

/* ---- copies ---- */

static bool copy_text(struct arena *arena, struct str *text)
{
	*text = arena_copy(arena, *text);
	return text->ptr != NULL;
}

static bool copy_bytes(struct arena *arena, const void **bytes, size_t size)
{
	void *copy = arena_alloc(arena, size > 0 ? size : 1);

	if (copy && size > 0)
		memcpy(copy, *bytes, size);
	*bytes = copy;
	return copy != NULL;
}

static bool copy_pairs(struct arena *arena, struct webhook_pair *pairs, size_t count)
{
	bool ok = true;

	for (size_t i = 0; i < count; i++)
		ok = ok && copy_text(arena, &pairs[i].name) && copy_text(arena, &pairs[i].value);
	return ok;
}

static bool copy_filter(struct arena *arena, struct feed_filter *filter)
{
	const void *dialects = filter->dialects, *ids = filter->ids;
	struct str *kinds = arena_alloc(arena, (filter->kind_count + 1) * sizeof(*kinds));
	bool ok = kinds && copy_bytes(arena, &dialects, filter->dialect_count) &&
		  copy_bytes(arena, &ids, filter->id_count * sizeof(*filter->ids));

	for (size_t i = 0; ok && i < filter->kind_count; i++) {
		kinds[i] = filter->kinds[i];
		ok = copy_text(arena, &kinds[i]);
	}
	filter->dialects = dialects;
	filter->ids = ids;
	filter->kinds = kinds;
	return ok;
}

static bool copy_webhook(struct webhook *copy, const struct webhook *webhook, struct arena *arena)
{
	*copy = *webhook;
	return copy_text(arena, &copy->tenant) && copy_text(arena, &copy->name) &&
	       copy_text(arena, &copy->url) && copy_text(arena, &copy->secret) &&
	       copy_text(arena, &copy->old_secret) && copy_text(arena, &copy->reason) &&
	       copy_text(arena, &copy->created_by) && copy_text(arena, &copy->updated_by) &&
	       copy_pairs(arena, copy->headers, copy->header_count) &&
	       copy_pairs(arena, copy->query, copy->query_count) &&
	       copy_filter(arena, &copy->filter);
}

/* Secrets do not stay in memory longer than their webhook. */
static void free_copy(struct hook *hook)
{
	struct str secrets[] = { hook->webhook.secret, hook->webhook.old_secret };

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		union {
			const char *text;
			char *bytes;
		} secret = { .text = secrets[i].ptr };

		if (secrets[i].len > 0)
			explicit_bzero(secret.bytes, secrets[i].len);
	}
	arena_free(&hook->arena);
	hook->arena = (struct arena){ 0 };
}

/* ---- webhooks ---- */

static void free_hook(struct hook *hook, struct transfers *transfers)
{
	transfers_close_pool(transfers, &hook->place);
	queue_free(&hook->queue);
	free_copy(hook);
	free(hook);
}

void hooks_free(struct hooks *hooks, struct transfers *transfers)
{
	while (hooks->tenants) {
		struct hook_tenant *tenant = hooks->tenants;

		while (tenant->hooks) {
			struct hook *hook = tenant->hooks;

			tenant->hooks = hook->next;
			free_hook(hook, transfers);
		}
		hooks->tenants = tenant->next;
		free(tenant);
	}
	hooks->count = 0;
}

static struct hook_tenant *find_tenant(struct hooks *hooks, struct str name)
{
	struct hook_tenant *tenant = hooks->tenants;

	while (tenant && !str_eq(tenant->name, name))
		tenant = tenant->next;
	return tenant;
}

static struct hook_tenant *add_tenant(struct hooks *hooks, struct str name)
{
	struct hook_tenant *tenant = calloc(1, sizeof(*tenant) + name.len + 1);

	if (!tenant)
		return NULL;
	memcpy(tenant->text, name.ptr, name.len);
	tenant->name = (struct str){ tenant->text, name.len };
	tenant->source = store_feed_source(name);
	tenant->next = hooks->tenants;
	hooks->tenants = tenant;
	return tenant;
}

static struct hook *find_hook(struct hook_tenant *tenant, const struct id *id)
{
	struct hook *hook = tenant->hooks;

	while (hook && id_compare(&hook->webhook.id, id) != 0)
		hook = hook->next;
	return hook;
}

static struct hook *add_hook(struct hooks *hooks, struct hook_tenant *tenant, const struct id *id)
{
	struct hook *hook = calloc(1, sizeof(*hook));

	if (!hook)
		return NULL;
	hook->webhook.id = *id;
	hook->tenant = tenant;
	hook->next = tenant->hooks;
	tenant->hooks = hook;
	hooks->count++;
	return hook;
}

/* The URL may be another one: its connections are not used again. */
static bool update(
	struct hook *hook, const struct webhook *webhook, const struct webhook_state *state)
{
	struct arena arena = { 0 };
	struct webhook copy;

	if (!copy_webhook(&copy, webhook, &arena)) {
		arena_free(&arena);
		return false;
	}
	free_copy(hook);
	hook->arena = arena;
	hook->webhook = copy;
	hook->failing_since = state->failing_since;
	hook->health = (struct schedule_health){ 0 };
	return true;
}

/* Deliveries that are being sent stay in the window until their attempt has ended. */
static void remove_hook(struct hooks *hooks, struct hook *hook)
{
	if (!hook->removed)
		hooks->count--;
	hook->removed = true;
}

void hooks_begin(struct hooks *hooks)
{
	for (struct hook_tenant *tenant = hooks->tenants; tenant; tenant = tenant->next) {
		for (struct hook *hook = tenant->hooks; hook; hook = hook->next)
			hook->found = false;
	}
}

bool hooks_put(struct hooks *hooks, const struct webhook *webhook,
	const struct webhook_state *state, struct err *err)
{
	struct hook_tenant *tenant = hooks->last;
	struct hook *hook;

	if (!tenant || !str_eq(tenant->name, webhook->tenant))
		tenant = find_tenant(hooks, webhook->tenant);
	if (!tenant)
		tenant = add_tenant(hooks, webhook->tenant);
	hooks->last = tenant;
	hook = tenant ? find_hook(tenant, &webhook->id) : NULL;
	if (!hook && tenant)
		hook = add_hook(hooks, tenant, &webhook->id);
	if (!hook)
		return err_no_memory(err);
	hook->found = true;
	hook->gathers = true;
	hook->pending = state->pending;
	if (hook->removed) {
		hook->removed = false;
		hooks->count++;
	} else if (hook->arena.blocks && hook->webhook.revision == webhook->revision) {
		if (!hook->queue.is_complete || hook->queue.count != state->pending)
			queue_reread(&hook->queue);
		return true;
	}
	queue_reread(&hook->queue);
	if (update(hook, webhook, state))
		return true;
	remove_hook(hooks, hook);
	return err_no_memory(err);
}

void hooks_reread(struct hooks *hooks)
{
	for (struct hook_tenant *tenant = hooks->tenants; tenant; tenant = tenant->next) {
		for (struct hook *hook = tenant->hooks; hook; hook = hook->next)
			queue_reread(&hook->queue);
	}
}

void hooks_end(struct hooks *hooks, struct transfers *transfers)
{
	for (struct hook_tenant *tenant = hooks->tenants; tenant; tenant = tenant->next) {
		for (struct hook *hook = tenant->hooks; hook; hook = hook->next) {
			if (!hook->found)
				remove_hook(hooks, hook);
		}
	}
	hooks_tidy(hooks, transfers);
}

static void tidy_tenant(struct hook_tenant *tenant, struct transfers *transfers)
{
	struct hook **link = &tenant->hooks;

	while (*link) {
		struct hook *hook = *link;

		if (hook->removed && hook->under_way == 0) {
			*link = hook->next;
			free_hook(hook, transfers);
		} else {
			link = &hook->next;
		}
	}
}

void hooks_tidy(struct hooks *hooks, struct transfers *transfers)
{
	struct hook_tenant **link = &hooks->tenants;

	hooks->last = NULL;
	while (*link) {
		struct hook_tenant *tenant = *link;

		tidy_tenant(tenant, transfers);
		if (!tenant->hooks) {
			*link = tenant->next;
			free(tenant);
		} else {
			link = &tenant->next;
		}
	}
}

/* ---- turns ---- */

void hooks_to_end(struct hook_tenant *tenant, struct hook *hook)
{
	struct hook **link = &tenant->hooks;

	while (*link != hook)
		link = &(*link)->next;
	*link = hook->next;
	while (*link)
		link = &(*link)->next;
	*link = hook;
	hook->next = NULL;
}

void hooks_rotate_tenants(struct hooks *hooks)
{
	struct hook_tenant *first = hooks->tenants, **link = &hooks->tenants;

	if (!first || !first->next)
		return;
	hooks->tenants = first->next;
	while (*link)
		link = &(*link)->next;
	*link = first;
	first->next = NULL;
}
