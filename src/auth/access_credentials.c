#include <inttypes.h>
#include <stdio.h>

#include "auth/access_run.h"

_Static_assert(ACCESS_LABEL_SIZE >= AUTH_NAME_MAX, "a label fits");
_Static_assert(ACCESS_DIALECT_SIZE >= AUTH_DIALECTS_MAX, "a list of dialects fits");

/* ---- rows ---- */

static const struct credential_terms *terms_of(const struct access_record *record)
{
	return record->is_key ? &record->signing.terms : &record->token.terms;
}

static enum access_state state_of(
	const struct access_record *record, const struct user *owner, int64_t now)
{
	enum validity validity = record->is_key
					 ? credential_terms_with_owner(
						   &record->signing.terms, owner, now)
					 : token_validity_with_owner(&record->token, owner, now);

	if (validity != VALIDITY_LIVE)
		return validity == VALIDITY_EXPIRED ? ACCESS_EXPIRED : ACCESS_REVOKED;
	return !record->is_key && record->token.replaced_at != 0 ? ACCESS_REPLACED : ACCESS_LIVE;
}

/* Fills in all members but the id, which is expensive. */
static void fill_credential(const struct access_record *record, const struct user *owner,
	const struct id *owner_id, int64_t now, struct access_credential *row)
{
	const struct credential_terms *terms = terms_of(record);

	*row = (struct access_credential){
		.type = record->type,
		.user = *owner_id,
		.rights = terms->rights,
		.created = terms->created,
		.expires = terms->expires ? optional_time(terms->expires) : OPTIONAL_TIME_NONE,
		.state = state_of(record, owner, now),
	};
	memcpy(row->label, record->is_key ? record->signing.id : record->token.label,
		AUTH_NAME_MAX);
	memcpy(row->user_name, terms->user, sizeof(terms->user));
	memcpy(row->dialects, terms->dialects, sizeof(terms->dialects));
}

static bool make_id(const struct access_run *run, const struct access_record *record,
	struct access_credential *row, struct err *err)
{
	return credential_id_make(&run->ids, record->is_key ? STORE_SIGNING_KEYS : STORE_TOKENS,
		str_cstr(record->key), row->id, err);
}

bool access_show_credential(const struct access_run *run, const struct access_record *record,
	const struct user *owner, struct access_credential *row, struct err *err)
{
	struct id id = { 0 };

	id_parse(&id, str_cstr(owner->id));
	fill_credential(record, owner, &id, run->now, row);
	return make_id(run, record, row, err);
}

/* ---- the order: the newest first, then by id ---- */

bool access_credential_precedes(const void *a, const void *b)
{
	const struct access_credential *left = a, *right = b;

	if (left->created != right->created)
		return left->created > right->created;
	return strcmp(left->id, right->id) < 0;
}

bool access_read_place(struct access_run *run, struct err *err)
{
	struct str rest = run->query->after, created = str_split_next(&rest, ' ');
	uint64_t ms;

	run->after_created = INT64_MAX;
	if (run->query->after.len == 0)
		return true;
	if (!str_to_u64(created, &ms) || ms > INT64_MAX)
		return err_set(err, ERR_INVALID, "cursor", NULL);
	run->after_created = (int64_t)ms;
	run->after_id = rest;
	return true;
}

/* Whether the row comes after the position at which the page begins. It may have no id yet. */
static bool is_behind(const struct access_run *run, const struct access_credential *row)
{
	if (row->created != run->after_created || row->id[0] == '\0')
		return row->created <= run->after_created;
	return str_compare(str_cstr(row->id), run->after_id) > 0;
}

static bool is_wanted(const struct access_run *run, const struct access_credential *row)
{
	unsigned states = run->query->states;

	return (states == 0 || (states & 1U << row->state)) && is_behind(run, row) &&
	       access_page_takes(&run->page, row);
}

static bool add_row(struct access_run *run, const struct access_record *record,
	const struct user *owner, const struct id *owner_id, struct err *err)
{
	struct access_credential row;

	fill_credential(record, owner, owner_id, run->now, &row);
	if (!is_wanted(run, &row))
		return true;
	if (!make_id(run, record, &row, err))
		return false;
	if (is_behind(run, &row))
		access_page_add(&run->page, &row);
	return true;
}

static bool has_type(const struct access_run *run, enum access_type type)
{
	return run->query->types == 0 || (run->query->types & 1U << type);
}

/* ---- tokens and logins ---- */

static enum access_type type_of(const struct token *token)
{
	return token->login_password_changed == TOKEN_NO_LOGIN ? ACCESS_TOKEN : ACCESS_LOGIN;
}

/*
 * A login is shown as the record of its refresh token. Sets *found if that is another record than
 * `token`. A login of an earlier build has no refresh token, nor has one that lost it in an import:
 * these are shown as their access token.
 */
static bool find_refresh(
	struct store *store, const struct token *token, bool *found, struct err *err)
{
	struct token refresh;

	*found = false;
	return token->is_refresh || !token->pair[0] ||
	       auth_record_find(store, &token_kind, token->pair, &refresh, found, err);
}

bool access_take_token(
	struct access_run *run, struct str hash, const struct token *token, struct err *err)
{
	struct access_record record = { .type = type_of(token), .token = *token };
	struct user owner;
	struct id owner_id;
	bool has_refresh;

	if (!has_type(run, record.type) ||
		!access_find_owner(run, token->terms.user, &owner, &owner_id))
		return true;
	if (!find_refresh(run->store, token, &has_refresh, err))
		return false;
	memcpy(record.key, hash.ptr, hash.len < TOKEN_HASH_LEN ? hash.len : TOKEN_HASH_LEN);
	return has_refresh || add_row(run, &record, &owner, &owner_id, err);
}

/* ---- keys ---- */

static void set_key(struct access_record *record, const struct key *key)
{
	record->is_key = true;
	record->type = ACCESS_KEY;
	record->signing = (struct key){ .terms = key->terms };
	memcpy(record->signing.id, key->id, sizeof(key->id));
	memcpy(record->key, key->id, sizeof(key->id));
}

bool access_take_key(struct access_run *run, const struct key *key, struct err *err)
{
	struct access_record record = { 0 };
	struct user owner;
	struct id owner_id;

	if (!access_find_owner(run, key->terms.user, &owner, &owner_id))
		return true;
	set_key(&record, key);
	return add_row(run, &record, &owner, &owner_id, err);
}

/* ---- one ---- */

static bool no_such_credential(struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, NULL, "There is no such credential.");
}

/* Drops the text of the store's error, which would contain the hash. */
static bool describe_failure(struct err *err)
{
	if (err->code == ERR_NOT_FOUND)
		return no_such_credential(err);
	return err->code == ERR_INTERNAL ? err_set(err, ERR_INTERNAL, NULL, NULL) : false;
}

static bool get_record(
	struct store *store, enum store_table table, struct access_record *record, struct err *err)
{
	struct key key;
	bool ok;

	if (table != STORE_SIGNING_KEYS) {
		ok = auth_record_get(store, &token_kind, record->key, &record->token, err);
		record->type = ok ? type_of(&record->token) : ACCESS_TOKEN;
		return ok || describe_failure(err);
	}
	ok = key_get(store, record->key, &key, err);
	if (ok)
		set_key(record, &key);
	explicit_bzero(&key, sizeof(key));
	return ok || describe_failure(err);
}

bool access_get_credential(const struct access_run *run, struct access_record *record,
	struct user *owner, struct err *err)
{
	enum store_table table;
	bool valid, has_refresh;

	*record = (struct access_record){ 0 };
	if (!credential_id_parse(
		    &run->ids, run->query->credential, &table, record->key, &valid, err))
		return false;
	if (!valid)
		return no_such_credential(err);
	if (!get_record(run->store, table, record, err))
		return false;
	if (!user_get_stored(run->store, terms_of(record)->user, owner, err))
		return describe_failure(err);
	if (!str_eq(str_cstr(owner->tenant), run->tenant))
		return no_such_credential(err);
	if (!find_refresh(run->store, &record->token, &has_refresh, err))
		return false;
	/* Without a refresh token, a revocation must change only this record. */
	if (!has_refresh && !record->token.is_refresh)
		record->token.pair[0] = '\0';
	return true;
}
