#include "task/policy.h"

#include "base/duration.h"

#define YEAR_MS ((int64_t)365 * 24 * 3600 * 1000)

#define TIMEOUT(name_, max_)                                                               \
	{                                                                                  \
		.name = name_, .json = name_ "_seconds", .unit = POLICY_TIME, .min = 1000, \
		.max = max_, .is_timeout = true                                            \
	}

const struct policy_member_row policy_members[POLICY_MEMBERS] = {
	[POLICY_ATTEMPTS] = { .name = "attempts", .unit = POLICY_COUNT, .max = INT32_MAX },
	[POLICY_RETRY_FIRST] = { .name = "retry_first",
		.json = "retry_first_seconds",
		.unit = POLICY_TIME,
		.max = DELAY_MS_MAX },
	[POLICY_RETRY_MOST] = { .name = "retry_most",
		.json = "retry_most_seconds",
		.unit = POLICY_TIME,
		.max = DELAY_MS_MAX },
	[POLICY_RETRY_JITTER] = { .name = "retry_jitter",
		.json = "retry_jitter_percent",
		.unit = POLICY_PERCENT,
		.max = 100 },
	[POLICY_START_TIMEOUT] = TIMEOUT("start_timeout", YEAR_MS),
	[POLICY_HEARTBEAT_TIMEOUT] = TIMEOUT("heartbeat_timeout", LEASE_MS_MAX),
	[POLICY_ATTEMPT_TIMEOUT] = TIMEOUT("attempt_timeout", YEAR_MS),
	[POLICY_TOTAL_TIMEOUT] = TIMEOUT("total_timeout", YEAR_MS),
};

const struct policy policy_default = {
	.set = (1U << POLICY_MEMBERS) - 1,
	.values = {
		[POLICY_ATTEMPTS] = 20,
		[POLICY_RETRY_FIRST] = 1000,
		[POLICY_RETRY_MOST] = 600 * 1000,
		[POLICY_RETRY_JITTER] = 20,
	},
};

void policy_set(struct policy *policy, enum policy_member member, int64_t value)
{
	policy->set |= 1U << member;
	policy->values[member] = value;
}

bool policy_allows(enum policy_member member, int64_t value)
{
	const struct policy_member_row *row = &policy_members[member];

	return (value >= row->min && value <= row->max) || (row->is_timeout && value == 0);
}

void policy_put_rule(enum policy_member member, bool by_name, struct buf *out)
{
	const struct policy_member_row *row = &policy_members[member];

	if (row->unit == POLICY_TIME && by_name) {
		buf_puts(out, "a duration such as 30s (units s, m, h, d) from ");
		duration_put((uint64_t)row->min / 1000, out);
		buf_puts(out, " to ");
		duration_put((uint64_t)row->max / 1000, out);
	} else {
		int64_t unit = row->unit == POLICY_TIME ? 1000 : 1;

		buf_puts(out, row->unit == POLICY_TIME ? "a number from " : "an integer from ");
		buf_put_number(out, row->min / unit);
		buf_puts(out, " to ");
		buf_put_number(out, row->max / unit);
	}
	if (row->is_timeout)
		buf_puts(out, ", or 0 for none");
}

void policy_overlay(struct policy *policy, const struct policy *over)
{
	for (int i = 0; i < POLICY_MEMBERS; i++) {
		if (over->set & 1U << i)
			policy_set(policy, (enum policy_member)i, over->values[i]);
	}
}

/* ---- the configuration's form ---- */

static bool find_name(struct str name, enum policy_member *member)
{
	for (int i = 0; i < POLICY_MEMBERS; i++) {
		if (str_eq(name, str_cstr(policy_members[i].name))) {
			*member = (enum policy_member)i;
			return true;
		}
	}
	return false;
}

static bool parse_value(enum policy_member member, struct str text, int64_t *value)
{
	char duration[24];
	uint64_t number;

	if (policy_members[member].unit != POLICY_TIME) {
		if (!str_to_u64(text, &number) || number > INT64_MAX)
			return false;
		*value = (int64_t)number;
		return true;
	}
	if (text.len == 0 || text.len >= sizeof(duration))
		return false;
	memcpy(duration, text.ptr, text.len);
	duration[text.len] = '\0';
	if (!duration_parse(&number, duration))
		return false;
	*value = (int64_t)number * 1000;
	return true;
}

static bool fail_rule(enum policy_member member, struct err *err)
{
	struct buf rule = BUF_INIT;

	policy_put_rule(member, true, &rule);
	err_set(err, ERR_INVALID, NULL, "%s must be %.*s", policy_members[member].name,
		STR_ARGS(buf_str(&rule)));
	buf_free(&rule);
	return false;
}

static bool parse_option(struct policy *policy, struct str item, struct err *err)
{
	struct str value = item, name = str_split_next(&value, '=');
	enum policy_member member;
	int64_t number;

	if (!find_name(name, &member))
		return err_set(err, ERR_INVALID, NULL, "a policy has no member %.*s",
			(int)(name.len < 40 ? name.len : 40), name.ptr);
	if (policy->set & 1U << member)
		return err_set(
			err, ERR_INVALID, NULL, "%s is given twice", policy_members[member].name);
	if (!value.ptr || !parse_value(member, value, &number) || !policy_allows(member, number))
		return fail_rule(member, err);
	policy_set(policy, member, number);
	return true;
}

bool policy_parse_options(struct policy *policy, struct str text, struct err *err)
{
	struct policy read = { 0 };

	while (text.ptr) {
		struct str item = str_split_next(&text, ' ');

		if (item.len > 0 && !parse_option(&read, item, err))
			return false;
	}
	if (read.set == 0)
		return err_set(
			err, ERR_INVALID, NULL, "a policy needs a member such as attempts=3");
	*policy = read;
	return true;
}

/* ---- JSON ---- */

static bool take(struct str *in, struct str text)
{
	if (!str_starts(*in, text))
		return false;
	*in = str_skip(*in, text.len);
	return true;
}

/* "12", or for a time of seconds "12.5" with at most three digits. */
static bool read_number(struct str *in, enum policy_member member, int64_t *number)
{
	bool is_time = policy_members[member].unit == POLICY_TIME;
	int64_t value = 0, part = is_time ? 1000 : 1;
	size_t digits = 0;

	while (in->len > 0 && in->ptr[0] >= '0' && in->ptr[0] <= '9' && digits++ < 12) {
		value = value * 10 + (in->ptr[0] - '0');
		*in = str_skip(*in, 1);
	}
	value *= part;
	if (digits > 0 && take(in, STR("."))) {
		size_t before = in->len;

		while (in->len > 0 && in->ptr[0] >= '0' && in->ptr[0] <= '9' &&
			(is_time || in->ptr[0] == '0') && before - in->len < 6) {
			part /= 10;
			value += part * (in->ptr[0] - '0');
			*in = str_skip(*in, 1);
		}
		digits = before - in->len;
	}
	*number = value;
	return digits > 0;
}

static bool read_member(struct str *in, struct policy *policy)
{
	for (int i = 0; i < POLICY_MEMBERS; i++) {
		const char *name = policy_members[i].json;
		struct str rest = *in;
		int64_t value;

		if (!name || !take(&rest, STR("\"")) || !take(&rest, str_cstr(name)) ||
			!take(&rest, STR("\":")))
			continue;
		if (policy->set & 1U << i || !read_number(&rest, (enum policy_member)i, &value) ||
			!policy_allows((enum policy_member)i, value))
			return false;
		policy_set(policy, (enum policy_member)i, value);
		*in = rest;
		return true;
	}
	return false;
}

bool policy_parse_json(struct policy *policy, struct str json)
{
	struct policy read = { 0 };
	bool more = true;

	if (!take(&json, STR("{")))
		return false;
	if (take(&json, STR("}")))
		more = false;
	while (more) {
		if (!read_member(&json, &read))
			return false;
		more = take(&json, STR(","));
		if (!more && !take(&json, STR("}")))
			return false;
	}
	if (json.len > 0)
		return false;
	*policy = read;
	return true;
}

static void put_seconds(int64_t ms, struct buf *out)
{
	int64_t rest = ms % 1000;

	buf_put_number(out, ms / 1000);
	if (rest == 0)
		return;
	buf_putc(out, '.');
	for (int64_t part = 100; rest > 0; part /= 10) {
		buf_putc(out, (char)('0' + rest / part));
		rest %= part;
	}
}

void policy_put_json(const struct policy *policy, struct buf *out)
{
	char before = '{';

	for (int i = 0; i < POLICY_MEMBERS; i++) {
		if (!(policy->set & 1U << i) || !policy_members[i].json)
			continue;
		buf_putc(out, before);
		buf_putc(out, '"');
		buf_puts(out, policy_members[i].json);
		buf_puts(out, "\":");
		if (policy_members[i].unit == POLICY_TIME)
			put_seconds(policy->values[i], out);
		else
			buf_put_number(out, policy->values[i]);
		before = ',';
	}
	if (before == ',')
		buf_putc(out, '}');
}

/* ---- the policies of the configuration ---- */

static bool is_scope(const struct policy_scope *scope, uint8_t dialect, const struct str *kind)
{
	return scope->dialect == dialect && scope->of_kind == (kind != NULL) &&
	       (!kind || str_eq(*kind, (struct str){ scope->kind, scope->kind_len }));
}

static void overlay_scope(const struct policies *policies, uint8_t dialect, const struct str *kind,
	struct policy *policy)
{
	for (size_t i = 0; i < policies->count; i++) {
		if (is_scope(&policies->scopes[i], dialect, kind))
			policy_overlay(policy, &policies->scopes[i].policy);
	}
}

bool policies_add(struct policies *policies, uint8_t dialect, const struct str *kind,
	const struct policy *policy)
{
	struct policy_scope *scope = policies->scopes, *end = scope + policies->count;

	while (scope < end && !is_scope(scope, dialect, kind))
		scope++;
	if (scope == end) {
		if (policies->count == POLICIES_MAX)
			return false;
		*scope = (struct policy_scope){ .dialect = dialect, .of_kind = kind };
		if (kind && kind->len > 0) {
			scope->kind_len = (uint8_t)kind->len;
			memcpy(scope->kind, kind->ptr, kind->len);
		}
		policies->count++;
	}
	policy_overlay(&scope->policy, policy);
	return true;
}

struct policy policies_find(const struct policies *policies, uint8_t dialect, struct str kind)
{
	struct policy policy = policy_default;

	overlay_scope(policies, 0, NULL, &policy);
	overlay_scope(policies, dialect, NULL, &policy);
	overlay_scope(policies, dialect, &kind, &policy);
	return policy;
}
