#include "auth/token.h"
#include "auth/token_endpoint.h"

/* ---- finding and changing ---- */

/* Which tokens are meant, and what becomes of them. */
struct batch {
	const char *label; /* NULL: any */
	bool (*fits)(const struct token *token, const struct batch *batch);
	void (*change)(struct token *token, const struct batch *batch); /* NULL: removed */
	int64_t now;
	int64_t then;	   /* the new end; or: those that ended before */
	int64_t expires;   /* the end until now */
	struct buf hashes; /* TOKEN_HASH_LEN bytes each, of those that were found */
	size_t found;	   /* how many those were */
	bool changed;	   /* the last of them: it was still as it was found */
};

static bool is_selected(const struct token *token, const struct batch *batch)
{
	return (!batch->label || strcmp(token->label, batch->label) == 0) &&
	       batch->fits(token, batch);
}

static bool collect_selected(struct str hash, struct str value, void *data)
{
	struct batch *batch = data;
	struct token token;

	if (!token_read(value, &token))
		auth_record_log_unreadable(STORE_TOKENS);
	else if (hash.len == TOKEN_HASH_LEN && is_selected(&token, batch))
		buf_put_str(&batch->hashes, hash);
	return buf_ok(&batch->hashes);
}

static bool find_tokens(struct store *store, struct batch *batch, struct err *err)
{
	return store_auth_each(store, STORE_TOKENS, collect_selected, batch, err) &&
	       (buf_ok(&batch->hashes) || err_no_memory(err));
}

/* One that somebody changed meanwhile, so that it is not meant any more, stays as it is. */
static bool change_record(struct str old, struct buf *value, void *data, struct err *err)
{
	struct batch *batch = data;
	struct token token;

	/* It could be read a moment ago. */
	if (old.ptr && !token_read(old, &token))
		return err_set(err, ERR_INTERNAL, "token", "the token's record cannot be read");
	batch->changed = old.ptr && is_selected(&token, batch);
	if (!batch->changed) {
		buf_put_str(value, old);
		return true;
	}
	if (!batch->change)
		return true;
	batch->change(&token, batch);
	return auth_record_write(value, token_json(&token), err);
}

/* Changes those that are meant, each in a transaction of its own. */
static bool change_tokens(
	struct store *store, struct batch *batch, unsigned *changed, struct err *err)
{
	bool ok = find_tokens(store, batch, err);

	*changed = 0;
	batch->found = batch->hashes.len / TOKEN_HASH_LEN;
	for (size_t at = 0; ok && at < batch->hashes.len; at += TOKEN_HASH_LEN) {
		const struct store_auth_edit edit = { STORE_TOKENS,
			{ batch->hashes.data + at, TOKEN_HASH_LEN }, change_record, batch };

		ok = store_auth_update(store, &edit, 1, err);
		*changed += ok && batch->changed;
	}
	buf_free(&batch->hashes);
	return ok;
}

static bool no_such_token(const char *label, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "label", "there is no live token labelled %s", label);
}

static bool is_live(const struct token *token, const struct batch *batch)
{
	return credential_terms_validity(&token->terms, batch->now) == VALIDITY_LIVE;
}

/* The one that clients are to use. */
static bool is_current(const struct token *token, const struct batch *batch)
{
	return token->replaced_at == 0 && is_live(token, batch);
}

/* ---- a new one ---- */

static bool check_label(const char *label, struct err *err)
{
	if (!auth_record_is_text(str_cstr(label), AUTH_NAME_MAX - 1))
		return err_set(err, ERR_INVALID, "label", "a label is 1 to %d bytes of text",
			AUTH_NAME_MAX - 1);
	if (strcmp(label, TOKEN_ENDPOINT_LABEL) == 0)
		return err_set(err, ERR_INVALID, "label",
			"the label " TOKEN_ENDPOINT_LABEL " is for the tokens of logins");
	return true;
}

static bool check_label_free(struct store *store, const char *label, int64_t now, struct err *err)
{
	struct batch batch = { .label = label, .fits = is_live, .now = now };
	bool ok = find_tokens(store, &batch, err);

	if (ok && batch.hashes.len > 0)
		ok = err_set(err, ERR_CONFLICT, "label", "a live token is labelled %s", label);
	buf_free(&batch.hashes);
	return ok;
}

bool token_add(struct store *store, const char *label, const struct credential_terms *wanted,
	char text[AUTH_TOKEN_MAX], struct err *err)
{
	struct token token = { .login_password_changed = TOKEN_NO_LOGIN };

	if (!check_label(label, err) ||
		!credential_terms_create(store, wanted, &token.terms, err) ||
		!check_label_free(store, label, wanted->created, err))
		return false;
	auth_record_copy_text(token.label, sizeof(token.label), label);
	return token_put(store, &token, text, err);
}

/* ---- its end ---- */

static void apply_revocation(struct token *token, const struct batch *batch)
{
	token->terms.revoked = batch->now;
}

/*
 * Until a look finds none: somebody may just have put another in the place of one, or the last look
 * have left one out without memory. "Done" must not be said while one lives.
 */
bool token_revoke(struct store *store, const char *label, int64_t now, struct err *err)
{
	struct batch batch = {
		.label = label, .fits = is_live, .change = apply_revocation, .now = now
	};
	unsigned changed, all = 0;

	do {
		if (!change_tokens(store, &batch, &changed, err))
			return false;
		all += changed;
	} while (batch.found > 0);
	return all > 0 || no_such_token(label, err);
}

static void apply_expiry(struct token *token, const struct batch *batch)
{
	token->terms.expires = batch->then;
}

bool token_expire(
	struct store *store, const char *label, int64_t expires, int64_t now, struct err *err)
{
	struct batch batch = { .label = label,
		.fits = is_current,
		.change = apply_expiry,
		.now = now,
		.then = expires };
	unsigned changed;

	return check_label(label, err) && change_tokens(store, &batch, &changed, err) &&
	       (changed > 0 || no_such_token(label, err));
}

static bool ended_before(const struct token *token, const struct batch *batch)
{
	int64_t end = credential_terms_ended_at(&token->terms);

	return end != 0 && end < batch->then;
}

bool token_purge(
	struct store *store, const char *label, int64_t before, unsigned *removed, struct err *err)
{
	struct batch batch = { .label = label, .fits = ended_before, .then = before };

	return change_tokens(store, &batch, removed, err);
}

/* ---- another in its place ---- */

static bool is_unchanged(const struct token *token, const struct batch *batch)
{
	return is_current(token, batch) && token->terms.expires == batch->expires;
}

static void apply_replacement(struct token *token, const struct batch *batch)
{
	token->replaced_at = batch->now;
	if (batch->then == batch->now)
		token->terms.revoked = batch->now;
	else
		token->terms.expires = credential_terms_earlier(token->terms.expires, batch->then);
}

/* Unlike change_record: another is made only where this one is replaced. */
static bool replace_record(struct str old, struct buf *value, void *data, struct err *err)
{
	struct batch *batch = data;

	return change_record(old, value, data, err) &&
	       (batch->changed || err_set(err, ERR_CONFLICT, "label",
					  "the token was changed by somebody else meanwhile"));
}

/* The hash of the one that is meant. */
static bool find_single(struct store *store, struct batch *batch, struct err *err)
{
	if (!find_tokens(store, batch, err))
		return false;
	if (batch->hashes.len == 0)
		return no_such_token(batch->label, err);
	return batch->hashes.len == TOKEN_HASH_LEN ||
	       err_set(err, ERR_CONFLICT, "label", "%zu live tokens are labelled %s",
		       batch->hashes.len / TOKEN_HASH_LEN, batch->label);
}

static bool replace_token(
	struct store *store, struct batch *batch, char text[AUTH_TOKEN_MAX], struct err *err)
{
	const struct str old_hash = buf_str(&batch->hashes);
	char hash[TOKEN_HASH_LEN + 1];
	struct token token, made;
	const struct store_auth_edit edits[] = {
		{ STORE_TOKENS, old_hash, replace_record, batch },
		{ STORE_TOKENS, { hash, TOKEN_HASH_LEN }, token_insert, &made },
	};

	if (!token_get(store, old_hash, &token, err))
		return false;
	made = token;
	batch->fits = is_unchanged;
	batch->expires = token.terms.expires;
	return credential_terms_renew(store, &token.terms, batch->now, &made.terms, err) &&
	       token_generate(text, hash, err) && store_auth_update(store, edits, 2, err);
}

bool token_rotate(struct store *store, const char *label, int64_t overlap, int64_t now,
	char text[AUTH_TOKEN_MAX], struct err *err)
{
	struct batch batch = { .label = label,
		.fits = is_current,
		.change = apply_replacement,
		.now = now,
		.then = now + overlap };
	char made[AUTH_TOKEN_MAX];
	bool ok = check_label(label, err) && find_single(store, &batch, err) &&
		  replace_token(store, &batch, made, err);

	if (ok)
		memcpy(text, made, sizeof(made));
	explicit_bzero(made, sizeof(made));
	buf_free(&batch.hashes);
	return ok;
}
