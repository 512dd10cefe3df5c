#pragma once
/*
 * Internal to src/auth: the members of the records of users, tokens and keys, and the rule of each,
 * for rows that come from outside (auth_row.h). A member that a build adds to a record needs a row
 * here: records with other members are refused.
 */
#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

struct auth_member_rule {
	const char *name;
	bool required;
	bool (*is_valid)(const json_t *value);
	const char *expected; /* for errors: "label must be ..." */
};

/* Each ends with a row without a name. */
extern const struct auth_member_rule auth_user_members[];
extern const struct auth_member_rule auth_token_members[];
extern const struct auth_member_rule auth_key_members[];

/*
 * Whether the text is a JSON object with these members. ERR_INVALID with the member at fault.
 */
bool auth_members_check(const struct auth_member_rule *rules, struct str text, struct err *err);
/* 64 lower-case hex digits. */
bool auth_is_token_hash(struct str text);
