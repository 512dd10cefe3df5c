/* Users and credentials in vectors: the request about them, and its answer (HACKING, VECTORS). */
#include <stdio.h>

#include "dialect/native/access.h"
#include "dialect/vector_json.h"
#include "lib/check.h"

static const char *const actions[ACCESS_ACTIONS] = {
	[ACCESS_USERS] = "users",
	[ACCESS_USER] = "user",
	[ACCESS_USER_END] = "user_end",
	[ACCESS_USER_REVOKE] = "user_revoke",
	[ACCESS_CREDENTIALS] = "credentials",
	[ACCESS_CREDENTIAL] = "credential",
	[ACCESS_CREDENTIAL_END] = "credential_end",
	[ACCESS_CREDENTIAL_REVOKE] = "credential_revoke",
};

/* ---- the operation ---- */

static void set_bits(
	json_t *json, const char *name, unsigned bits, const char *const *words, unsigned count)
{
	json_t *array = json_array();

	for (unsigned i = 1; i < count; i++) {
		if (bits & 1U << i)
			json_array_append_new(array, json_string(words[i]));
	}
	if (bits != 0)
		json_object_set(json, name, array);
	json_decref(array);
}

json_t *vector_access(const struct op_access *access)
{
	json_t *json = json_object();
	bool is_page = access->action == ACCESS_USERS || access->action == ACCESS_CREDENTIALS;

	set_str(json, "action", str_cstr(actions[access->action]));
	if (access->credential.len > 0)
		set_str(json, "credential", access->credential);
	if (access->action == ACCESS_USER_END || access->action == ACCESS_CREDENTIAL_END)
		json_object_set_new(json, "end", json_of_time(&access->end));
	if (access->has_user)
		json_object_set_new(json, "has_user", json_true());
	set_bits(json, "types", access->types, native_access_types, ACCESS_TYPES);
	set_bits(json, "states", access->states, native_access_states, ACCESS_STATES);
	if (is_page)
		set_number(json, "limit", access->limit);
	if (access->after.len > 0)
		set_str(json, "after", access->after);
	return json;
}

/* ---- the answer ---- */

static unsigned word_of(const char *const *words, unsigned count, const json_t *json)
{
	unsigned i = 1;

	while (i < count && !str_eq(str_cstr(words[i]), json_str(json)))
		i++;
	assert_in_range(i, 1, count - 1);
	return i;
}

static enum access_state state_of(const json_t *json)
{
	return (enum access_state)word_of(
		native_access_states, ACCESS_STATES, json_object_get(json, "state"));
}

static struct optional_time time_of(const json_t *json, const char *name)
{
	const json_t *value = json_object_get(json, name);

	return json_is_integer(value) ? optional_time(json_integer_value(value))
				      : OPTIONAL_TIME_NONE;
}

static void copy(char *to, size_t size, const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	assert_in_range(snprintf(to, size, "%s", text ? text : ""), 0, size - 1);
}

static unsigned rights_of(const json_t *json)
{
	unsigned rights;

	assert_true(rights_parse(&rights, json_str(json_object_get(json, "rights"))));
	return rights;
}

static void fill_user(const json_t *json, struct access_user *user)
{
	const json_t *password = json_object_get(json, "password");

	assert_true(id_parse(&user->id, json_str(json_object_get(json, "id"))));
	copy(user->name, sizeof(user->name), json, "name");
	user->rights = rights_of(json);
	user->state = state_of(json);
	user->created = json_integer_value(json_object_get(json, "created"));
	user->expires = time_of(json, "expires");
	user->has_password = password != NULL;
	if (!password)
		return;
	user->password_changed = time_of(password, "changed");
	user->password_expires = time_of(password, "expires");
	user->password_state = state_of(password);
}

static void fill_credential(const json_t *json, struct access_credential *credential)
{
	copy(credential->id, sizeof(credential->id), json, "id");
	credential->type = (enum access_type)word_of(
		native_access_types, ACCESS_TYPES, json_object_get(json, "type"));
	copy(credential->label, sizeof(credential->label), json, "label");
	assert_true(id_parse(&credential->user, json_str(json_object_get(json, "user"))));
	copy(credential->user_name, sizeof(credential->user_name), json, "user_name");
	credential->rights = rights_of(json);
	copy(credential->dialects, sizeof(credential->dialects), json, "dialects");
	credential->created = json_integer_value(json_object_get(json, "created"));
	credential->expires = time_of(json, "expires");
	credential->state = state_of(json);
}

void vector_fill_access(struct vector *vector, json_t *json, struct result *result)
{
	const json_t *users = json_object_get(json, "users");
	const json_t *credentials = json_object_get(json, "credentials");
	struct str next = json_str(json_object_get(json, "next"));
	struct access_answer *answer;

	if (!json)
		return;
	answer = result->access = vector_alloc(vector, sizeof(*answer));
	*answer = (struct access_answer){
		.user_count = json_array_size(users),
		.credential_count = json_array_size(credentials),
		.next = { .data = (char *)(uintptr_t)next.ptr, .len = next.len },
	};
	answer->users = vector_alloc(vector, (answer->user_count + 1) * sizeof(*answer->users));
	answer->credentials = vector_alloc(
		vector, (answer->credential_count + 1) * sizeof(*answer->credentials));
	for (size_t i = 0; i < answer->user_count; i++) {
		answer->users[i] = (struct access_user){ 0 };
		fill_user(json_array_get(users, i), &answer->users[i]);
	}
	for (size_t i = 0; i < answer->credential_count; i++) {
		answer->credentials[i] = (struct access_credential){ 0 };
		fill_credential(json_array_get(credentials, i), &answer->credentials[i]);
	}
}
