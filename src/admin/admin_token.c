#include "admin/admin_credential.h"
#include "base/clock.h"
#include "task/right.h"

static void print_once(struct admin *admin, char text[AUTH_TOKEN_MAX])
{
	admin_print(admin, "%s", text);
	explicit_bzero(text, AUTH_TOKEN_MAX);
}

bool admin_token_add(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *label = call->options[ADMIN_LABEL];
	char text[AUTH_TOKEN_MAX];
	struct terms wanted;

	if (!credential_terms(call, &wanted, err) ||
		!token_add(admin->store, label ? label : call->operand, &wanted, text, err))
		return false;
	print_once(admin, text);
	return true;
}

static bool print_token(const struct token *token, void *data)
{
	struct listing *listing = data;
	const struct terms *terms = &token->terms;
	char rights[RIGHTS_TEXT_SIZE], made[CREDENTIAL_DATE], end[CREDENTIAL_DATE];
	enum standing standing = STANDING_LIVE;
	bool known = token_standing(
		listing->admin->store, token, listing->now, &standing, listing->err);
	bool replaced = standing == STANDING_LIVE && token->replaced != 0;
	const struct cell row[] = {
		{ "label", token->label, NULL },
		{ "user", terms->user, NULL },
		{ "rights", rights, NULL },
		{ "expires", listing_date(terms->expires, end), "never" },
		{ "dialects", terms->dialects[0] ? terms->dialects : NULL, "all" },
		{ "created", listing_date(terms->created, made), "-" },
		{ "state", replaced ? "replaced" : listing_standing(standing), NULL },
	};

	listing->failed = !known;
	rights_format(terms->rights, rights, sizeof(rights));
	return known && listing_row(listing, row, sizeof(row) / sizeof(row[0]));
}

bool admin_token_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct listing listing;

	listing_begin(&listing, admin, call, err);
	return token_each(admin->store, print_token, &listing, err) && !listing.failed;
}

bool admin_token_revoke(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return token_revoke(admin->store, call->operand, clock_wall_ms(), err);
}

bool admin_token_expire(struct admin *admin, const struct admin_call *call, struct err *err)
{
	int64_t now = clock_wall_ms(), expires;

	return credential_expiry(call, now, &expires, err) &&
	       token_expire(admin->store, call->operand, expires, now, err);
}

bool admin_token_rotate(struct admin *admin, const struct admin_call *call, struct err *err)
{
	char text[AUTH_TOKEN_MAX];
	int64_t overlap;

	if (!credential_overlap(call, &overlap, err) ||
		!token_rotate(admin->store, call->operand, overlap, clock_wall_ms(), text, err))
		return false;
	print_once(admin, text);
	return true;
}
