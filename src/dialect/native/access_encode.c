#include "dialect/native/access.h"
#include "dialect/native/query.h"

static void put_time(struct buf *out, const char *name, struct optional_time time)
{
	native_put_name(out, ",", name);
	native_put_time(out, time);
}

static void put_state(struct buf *out, enum access_state state)
{
	native_put_text(out, "state", str_cstr(native_access_states[state]));
}

static void put_url(
	struct buf *out, const struct request *request, const char *path, const char *id)
{
	buf_put_str(out, request->base_url);
	buf_puts(out, path);
	buf_putc(out, '/');
	buf_puts(out, id);
}

/* ---- users ---- */

static void put_password(struct buf *out, const struct access_user *user)
{
	native_put_name(out, ",", "password");
	if (!user->has_password) {
		buf_puts(out, "null");
		return;
	}
	native_put_name(out, "{", "changed_at");
	native_put_time(out, user->password_changed);
	put_time(out, "expires_at", user->password_expires);
	put_state(out, user->password_state);
	buf_putc(out, '}');
}

static void put_user(struct buf *out, const struct request *request, const struct access_user *user)
{
	char id[ID_TEXT_LEN + 1];

	id_format(&user->id, id);
	buf_printf(out, "{\"id\":\"%s\"", id);
	native_put_text(out, "name", str_cstr(user->name));
	native_put_rights(out, user->rights);
	put_state(out, user->state);
	put_time(out, "created_at", optional_time(user->created));
	put_time(out, "expires_at", user->expires);
	put_password(out, user);
	buf_puts(out, ",\"links\":{\"self\":\"");
	put_url(out, request, NATIVE_USERS_PATH, id);
	buf_puts(out, "\",\"credentials\":\"");
	buf_put_str(out, request->base_url);
	buf_printf(out, NATIVE_CREDENTIALS_PATH "?user=%s\"}}", id);
}

bool native_encode_user(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	put_user(&response->body, request, &result->access->users[0]);
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

/* Ends a page after its rows. */
static bool finish_page(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct buf *out = &response->body;
	struct str next;

	if (!native_next_cursor(request, &result->access->next, &next, err))
		return false;
	buf_putc(out, ']');
	native_put_text(out, "next", next);
	buf_putc(out, '}');
	return native_add_links(request, NATIVE_CURSOR, next, response, err) &&
	       response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_users(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct access_answer *answer = result->access;

	buf_puts(&response->body, "{\"items\":[");
	for (size_t i = 0; i < answer->user_count; i++) {
		buf_puts(&response->body, i > 0 ? "," : "");
		put_user(&response->body, request, &answer->users[i]);
	}
	return finish_page(request, result, response, err);
}

/* ---- credentials ---- */

static void put_dialects(struct buf *out, const char *names)
{
	struct str rest = str_cstr(names);
	const char *before = "[";

	native_put_name(out, ",", "dialects");
	if (rest.len == 0)
		buf_puts(out, "null");
	while (rest.len > 0) {
		buf_puts(out, before);
		buf_put_json_string(out, str_split_next(&rest, ','));
		before = ",";
	}
	buf_puts(out, names[0] ? "]" : "");
}

static void put_credential(
	struct buf *out, const struct request *request, const struct access_credential *credential)
{
	char user[ID_TEXT_LEN + 1];

	id_format(&credential->user, user);
	buf_puts(out, "{\"id\":");
	buf_put_json_string(out, str_cstr(credential->id));
	native_put_text(out, "type", str_cstr(native_access_types[credential->type]));
	native_put_text(out, "label", str_cstr(credential->label));
	buf_printf(out, ",\"user\":{\"id\":\"%s\"", user);
	native_put_text(out, "name", str_cstr(credential->user_name));
	buf_putc(out, '}');
	native_put_rights(out, credential->rights);
	put_dialects(out, credential->dialects);
	put_time(out, "created_at", optional_time(credential->created));
	put_time(out, "expires_at", credential->expires);
	put_state(out, credential->state);
	buf_puts(out, ",\"links\":{\"self\":\"");
	put_url(out, request, NATIVE_CREDENTIALS_PATH, credential->id);
	buf_puts(out, "\",\"user\":\"");
	put_url(out, request, NATIVE_USERS_PATH, user);
	buf_puts(out, "\"}}");
}

bool native_encode_credential(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	put_credential(&response->body, request, &result->access->credentials[0]);
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_credentials(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct access_answer *answer = result->access;

	buf_puts(&response->body, "{\"items\":[");
	for (size_t i = 0; i < answer->credential_count; i++) {
		buf_puts(&response->body, i > 0 ? "," : "");
		put_credential(&response->body, request, &answer->credentials[i]);
	}
	return finish_page(request, result, response, err);
}
