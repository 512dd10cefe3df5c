/* Webhooks that an import brings: when they begin, and what becomes of those that are stored. */
#include <stdlib.h>

#include "admin/full_store.h"
#include "http/json.h"
#include "store/webhooks/outbox.h"

/* ---- helpers ---- */

static void import(const char *text)
{
	struct call_result done = run_line("import", text);

	assert_string_equal(done.err, "");
	assert_int_equal(done.status, 0);
	free_result(&done);
}

static void open_another_store(void)
{
	void *unused = NULL;

	store_close(store);
	assert_int_equal(open_store(&unused), 0);
}

/* Adds a webhook of the tenant default for each change of a task. */
static void add_webhook(char id[ID_TEXT_LEN + 1])
{
	struct admin_call call = { 0 };
	struct call_result done;

	call.options[ADMIN_TYPE] = "task.created,task.changed";
	parse_call(&call, "webhook add https://hooks.example.com/");
	done = run_call(&call, " ", false);
	assert_int_equal(done.status, 0);
	snprintf(id, ID_TEXT_LEN + 1, "%.*s", ID_TEXT_LEN, strchr(done.out, '\n') - ID_TEXT_LEN);
	free_result(&done);
}

/* The only webhook of the tenant default. */
static json_t *listed(void)
{
	struct admin_call call = { 0 };
	struct call_result done;
	json_t *json;

	call.options[ADMIN_JSON] = "yes";
	parse_call(&call, "webhook list");
	done = run_call(&call, " ", false);
	assert_int_equal(done.status, 0);
	json = json_loads(done.out, 0, NULL);
	assert_non_null(json);
	free_result(&done);
	return json;
}

static long long revision(void)
{
	json_t *json = listed();
	long long number = json_integer_value(json_object_get(json, "revision"));

	json_decref(json);
	return number;
}

static void encode(const struct webhook *webhook, const struct journal_entry *entry,
	const struct task *task, struct buf *body)
{
	(void)webhook, (void)entry, (void)task;
	buf_puts(body, "{}");
}

static bool gather_one(const struct webhook *webhook, const struct webhook_state *state, void *data)
{
	unsigned added, *sum = data;
	bool more = true;
	struct err err;

	assert_false(state->missed);
	while (more) {
		must(store_webhook_gather(store, webhook, encode, &added, &more, &err), &err);
		*sum += added;
	}
	return false;
}

/* New deliveries of the only webhook. */
static unsigned gather(void)
{
	unsigned sum = 0;
	struct err err;

	must(store_flush(store, &err), &err);
	must(store_webhook_each(store, gather_one, &sum, &err), &err);
	return sum;
}

static void add_tasks(void)
{
	for (int i = 0; i < 3; i++) {
		struct admin_call call = { 0 };
		struct call_result done;

		call.options[ADMIN_DIALECT] = "native";
		parse_call(&call, "task create");
		done = run_call(&call, " ", false);
		assert_string_equal(done.err, "");
		free_result(&done);
	}
}

/* ---- tests ---- */

static void imported_webhook_begins_from_then_on(void **state)
{
	char *text, id[ID_TEXT_LEN + 1];

	(void)state;
	add_webhook(id);
	add_tasks();
	assert_int_equal(gather(), 3);
	add_tasks();
	text = export_all();
	open_another_store();
	import(text);
	assert_int_equal(gather(), 0);
	add_tasks();
	assert_int_equal(gather(), 3);
	free(text);
}

static void stored_webhook_goes_on_where_it_is(void **state)
{
	char *text, id[ID_TEXT_LEN + 1], line[80];
	json_t *json;

	(void)state;
	add_webhook(id);
	text = export_all();
	add_tasks();
	import(text);
	assert_int_equal(revision(), 1);
	assert_int_equal(gather(), 3);
	snprintf(line, sizeof(line), "webhook disable %s", id);
	run_ok(line, " ");
	assert_int_equal(revision(), 2);
	add_tasks();
	import(text);
	assert_int_equal(revision(), 3);
	json = listed();
	assert_true(json_is_true(json_object_get(json, "enabled")));
	json_decref(json);
	assert_int_equal(gather(), 0);
	free(text);
}

static void removed_webhook_comes_back_later(void **state)
{
	char *text, id[ID_TEXT_LEN + 1], line[80];
	struct call_result done;

	(void)state;
	add_webhook(id);
	text = export_all();
	snprintf(line, sizeof(line), "webhook remove %s", id);
	run_ok(line, " ");
	done = run_line("import", text);
	assert_int_equal(done.status, 1);
	assert_non_null(strstr(done.err, "webhooks: the webhook was removed a moment ago"));
	free_result(&done);
	free(text);
}

static void tenant_has_room_for_fifty(void **state)
{
	char *text, id[ID_TEXT_LEN + 1];
	struct call_result done;

	(void)state;
	add_webhook(id);
	text = export_all();
	open_another_store();
	for (int i = 0; i < WEBHOOKS_MAX; i++)
		add_webhook(id);
	done = run_line("import", text);
	assert_int_equal(done.status, 1);
	assert_non_null(strstr(done.err, "webhooks: The tenant has 50 webhooks"));
	free_result(&done);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(imported_webhook_begins_from_then_on),
		WITH_STORE(stored_webhook_goes_on_where_it_is),
		WITH_STORE(removed_webhook_comes_back_later),
		WITH_STORE(tenant_has_room_for_fifty),
	};

	return CHECK_RUN(tests);
}
