#include "admin/task_find.h"

#include "admin/tenant_list.h"
#include "dialect/check.h"
#include "http/json.h"

void found_task_free(struct found_task *found)
{
	buf_free(&found->row);
}

bool task_tenant(const struct native_client *client, const struct admin_call *call,
	struct str *tenant, struct err *err)
{
	const char *given = call->options[ADMIN_TENANT];
	struct err cause = { 0 };

	*tenant = given ? str_cstr(given) : STR("default");
	return tenant_is_known(client->admin->store, *tenant, &cause) ||
	       err_set(err, cause.code, "tenant", "%s%s", err_text(&cause),
		       given ? "" : " (--tenant names another)");
}

/* ---- one tenant ---- */

struct search {
	const struct native_client *client;
	struct buf uri;	    /* of the task, or of the list of tasks with its number */
	struct buf row;	    /* in the present tenant; empty: it has none */
	unsigned in_tenant; /* tasks that the present tenant has */
};

static bool take_row(struct str row, void *data, struct err *err)
{
	struct search *search = data;

	buf_reset(&search->row);
	buf_put_str(&search->row, row);
	search->in_tenant++;
	return buf_ok(&search->row) || err_no_memory(err);
}

/* A list gives its rows to take_row, and its response is not needed. */
static bool search_tenant(struct search *search, struct str tenant, struct err *err)
{
	const struct native_call call = { .method = "GET",
		.tenant = tenant,
		.uri = buf_str(&search->uri),
		.take_row = take_row,
		.data = search };
	struct buf response = BUF_INIT;
	bool ok;

	search->in_tenant = 0;
	buf_reset(&search->row);
	ok = native_call(search->client, &call, &response, err);
	if (ok && search->in_tenant == 0 && !memchr(search->uri.data, '?', search->uri.len))
		ok = take_row(buf_str(&response), search, err);
	buf_free(&response);
	return ok || err->code == ERR_NOT_FOUND;
}

/* ---- all tenants ---- */

static bool read_members(struct found_task *found, struct err *err)
{
	json_t *json = NULL;
	struct str id;
	bool ok = json_parse_trusted(&json, buf_str(&found->row), err);

	if (ok) {
		id = json_str(json_object_get(json, "id"));
		snprintf(found->id, sizeof(found->id), "%.*s", STR_ARGS(id));
		found->state = task_state_parse(json_str(json_object_get(json, "state")));
	}
	json_decref(json);
	return ok;
}

static bool take_found(
	struct search *search, struct str tenant, struct found_task *found, struct err *err)
{
	if (search->in_tenant == 0)
		return true;
	if (search->in_tenant > 1)
		return err_set(err, ERR_CONFLICT, "ID",
			"several tasks of the tenant %.*s have this number: give an id",
			STR_ARGS(tenant));
	if (found->tenant[0])
		return err_set(err, ERR_CONFLICT, "ID",
			"the tenants %s and %.*s have this task: give --tenant", found->tenant,
			STR_ARGS(tenant));
	snprintf(found->tenant, sizeof(found->tenant), "%.*s", STR_ARGS(tenant));
	buf_put_str(&found->row, buf_str(&search->row));
	return (buf_ok(&found->row) || err_no_memory(err)) && read_members(found, err);
}

static bool search_all(struct search *search, struct found_task *found, struct err *err)
{
	struct tenant_list tenants = { 0 };
	bool ok = tenant_list_read(&tenants, search->client->admin->store, err);

	for (size_t i = 0; ok && i < tenants.count; i++) {
		struct str tenant = str_cstr(tenants.names[i]);

		if (i > 0 && strcmp(tenants.names[i], tenants.names[i - 1]) == 0)
			continue;
		ok = search_tenant(search, tenant, err) && take_found(search, tenant, found, err);
	}
	tenant_list_free(&tenants);
	return ok;
}

/* ---- the operand ---- */

static bool put_number_uri(struct buf *uri, const char *operand, struct err *err)
{
	struct str number = str_cstr(operand);
	const struct dialect *dialect = dialect_by_name(str_split_next(&number, ':'));
	uint64_t value;

	if (!dialect || !str_to_u64(number, &value))
		return err_set(err, ERR_INVALID, "ID", "'%s' is neither a UUID nor DIALECT:NUMBER",
			operand);
	if (!dialect_has_numbers(dialect))
		return err_set(err, ERR_INVALID, "ID", "the dialect %s has no numbers: give the id",
			dialect->name);
	buf_puts(uri, "/v1/tasks");
	native_call_put_param(uri, "dialect", dialect->name);
	native_call_put_param(uri, "number", number.ptr);
	native_call_put_param(uri, "archived", "any");
	native_call_put_param(uri, "total", "false");
	native_call_put_param(uri, "limit", "2");
	return true;
}

static bool put_uri(struct buf *uri, const char *operand, struct err *err)
{
	struct id id;

	if (id_parse(&id, str_cstr(operand))) {
		buf_puts(uri, "/v1/tasks/");
		id_put(&id, uri);
	} else if (!put_number_uri(uri, operand, err)) {
		return false;
	}
	return buf_ok(uri) || err_no_memory(err);
}

bool task_find(const struct native_client *client, const struct admin_call *call,
	struct found_task *found, struct err *err)
{
	struct search search = { .client = client };
	const char *given = call->options[ADMIN_TENANT];
	struct str tenant;
	bool ok = put_uri(&search.uri, call->operand, err);

	if (ok && given)
		ok = task_tenant(client, call, &tenant, err) &&
		     search_tenant(&search, tenant, err) && take_found(&search, tenant, found, err);
	else if (ok)
		ok = search_all(&search, found, err);
	buf_free(&search.uri);
	buf_free(&search.row);
	if (ok && !found->tenant[0])
		return given ? err_set(err, ERR_NOT_FOUND, "ID", "the tenant %s has no task %s",
				       given, call->operand)
			     : err_set(err, ERR_NOT_FOUND, "ID", "no tenant has a task %s",
				       call->operand);
	return ok;
}
