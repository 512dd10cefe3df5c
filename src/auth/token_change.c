#include "auth/grant.h"
#include "auth/token.h"

/* ---- finding and changing ---- */

/* Which tokens are meant, and what becomes of them. */
struct work {
	const char *label; /* NULL: any */
	bool (*fits)(const struct token *token, const struct work *work);
	void (*change)(struct token *token, const struct work *work); /* NULL: removed */
	int64_t now;
	int64_t then;	   /* the new end; or: those that ended before */
	int64_t expires;   /* the end until now */
	struct buf hashes; /* TOKEN_HASH_LEN bytes each, of those that were found */
	size_t found;	   /* how many those were */
	bool changed;	   /* the last of them: it was still as it was found */
};

static bool is_meant(const struct token *token, const struct work *work)
{
	return (!work->label || strcmp(token->label, work->label) == 0) && work->fits(token, work);
}

static bool take_meant(struct str hash, struct str value, void *data)
{
	struct work *work = data;
	struct token token;

	if (!token_read(value, &token))
		entry_unreadable(STORE_TOKENS);
	else if (hash.len == TOKEN_HASH_LEN && is_meant(&token, work))
		buf_put_str(&work->hashes, hash);
	return buf_ok(&work->hashes);
}

static bool find_tokens(struct store *store, struct work *work, struct err *err)
{
	return store_each_entry(store, STORE_TOKENS, take_meant, work, err) &&
	       (buf_ok(&work->hashes) || err_set(err, ERR_NO_MEMORY, NULL, NULL));
}

/* One that somebody changed meanwhile, so that it is not meant any more, stays as it is. */
static bool change_record(struct str old, struct buf *value, void *data, struct err *err)
{
	struct work *work = data;
	struct token token;

	/* It could be read a moment ago. */
	if (old.ptr && !token_read(old, &token))
		return err_set(err, ERR_INTERNAL, "token", "the token's record cannot be read");
	work->changed = old.ptr && is_meant(&token, work);
	if (!work->changed) {
		buf_put_str(value, old);
		return true;
	}
	if (!work->change)
		return true;
	work->change(&token, work);
	return entry_write(value, token_json(&token), err);
}

/* Changes those that are meant, each in a transaction of its own. */
static bool change_tokens(
	struct store *store, struct work *work, unsigned *changed, struct err *err)
{
	bool ok = find_tokens(store, work, err);

	*changed = 0;
	work->found = work->hashes.len / TOKEN_HASH_LEN;
	for (size_t at = 0; ok && at < work->hashes.len; at += TOKEN_HASH_LEN) {
		const struct store_edit edit = { STORE_TOKENS,
			{ work->hashes.data + at, TOKEN_HASH_LEN }, change_record, work };

		ok = store_edit_entries(store, &edit, 1, err);
		*changed += ok && work->changed;
	}
	buf_free(&work->hashes);
	return ok;
}

static bool no_such_token(const char *label, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "label", "there is no live token labelled %s", label);
}

static bool is_live(const struct token *token, const struct work *work)
{
	return terms_standing(&token->terms, work->now) == STANDING_LIVE;
}

/* The one that clients are to use. */
static bool is_current(const struct token *token, const struct work *work)
{
	return token->replaced == 0 && is_live(token, work);
}

/* ---- a new one ---- */

static bool check_label(const char *label, struct err *err)
{
	if (!entry_is_text(str_of(label), AUTH_NAME_MAX - 1))
		return err_set(err, ERR_INVALID, "label", "a label is 1 to %d bytes of text",
			AUTH_NAME_MAX - 1);
	if (strcmp(label, GRANT_LABEL) == 0)
		return err_set(err, ERR_INVALID, "label",
			"the label " GRANT_LABEL " is for the tokens of logins");
	return true;
}

static bool must_be_free(struct store *store, const char *label, int64_t now, struct err *err)
{
	struct work work = { .label = label, .fits = is_live, .now = now };
	bool ok = find_tokens(store, &work, err);

	if (ok && work.hashes.len > 0)
		ok = err_set(err, ERR_CONFLICT, "label", "a live token is labelled %s", label);
	buf_free(&work.hashes);
	return ok;
}

bool token_add(struct store *store, const char *label, const struct terms *wanted,
	char text[AUTH_TOKEN_MAX], struct err *err)
{
	struct token token = { .login = TOKEN_NO_LOGIN };

	if (!check_label(label, err) || !terms_make(store, wanted, &token.terms, err) ||
		!must_be_free(store, label, wanted->created, err))
		return false;
	entry_copy(token.label, sizeof(token.label), label);
	return token_put(store, &token, text, err);
}

/* ---- its end ---- */

static void revoke(struct token *token, const struct work *work)
{
	token->terms.revoked = work->now;
}

/*
 * Until a look finds none: somebody may just have put another in the place of one, or the last look
 * have left one out without memory. "Done" must not be said while one lives.
 */
bool token_revoke(struct store *store, const char *label, int64_t now, struct err *err)
{
	struct work work = { .label = label, .fits = is_live, .change = revoke, .now = now };
	unsigned changed, all = 0;

	do {
		if (!change_tokens(store, &work, &changed, err))
			return false;
		all += changed;
	} while (work.found > 0);
	return all > 0 || no_such_token(label, err);
}

static void set_end(struct token *token, const struct work *work)
{
	token->terms.expires = work->then;
}

bool token_expire(
	struct store *store, const char *label, int64_t expires, int64_t now, struct err *err)
{
	struct work work = {
		.label = label, .fits = is_current, .change = set_end, .now = now, .then = expires
	};
	unsigned changed;

	return check_label(label, err) && change_tokens(store, &work, &changed, err) &&
	       (changed > 0 || no_such_token(label, err));
}

static bool ended_before(const struct token *token, const struct work *work)
{
	int64_t end = terms_end(&token->terms);

	return end != 0 && end < work->then;
}

bool token_purge(
	struct store *store, const char *label, int64_t before, unsigned *removed, struct err *err)
{
	struct work work = { .label = label, .fits = ended_before, .then = before };

	return change_tokens(store, &work, removed, err);
}

/* ---- another in its place ---- */

static bool is_as_found(const struct token *token, const struct work *work)
{
	return is_current(token, work) && token->terms.expires == work->expires;
}

static void replace(struct token *token, const struct work *work)
{
	token->replaced = work->now;
	if (work->then == work->now)
		token->terms.revoked = work->now;
	else
		token->terms.expires = terms_sooner(token->terms.expires, work->then);
}

/* Unlike change_record: another is made only where this one is replaced. */
static bool replace_record(struct str old, struct buf *value, void *data, struct err *err)
{
	struct work *work = data;

	return change_record(old, value, data, err) &&
	       (work->changed || err_set(err, ERR_CONFLICT, "label",
					 "the token was changed by somebody else meanwhile"));
}

/* The hash of the one that is meant. */
static bool find_one(struct store *store, struct work *work, struct err *err)
{
	if (!find_tokens(store, work, err))
		return false;
	if (work->hashes.len == 0)
		return no_such_token(work->label, err);
	return work->hashes.len == TOKEN_HASH_LEN ||
	       err_set(err, ERR_CONFLICT, "label", "%zu live tokens are labelled %s",
		       work->hashes.len / TOKEN_HASH_LEN, work->label);
}

static bool swap_tokens(
	struct store *store, struct work *work, char text[AUTH_TOKEN_MAX], struct err *err)
{
	const struct str old_hash = buf_str(&work->hashes);
	char hash[TOKEN_HASH_LEN + 1];
	struct token token, made;
	const struct store_edit edits[] = {
		{ STORE_TOKENS, old_hash, replace_record, work },
		{ STORE_TOKENS, { hash, TOKEN_HASH_LEN }, token_write, &made },
	};

	if (!token_get(store, old_hash, &token, err))
		return false;
	made = token;
	work->fits = is_as_found;
	work->expires = token.terms.expires;
	return terms_renew(store, &token.terms, work->now, &made.terms, err) &&
	       token_make_text(text, hash, err) && store_edit_entries(store, edits, 2, err);
}

bool token_rotate(struct store *store, const char *label, int64_t overlap, int64_t now,
	char text[AUTH_TOKEN_MAX], struct err *err)
{
	struct work work = { .label = label,
		.fits = is_current,
		.change = replace,
		.now = now,
		.then = now + overlap };
	char made[AUTH_TOKEN_MAX];
	bool ok = check_label(label, err) && find_one(store, &work, err) &&
		  swap_tokens(store, &work, made, err);

	if (ok)
		memcpy(text, made, sizeof(made));
	explicit_bzero(made, sizeof(made));
	buf_free(&work.hashes);
	return ok;
}
