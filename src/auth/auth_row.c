#include "auth/auth_row.h"

#include "auth/auth_member.h"
#include "auth/auth_record.h"
#include "auth/key.h"
#include "auth/token.h"
#include "auth/user.h"

/* ---- users ---- */

static const char *stored_name(const struct auth_rows *rows, const char *id)
{
	return json_string_value(json_object_get(rows->names, id));
}

/* Users whose names differ in their case only share an entry of rows->ids. */
static bool note_user(struct auth_rows *rows, const struct user *user)
{
	char folded[USER_NAME_MAX];
	const char *before;

	if (!user_name_fold(str_cstr(user->name), folded))
		return true;
	before = json_string_value(json_object_get(rows->ids, folded));
	if (before && strcmp(before, user->id) != 0)
		json_object_del(rows->names, before);
	return json_object_set_new(rows->ids, folded, json_string(user->id)) == 0 &&
	       json_object_set_new(rows->names, user->id, json_string(user->name)) == 0;
}

struct reading {
	struct auth_rows *rows;
	bool failed;
};

static bool take_user(const struct user *user, void *data)
{
	struct reading *reading = data;

	reading->failed = !note_user(reading->rows, user);
	return !reading->failed;
}

static bool read_users(struct auth_rows *rows, struct err *err)
{
	struct reading reading = { .rows = rows };

	if (rows->ids)
		return true;
	rows->ids = json_object();
	rows->names = json_object();
	if (!rows->ids || !rows->names)
		return err_no_memory(err);
	return user_each(rows->store, take_user, &reading, err) &&
	       (!reading.failed || err_no_memory(err));
}

/* Reads the record that a row replaces; *found false for none, and for one that is unreadable. */
static bool get_old(struct auth_rows *rows, const struct auth_record_kind *kind, const char *key,
	void *record, bool *found, struct err *err)
{
	struct err cause = { 0 };

	*found = auth_record_get(rows->store, kind, key, record, &cause);
	if (*found || cause.code == ERR_NOT_FOUND || cause.code == ERR_INTERNAL)
		return true;
	*err = cause;
	return false;
}

/* Users of earlier builds whose names differ in case only may each replace themselves. */
static bool check_twin(
	struct auth_rows *rows, const struct user *user, const char *twin, struct err *err)
{
	struct user old;
	bool found;

	if (!get_old(rows, &user_kind, user->name, &old, &found, err))
		return false;
	explicit_bzero(&old, sizeof(old));
	return found || err_set(err, ERR_CONFLICT, "name",
				"the user '%s' exists, whose name differs in its case only", twin);
}

/* Revoking a user is permanent. */
static bool note_revoked_user(struct auth_rows *rows, const struct user *user, struct err *err)
{
	struct user old;
	bool found;

	if (!get_old(rows, &user_kind, user->name, &old, &found, err))
		return false;
	rows->keep = found && old.revoked && !user->revoked && strcmp(old.id, user->id) == 0;
	explicit_bzero(&old, sizeof(old));
	return true;
}

static bool check_user(struct auth_rows *rows, struct str key, const void *record, struct err *err)
{
	const struct user *user = record;
	char folded[USER_NAME_MAX];
	const char *twin, *holder;

	(void)key;
	if (!read_users(rows, err) || !user_name_fold(str_cstr(user->name), folded))
		return false;
	twin = json_string_value(json_object_get(rows->ids, folded));
	twin = twin ? stored_name(rows, twin) : NULL;
	if (twin && strcmp(twin, user->name) != 0 && !check_twin(rows, user, twin, err))
		return false;
	holder = stored_name(rows, user->id);
	if (holder && strcmp(holder, user->name) != 0)
		return err_set(err, ERR_CONFLICT, "id", "the id belongs to the user '%s'", holder);
	return note_revoked_user(rows, user, err) && (note_user(rows, user) || err_no_memory(err));
}

/* ---- tokens and keys ---- */

static bool check_dialects(const struct auth_rows *rows, const char *dialects, struct err *err)
{
	struct str rest = str_cstr(dialects);

	while (rows->is_dialect && rest.len > 0) {
		struct str name = str_split_next(&rest, ',');

		if (!rows->is_dialect(name))
			return err_set(err, ERR_INVALID, "dialects",
				"dialects: there is no dialect '%.*s'", STR_ARGS(name));
	}
	return true;
}

/* A key that was added again after its revocation is newer than that. */
static bool is_revoked_since(
	const struct credential_terms *terms, const struct credential_terms *old)
{
	return old && old->revoked != 0 && terms->revoked == 0 && terms->created <= old->revoked;
}

/* A revoked token or key may get another owner, as with key_add(). */
static bool check_terms(struct auth_rows *rows, const struct credential_terms *terms,
	const struct credential_terms *old, struct err *err)
{
	struct user owner;

	if (old && old->revoked == 0 && strcmp(old->user, terms->user) != 0)
		return err_set(
			err, ERR_CONFLICT, "user", "the store has it for the user '%s'", old->user);
	if (!user_get_stored(rows->store, terms->user, &owner, err))
		return err->code == ERR_NOT_FOUND
			       ? err_set(err, ERR_INVALID, "user", "user: '%s' does not exist",
					 terms->user)
			       : false;
	explicit_bzero(owner.password_hash, sizeof(owner.password_hash));
	if ((owner.rights & terms->rights) == 0)
		return err_set(err, ERR_INVALID, "rights",
			"rights: the user '%s' has none of these", terms->user);
	rows->keep |= is_revoked_since(terms, old);
	return check_dialects(rows, terms->dialects, err);
}

/* A refresh token never becomes an access token, nor the reverse. */
static bool check_kind(const struct token *token, const struct token *old, struct err *err)
{
	if (token->login_password_changed == TOKEN_NO_LOGIN &&
		(token->is_refresh || token->pair[0]))
		return err_set(err, ERR_INVALID, token->is_refresh ? "refresh" : "pair",
			"only tokens of logins have '%s'", token->is_refresh ? "refresh" : "pair");
	if (!token->is_refresh && (token->current[0] || token->before[0]))
		return err_set(err, ERR_INVALID, token->current[0] ? "current" : "before",
			"only refresh tokens have '%s'", token->current[0] ? "current" : "before");
	if (token->login_password_changed != TOKEN_NO_LOGIN && token->terms.dialects[0])
		return err_set(err, ERR_INVALID, "dialects", "tokens of logins have no 'dialects'");
	return !old || token->is_refresh == old->is_refresh ||
	       err_set(err, ERR_CONFLICT, "refresh", "the store has a token of another kind");
}

/* The store may have a later refresh token of the login, or another access token. */
static bool note_renewed_login(struct auth_rows *rows, const char *hash, const struct token *token,
	const struct token *old, struct err *err)
{
	struct token refresh;
	bool found;

	rows->keep |= old && old->is_refresh && old->terms.created > token->terms.created;
	if (token->is_refresh || !token->pair[0])
		return true;
	if (!get_old(rows, &token_kind, token->pair, &refresh, &found, err))
		return false;
	rows->keep |= found && strcmp(refresh.pair, hash) != 0;
	return true;
}

static bool check_token(struct auth_rows *rows, struct str key, const void *record, struct err *err)
{
	const struct token *token = record;
	char hash[TOKEN_HASH_LEN + 1] = "";
	struct token old;
	bool found;

	memcpy(hash, key.ptr, TOKEN_HASH_LEN);
	if (strcmp(token->label, TOKEN_LOGIN_LABEL) == 0 &&
		token->login_password_changed == TOKEN_NO_LOGIN)
		return err_set(err, ERR_INVALID, "label",
			"label: '" TOKEN_LOGIN_LABEL "' is reserved for tokens of logins");
	return get_old(rows, &token_kind, hash, &old, &found, err) &&
	       check_kind(token, found ? &old : NULL, err) &&
	       check_terms(rows, &token->terms, found ? &old.terms : NULL, err) &&
	       note_renewed_login(rows, hash, token, found ? &old : NULL, err);
}

static bool check_key(struct auth_rows *rows, struct str id, const void *record, struct err *err)
{
	const struct key *key = record;
	struct key old;
	bool found;
	bool ok = get_old(rows, &key_kind, key->id, &old, &found, err) &&
		  check_terms(rows, &key->terms, found ? &old.terms : NULL, err);

	(void)id;
	explicit_bzero(&old, sizeof(old));
	return ok;
}

/* ---- rows ---- */

union record {
	struct user user;
	struct token token;
	struct key key;
};

enum table { USERS, TOKENS, KEYS, TABLES };

static const struct {
	const char *name;
	const struct auth_record_kind *kind;
	bool (*is_key)(struct str key);
	const char *key_rule;
	const struct auth_member_rule *members;
	bool (*check)(struct auth_rows *rows, struct str key, const void *record, struct err *err);
} tables[TABLES] = {
	[USERS] = { "users", &user_kind, user_name_is_valid, "the name of a user",
		auth_user_members, check_user },
	[TOKENS] = { "tokens", &token_kind, auth_is_token_hash, "64 lower-case hex digits",
		auth_token_members, check_token },
	[KEYS] = { "keys", &key_kind, auth_is_key_id, "1 to 63 letters, digits and ._@-",
		auth_key_members, check_key },
};

static enum table find_table(struct str name)
{
	enum table table = USERS;

	while (table < TABLES && !str_eq(name, str_cstr(tables[table].name)))
		table++;
	return table;
}

bool auth_rows_have(struct str table)
{
	return find_table(table) < TABLES;
}

bool auth_rows_check(
	struct auth_rows *rows, struct str table, struct str key, struct str value, struct err *err)
{
	enum table found = find_table(table);
	union record record;
	bool ok;

	if (!tables[found].is_key(key))
		return err_set(
			err, ERR_INVALID, "key", "the key must be %s", tables[found].key_rule);
	if (!auth_members_check(tables[found].members, value, err))
		return false;
	if (!auth_record_decode(tables[found].kind, key, value, &record))
		return err_set(err, ERR_INVALID, NULL, "the record cannot be read");
	rows->keep = false;
	ok = tables[found].check(rows, key, &record, err);
	rows->keep = ok && rows->keep;
	rows->kept += rows->keep;
	explicit_bzero(&record, sizeof(record));
	return ok;
}

void auth_rows_free(struct auth_rows *rows)
{
	json_decref(rows->ids);
	json_decref(rows->names);
	rows->ids = NULL;
	rows->names = NULL;
}
