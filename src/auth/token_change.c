#include "auth/token_change.h"

#include "auth/auth_batch.h"
#include "store/auth_table.h"

struct token_change {
	const char *label; /* NULL: any */
	int64_t now;
	int64_t end;	 /* new end; for token_purge: tokens that ended before this */
	int64_t old_end; /* token_rotate: the end that the token had when it was read */
};

/* ---- selection ---- */

static bool has_label(const struct token *token, const struct token_change *change)
{
	return !change->label || strcmp(token->label, change->label) == 0;
}

static bool is_live(const void *record, const void *data)
{
	const struct token *token = record;
	const struct token_change *change = data;

	return has_label(token, change) &&
	       credential_terms_validity(&token->terms, change->now) == VALIDITY_LIVE;
}

/* Live and not replaced: the token that clients should use. */
static bool is_current(const void *record, const void *data)
{
	const struct token *token = record;

	return token->replaced_at == 0 && is_live(record, data);
}

static bool is_unchanged(const void *record, const void *data)
{
	const struct token *token = record;
	const struct token_change *change = data;

	return is_current(record, data) && token->terms.expires == change->old_end;
}

static bool has_ended(const void *record, const void *data)
{
	const struct token *token = record;
	const struct token_change *change = data;

	return has_label(token, change) &&
	       credential_terms_ended_before(&token->terms, change->end);
}

static bool change_tokens(struct store *store, const struct token_change *change,
	bool (*selects)(const void *record, const void *data),
	void (*apply)(void *record, const void *data), unsigned *found, unsigned *changed,
	struct err *err)
{
	struct token token;
	struct auth_batch batch = { .kind = &token_kind,
		.record = &token,
		.selects = selects,
		.change = apply,
		.data = change };
	bool ok = auth_batch_run(store, &batch, changed, err);

	*found = batch.found;
	auth_batch_free(&batch);
	return ok;
}

/* ---- adding ---- */

static bool check_label(const char *label, struct err *err)
{
	if (!auth_is_text(str_cstr(label), AUTH_NAME_MAX - 1))
		return err_set(err, ERR_INVALID, "label",
			"a label is 1 to %d bytes without control characters", AUTH_NAME_MAX - 1);
	if (strcmp(label, TOKEN_LOGIN_LABEL) == 0)
		return err_set(err, ERR_INVALID, "label",
			"the label '" TOKEN_LOGIN_LABEL "' is reserved for login tokens");
	return true;
}

static bool no_such_token(const char *label, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "label", "no live token is labelled '%s'", label);
}

static bool check_label_free(struct store *store, const char *label, int64_t now, struct err *err)
{
	const struct token_change change = { .label = label, .now = now };
	struct token token;
	struct auth_batch batch = {
		.kind = &token_kind, .record = &token, .selects = is_live, .data = &change
	};
	bool ok = auth_batch_find(store, &batch, err);

	if (ok && batch.found > 0)
		ok = err_set(
			err, ERR_CONFLICT, "label", "a live token is already labelled '%s'", label);
	auth_batch_free(&batch);
	return ok;
}

static bool make_token(struct store *store, const char *label,
	const struct credential_terms *wanted, struct token *token, struct err *err)
{
	*token = (struct token){ .login_password_changed = TOKEN_NO_LOGIN };
	if (!check_label(label, err) ||
		!credential_terms_create(store, wanted, &token->terms, err) ||
		!check_label_free(store, label, wanted->created, err))
		return false;
	auth_record_copy_text(token->label, sizeof(token->label), label);
	return true;
}

bool token_add(struct store *store, const char *label, const struct credential_terms *wanted,
	char text[AUTH_TOKEN_MAX], struct err *err)
{
	struct token token;

	return make_token(store, label, wanted, &token, err) && token_put(store, &token, text, err);
}

#define BEARER_CHARACTERS                                                \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" \
	"-._~+/="
#define DIFFERENT_MIN 8

static unsigned count_different(struct str text)
{
	bool seen[256] = { false };
	unsigned count = 0;

	for (size_t i = 0; i < text.len; i++) {
		count += !seen[(uint8_t)text.ptr[i]];
		seen[(uint8_t)text.ptr[i]] = true;
	}
	return count;
}

static bool check_given(struct str text, struct err *err)
{
	size_t good = 0;

	while (good < text.len && text.ptr[good] && strchr(BEARER_CHARACTERS, text.ptr[good]))
		good++;
	return (good == text.len && text.len >= TOKEN_GIVEN_MIN && text.len <= TOKEN_GIVEN_MAX &&
		       count_different(text) >= DIFFERENT_MIN) ||
	       err_set(err, ERR_INVALID, "token",
		       "a token is %d to %d letters, digits and -._~+/=, %d of them different",
		       TOKEN_GIVEN_MIN, TOKEN_GIVEN_MAX, DIFFERENT_MIN);
}

bool token_add_given(struct store *store, const char *label, const struct credential_terms *wanted,
	struct str text, struct err *err)
{
	struct token token;

	return check_given(text, err) && make_token(store, label, wanted, &token, err) &&
	       token_put_text(store, &token, text, err);
}

/* ---- ending ---- */

static void apply_revocation(void *record, const void *data)
{
	const struct token_change *change = data;
	struct token *token = record;

	token->terms.revoked = change->now;
}

/*
 * Repeats until a search finds no live token: a concurrent rotation may add one, and a search may
 * skip a record for want of memory. Success must mean that none is left.
 */
bool token_revoke(struct store *store, const char *label, int64_t now, struct err *err)
{
	const struct token_change change = { .label = label, .now = now };
	unsigned found, changed, total = 0;

	do {
		if (!change_tokens(
			    store, &change, is_live, apply_revocation, &found, &changed, err))
			return false;
		total += changed;
	} while (found > 0);
	return total > 0 || no_such_token(label, err);
}

static void apply_expiry(void *record, const void *data)
{
	const struct token_change *change = data;
	struct token *token = record;

	token->terms.expires = change->end;
}

bool token_expire(
	struct store *store, const char *label, int64_t expires, int64_t now, struct err *err)
{
	const struct token_change change = { .label = label, .now = now, .end = expires };
	unsigned found, changed;

	return check_label(label, err) &&
	       change_tokens(store, &change, is_current, apply_expiry, &found, &changed, err) &&
	       (changed > 0 || no_such_token(label, err));
}

/* ---- one token ---- */

struct record_change {
	const struct token_change *change;
	bool ends; /* revoke; else set the end */
};

static bool apply_to_record(void *record, const void *data, struct err *err)
{
	const struct record_change *wanted = data;
	struct token *token = record;

	if (wanted->ends) {
		if (token->terms.revoked == 0)
			apply_revocation(token, wanted->change);
		return true;
	}
	if (!is_current(token, wanted->change))
		return err_set(err, ERR_CONFLICT, "token",
			"the token has expired, is revoked or was replaced");
	apply_expiry(token, wanted->change);
	return true;
}

static bool change_record(
	struct store *store, const char *hash, const struct record_change *wanted, struct err *err)
{
	struct token token;
	const struct auth_record_update update = { &token_kind, hash, &token, apply_to_record,
		wanted };

	return auth_record_update(store, &update, err);
}

bool token_revoke_record(struct store *store, const char *hash, int64_t now, struct err *err)
{
	const struct token_change change = { .now = now };

	return change_record(store, hash, &(struct record_change){ &change, true }, err);
}

bool token_expire_record(
	struct store *store, const char *hash, int64_t expires, int64_t now, struct err *err)
{
	const struct token_change change = { .now = now, .end = expires };

	return change_record(store, hash, &(struct record_change){ &change, false }, err);
}

bool token_purge(struct store *store, const char *label, int64_t before,
	struct store_auth_place *place, unsigned *removed, struct err *err)
{
	const struct token_change change = { .label = label, .end = before };
	struct token token;
	struct auth_batch batch = {
		.kind = &token_kind, .record = &token, .selects = has_ended, .data = &change
	};
	bool ok = auth_batch_run_part(store, &batch, place, removed, err);

	auth_batch_free(&batch);
	return ok;
}

/* ---- rotation ---- */

static void apply_replacement(void *record, const void *data)
{
	const struct token_change *change = data;
	struct token *token = record;

	token->replaced_at = change->now;
	if (change->end == change->now)
		token->terms.revoked = change->now;
	else
		token->terms.expires = validity_earlier_end(token->terms.expires, change->end);
}

/* Unlike auth_batch_edit: a conflict undoes the transaction that also inserts the successor. */
static bool replace_record(struct str old, struct buf *value, void *data, struct err *err)
{
	struct auth_batch *batch = data;

	return auth_batch_edit(old, value, data, err) &&
	       (batch->changed || err_set(err, ERR_CONFLICT, "label",
					  "the token was changed concurrently; try again"));
}

static bool find_single(struct store *store, struct auth_batch *batch, const char *label,
	char hash[TOKEN_HASH_LEN + 1], struct err *err)
{
	struct str keys;

	if (!auth_batch_find(store, batch, err))
		return false;
	if (batch->found == 0)
		return no_such_token(label, err);
	if (batch->found > 1)
		return err_set(err, ERR_CONFLICT, "label", "%u live tokens are labelled '%s'",
			batch->found, label);
	keys = buf_str(&batch->keys);
	if (keys.len != TOKEN_HASH_LEN + 1)
		return no_such_token(label, err);
	memcpy(hash, keys.ptr, keys.len);
	return true;
}

static bool replace_token(struct store *store, struct auth_batch *batch, const char *old_hash,
	struct token_change *change, char text[AUTH_TOKEN_MAX], struct err *err)
{
	char hash[TOKEN_HASH_LEN + 1];
	struct token old, made;
	const struct store_auth_edit edits[] = {
		{ STORE_TOKENS, str_cstr(old_hash), replace_record, batch },
		{ STORE_TOKENS, { hash, TOKEN_HASH_LEN }, token_insert, &made },
	};

	if (!auth_record_get(store, &token_kind, old_hash, &old, err))
		return false;
	batch->selects = is_unchanged;
	batch->change = apply_replacement;
	batch->key = str_cstr(old_hash);
	made = old;
	change->old_end = old.terms.expires;
	return credential_terms_renew(store, &old.terms, change->now, &made.terms, err) &&
	       token_generate(text, hash, err) && store_auth_update(store, edits, 2, err);
}

bool token_rotate(struct store *store, const char *label, int64_t overlap, int64_t now,
	char text[AUTH_TOKEN_MAX], struct err *err)
{
	struct token_change change = { .label = label, .now = now, .end = now + overlap };
	struct token token;
	struct auth_batch batch = {
		.kind = &token_kind, .record = &token, .selects = is_current, .data = &change
	};
	char made[AUTH_TOKEN_MAX], old_hash[TOKEN_HASH_LEN + 1];
	bool ok = check_label(label, err) && find_single(store, &batch, label, old_hash, err) &&
		  replace_token(store, &batch, old_hash, &change, made, err);

	if (ok)
		memcpy(text, made, sizeof(made));
	explicit_bzero(made, sizeof(made));
	auth_batch_free(&batch);
	return ok;
}
