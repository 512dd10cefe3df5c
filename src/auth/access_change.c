#include "auth/access_run.h"
#include "auth/login_tokens.h"
#include "auth/token_change.h"
#include "base/date.h"
#include "base/log.h"

static bool refuse(struct err *err, const char *sentence)
{
	return err_set(err, ERR_CONFLICT, NULL, "%s", sentence);
}

/* The end as records have it, where 0 means never: so an end at the epoch is 1. */
static int64_t wanted_end(const struct access_run *run)
{
	int64_t end;

	if (!optional_time_is_set(run->query->end))
		return 0;
	end = optional_time_ms(run->query->end);
	return end != 0 ? end : 1;
}

/* ---- the log ---- */

static void put_text(struct buf *line, const char *name, struct str value)
{
	if (value.len == 0)
		return;
	buf_printf(line, ",\"%s\":", name);
	buf_put_json_string(line, value);
}

static void put_end(struct buf *line, int64_t end)
{
	char text[32] = "never";

	if (end != 0)
		date_format(text, sizeof(text), end, "%Y-%m-%dT%H:%M:%SZ");
	put_text(line, "expires", str_cstr(text));
}

/* Logs the event `access`, with the members of the event `admin` (admin/admin.c) that apply. */
static void note(const struct access_run *run, const char *verb, const char *operand,
	const char *owner, bool sets_end)
{
	struct buf line = BUF_INIT;

	if (log_begin(&line, LOG_INFO, "access")) {
		put_text(&line, "verb", str_cstr(verb));
		/* An operator may have passed a token as the label by mistake: do not log it. */
		if (!token_is_wellformed(str_cstr(operand)))
			put_text(&line, "operand", str_cstr(operand));
		put_text(&line, "owner", str_cstr(owner));
		if (sets_end)
			put_end(&line, wanted_end(run));
		put_text(&line, "tenant", run->tenant);
		put_text(&line, "user", run->actor);
		put_text(&line, "id", run->request);
		log_end(&line);
	}
	buf_free(&line);
}

/* ---- users ---- */

static bool end_user(struct access_run *run, struct err *err)
{
	struct user *user = &run->user;
	bool revokes = run->query->action == ACCESS_USER_REVOKE;

	if (str_eq(run->actor, str_cstr(user->id)))
		return refuse(err,
			"You cannot end your own user or change its end: another administrator or "
			"the operator can.");
	if (revokes && user->revoked)
		return true;
	if (user->revoked)
		return refuse(err, "The user is revoked, which is permanent.");
	if (revokes ? !user_revoke(run->store, user->name, err)
		    : !user_expire(run->store, user->name, wanted_end(run), err))
		return false;
	note(run, revokes ? "user revoke" : "user expire", user->name, "", !revokes);
	return user_get_stored(run->store, user->name, user, err);
}

bool access_change_user(struct access_run *run, struct err *err)
{
	if (!run->user.name[0])
		return err_set(err, ERR_NOT_FOUND, NULL, "There is no such user.");
	return run->query->action == ACCESS_USER || end_user(run, err);
}

/* ---- credentials ---- */

static bool revoke(struct access_run *run, const struct access_record *record, struct err *err)
{
	struct token_found login = { .token = record->token };

	switch (record->type) {
	case ACCESS_KEY:
		return key_revoke(run->store, record->key, run->now, err);
	case ACCESS_LOGIN:
		memcpy(login.hash, record->key, sizeof(login.hash));
		return login_tokens_end(run->store, &login, run->now, err);
	case ACCESS_TOKEN:
	case ACCESS_TYPES:
	default:
		return token_revoke_record(run->store, record->key, run->now, err);
	}
}

static bool check_end(
	const struct access_run *run, const struct access_record *record, struct err *err)
{
	const struct token *token = &record->token;
	const struct credential_terms *terms = record->is_key ? &record->signing.terms
							      : &token->terms;

	if (record->type == ACCESS_LOGIN)
		return refuse(err,
			"The end of a login cannot be changed: revoke it, or set the end of its user.");
	if (terms->revoked != 0)
		return refuse(err, "The credential is revoked, which is permanent.");
	if (record->is_key)
		return true;
	if (token->replaced_at != 0)
		return refuse(err, "The token was replaced: change the end of its successor.");
	return credential_terms_validity(terms, run->now) == VALIDITY_LIVE ||
	       refuse(err, "The token has expired, which is permanent.");
}

static bool set_end(struct access_run *run, const struct access_record *record, struct err *err)
{
	int64_t end = wanted_end(run);

	if (!check_end(run, record, err))
		return false;
	return record->is_key ? key_expire(run->store, record->key, end, err)
			      : token_expire_record(run->store, record->key, end, run->now, err);
}

bool access_change_credential(struct access_run *run, const struct access_record *record,
	const struct user *owner, struct err *err)
{
	static const char *const verbs[ACCESS_TYPES][2] = {
		[ACCESS_TOKEN] = { "token expire", "token revoke" },
		[ACCESS_LOGIN] = { "login expire", "login revoke" },
		[ACCESS_KEY] = { "key expire", "key revoke" },
	};
	bool revokes = run->query->action == ACCESS_CREDENTIAL_REVOKE;
	const struct credential_terms *terms = record->is_key ? &record->signing.terms
							      : &record->token.terms;

	if (run->query->action == ACCESS_CREDENTIAL)
		return true;
	/* A revocation of a login that was interrupted may have left its other token live. */
	if (revokes && terms->revoked != 0 && record->type != ACCESS_LOGIN)
		return true;
	if (revokes ? !revoke(run, record, err) : !set_end(run, record, err))
		return false;
	if (terms->revoked == 0)
		note(run, verbs[record->type][revokes],
			record->is_key ? record->key : record->token.label, owner->name, !revokes);
	return true;
}
