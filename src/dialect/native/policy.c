/* The policy of one task: members that replace those of the configuration. */
#include <float.h>
#include <math.h>

#include "dialect/native/native.h"

static bool find_member(const char *name, enum policy_member *member)
{
	for (int i = 0; i < POLICY_MEMBERS; i++) {
		if (policy_members[i].json && strcmp(name, policy_members[i].json) == 0) {
			*member = (enum policy_member)i;
			return true;
		}
	}
	return false;
}

static bool fail_rule(const struct native_body *body, const char *name, enum policy_member member)
{
	struct buf rule = BUF_INIT;

	policy_put_rule(member, false, &rule);
	native_set_error(body->err, body->arena, ERR_UNPROCESSABLE,
		NATIVE_AT_POLICY(str_cstr(name)), "%s must be %.*s.", name,
		STR_ARGS(buf_str(&rule)));
	buf_free(&rule);
	return false;
}

/* A time has at most three digits behind the point; of other numbers, 1.0 is an integer. */
static bool parse_value(enum policy_member member, const json_t *value, int64_t *number)
{
	double real = json_number_value(value);
	bool is_time = policy_members[member].unit == POLICY_TIME;

	if (!json_is_number(value) || real < 0 || real > (double)policy_members[member].max)
		return false;
	if (is_time)
		real *= 1000;
	*number = (int64_t)(real + 0.5);
	return policy_allows(member, *number) && (*number > 0 || real == 0) &&
	       fabs(real - (double)*number) < (is_time ? 1e-3 : DBL_MIN);
}

static bool set_text(const struct native_body *body, const struct policy *policy)
{
	struct buf text = BUF_INIT;

	policy_put_json(policy, &text);
	body->change->set |= CHANGE_POLICY;
	body->change->policy = buf_ok(&text) ? arena_copy(body->arena, buf_str(&text)) : STR_NULL;
	buf_free(&text);
	return body->change->policy.ptr || err_no_memory(body->err);
}

bool native_parse_policy(const struct native_body *body, struct str name, json_t *value)
{
	unsigned removed = json_is_null(value) ? policy_default.set : 0;
	struct policy policy = { 0 };
	const char *key;
	json_t *item;

	if (!json_is_null(value) && !json_is_object(value))
		return native_set_error(body->err, body->arena, ERR_UNPROCESSABLE,
			NATIVE_AT_MEMBER(name), "policy must be an object or null.");
	json_object_foreach (value, key, item) {
		enum policy_member member;
		int64_t number;

		if (!find_member(key, &member))
			return native_set_error(body->err, body->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_POLICY(str_cstr(key)), "A policy has no such member.");
		if (json_is_null(item)) {
			removed |= 1U << member;
			continue;
		}
		if (!parse_value(member, item, &number))
			return fail_rule(body, key, member);
		policy_set(&policy, member, number);
	}
	if (body->patch) {
		body->patch->policy = policy;
		body->patch->policy_removed = removed;
	}
	return set_text(body, &policy);
}

bool native_merge_policy(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	const struct native_patch *patch = op->hook_data;
	struct policy policy = { 0 };
	struct buf text = BUF_INIT;

	if (!(op->change.set & CHANGE_POLICY) || before->policy.len == 0 ||
		!policy_parse_json(&policy, before->policy))
		return true;
	policy.set &= ~patch->policy_removed;
	policy_overlay(&policy, &patch->policy);
	policy_put_json(&policy, &text);
	task->policy = buf_ok(&text) ? arena_copy(op->arena, buf_str(&text)) : STR_NULL;
	buf_free(&text);
	return task->policy.ptr || err_no_memory(err);
}
