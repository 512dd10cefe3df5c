#include "auth/access_fixture.h"

#include <stdio.h>

struct result access_result;

int open_access(void **state)
{
	access_result = (struct result){ 0 };
	return open_store(state);
}

int close_access(void **state)
{
	store_result_free(&access_result);
	return close_store(state);
}

bool access_try(const struct op_access *access, const char *id, int64_t now)
{
	struct op op = { .kind = OP_ACCESS,
		.tenant = STR("demo"),
		.actor = STR("92d30f0c-8c9c-11e5-8994-feff819cdc9f"),
		.now = now,
		.access = access,
		.slice_steps = 1 };

	assert_true(!id || id_parse(&op.id, str_cstr(id)));
	store_result_free(&access_result);
	err = (struct err){ 0 };
	if (!auth_apply(store, &op, &access_result, &err))
		return false;
	while (access_result.unfinished) {
		assert_true(access_result.access->memory > 0);
		if (!auth_go_on(&access_result, 1, &err))
			return false;
	}
	return true;
}

const struct access_answer *access_do(const struct op_access *access, const char *id, int64_t now)
{
	must(access_try(access, id, now), &err);
	return access_result.access;
}

struct access_credential access_find(const char *label, int64_t now)
{
	const struct op_access all = { .action = ACCESS_CREDENTIALS, .limit = ACCESS_PAGE_MAX };
	const struct access_answer *answer = access_do(&all, NULL, now);
	struct access_credential found = { 0 };

	for (size_t i = 0; i < answer->credential_count; i++) {
		if (strcmp(answer->credentials[i].label, label) != 0)
			continue;
		assert_int_equal(found.type, 0);
		found = answer->credentials[i];
	}
	assert_int_not_equal(found.type, 0);
	return found;
}

const char *access_names(const struct access_answer *answer)
{
	static char names[4096];
	size_t len = 0;

	names[0] = '\0';
	for (size_t i = 0; i < answer->user_count; i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i > 0 ? " " : "",
			answer->users[i].name);
	for (size_t i = 0; i < answer->credential_count; i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i > 0 ? " " : "",
			answer->credentials[i].label);
	return names;
}

bool access_act(enum access_action action, const char *id, struct optional_time end, int64_t now)
{
	return access_try(
		&(struct op_access){ .action = action, .credential = str_cstr(id), .end = end },
		NULL, now);
}
