#include "auth/credential_terms.h"

#include "task/right.h"

/* ---- members of the record ---- */

bool credential_terms_decode(
	struct credential_terms *terms, const struct credential_terms_members *members)
{
	struct credential_terms copy = {
		.created = members->created,
		.expires = members->expires,
		.revoked = members->revoked,
	};

	/* An empty list would mean all dialects: reject it, it was meant to restrict. */
	if (members->dialects && !*members->dialects)
		return false;
	if (!auth_record_copy_text(copy.user, sizeof(copy.user), members->user) ||
		!auth_record_parse_rights(&copy.rights, members->rights) ||
		!auth_record_copy_text(copy.dialects, sizeof(copy.dialects),
			members->dialects ? members->dialects : ""))
		return false;
	*terms = copy;
	return true;
}

json_t *credential_terms_encode(const struct credential_terms *terms)
{
	char rights[RIGHTS_TEXT_SIZE];
	json_t *json;

	rights_format(terms->rights, rights, sizeof(rights));
	json = json_pack("{s:s, s:s, s:I, s:I}", "user", terms->user, "rights", rights, "created",
		(json_int_t)terms->created, "expires", (json_int_t)terms->expires);
	if (json &&
		(!terms->dialects[0] ||
			json_object_set_new(json, "dialects", json_string(terms->dialects)) == 0) &&
		auth_record_set_time(json, "revoked", terms->revoked))
		return json;
	json_decref(json);
	return NULL;
}

/* ---- new terms ---- */

static bool get_live_user(
	struct store *store, const char *name, int64_t now, struct user *user, struct err *err)
{
	static const char *const reasons[] = {
		[VALIDITY_EXPIRED] = "has expired",
		[VALIDITY_REVOKED] = "is revoked",
	};
	enum validity validity;

	if (!user_get(store, name, user, err))
		return false;
	validity = user_validity(user, now);
	return validity == VALIDITY_LIVE ||
	       err_set(err, ERR_CONFLICT, "user", "user '%s' %s", name, reasons[validity]);
}

/* narrow: drop the rights that the owner no longer has, for a renewal; else refuse them. */
static bool create(struct store *store, const struct credential_terms *wanted, bool narrow,
	struct credential_terms *made, struct err *err)
{
	struct credential_terms terms = { .created = wanted->created, .expires = wanted->expires };
	struct user owner;

	if (!auth_is_dialect_list(str_cstr(wanted->dialects)))
		return err_set(err, ERR_INVALID, "dialects", "dialects are names joined by commas");
	if (!get_live_user(store, wanted->user, wanted->created, &owner, err))
		return false;
	/* Never 0 in a record, which could be mistaken for "all of the user's rights". */
	terms.rights = wanted->rights ? wanted->rights & owner.rights : owner.rights;
	if (terms.rights == RIGHT_NONE)
		return err_set(err, ERR_INVALID, "rights", "user '%s' has none of these rights",
			wanted->user);
	if (!narrow && (wanted->rights & ~owner.rights) != 0)
		return err_set(err, ERR_INVALID, "rights",
			"user '%s' does not have all of these rights", wanted->user);
	auth_record_copy_text(terms.user, sizeof(terms.user), owner.name);
	auth_record_copy_text(terms.dialects, sizeof(terms.dialects), wanted->dialects);
	*made = terms;
	return true;
}

bool credential_terms_create(struct store *store, const struct credential_terms *wanted,
	struct credential_terms *made, struct err *err)
{
	return create(store, wanted, false, made, err);
}

bool credential_terms_renew(struct store *store, const struct credential_terms *old, int64_t now,
	struct credential_terms *made, struct err *err)
{
	struct credential_terms terms = *old;

	terms.created = now;
	terms.expires = validity_renewed_end(old->created, old->expires, now);
	return create(store, &terms, true, made, err);
}

/* ---- validity ---- */

enum validity credential_terms_validity(const struct credential_terms *terms, int64_t now)
{
	return validity_at(terms->revoked != 0, terms->expires, now);
}

bool credential_terms_ended_before(const struct credential_terms *terms, int64_t before)
{
	int64_t end = validity_earlier_end(terms->revoked, terms->expires);

	return end != 0 && end < before;
}

enum validity credential_terms_with_owner(
	const struct credential_terms *terms, const struct user *owner, int64_t now)
{
	enum validity of_terms = credential_terms_validity(terms, now);
	bool acts = owner->name[0] && (owner->rights & terms->rights) != RIGHT_NONE;
	enum validity of_user = acts ? user_validity(owner, now) : VALIDITY_REVOKED;

	return of_user > of_terms ? of_user : of_terms;
}

bool credential_terms_resolve(struct store *store, const struct credential_terms *terms,
	int64_t now, struct user *owner, enum validity *validity, struct err *err)
{
	struct user user = { 0 };

	if (!user_get_stored(store, terms->user, &user, err) && err->code != ERR_NOT_FOUND)
		return false;
	*validity = credential_terms_with_owner(terms, &user, now);
	*owner = user;
	return true;
}

bool credential_terms_identity(const struct credential_terms *terms, const struct user *owner,
	enum validity validity, struct identity *who, struct err *err)
{
	static const char *const reasons[] = {
		[VALIDITY_EXPIRED] = PRINCIPAL_EXPIRED,
		[VALIDITY_REVOKED] = PRINCIPAL_REVOKED,
	};

	if (validity != VALIDITY_LIVE)
		return err_set(err, ERR_UNAUTHENTICATED, reasons[validity], NULL);
	*who = (struct identity){ .rights = owner->rights & terms->rights,
		.expires = validity_earlier_end(terms->expires, owner->expires) };
	memcpy(who->user, owner->id, sizeof(who->user));
	memcpy(who->tenant, owner->tenant, sizeof(who->tenant));
	memcpy(who->dialects, terms->dialects, sizeof(who->dialects));
	return true;
}
