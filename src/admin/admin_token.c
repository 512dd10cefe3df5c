#include "admin/admin_credential.h"
#include "base/clock.h"
#include "task/right.h"

static void print_and_wipe(struct admin *admin, char text[AUTH_TOKEN_MAX])
{
	admin_print(admin, "%s", text);
	explicit_bzero(text, AUTH_TOKEN_MAX);
}

bool admin_token_add(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *label = call->options[ADMIN_LABEL];
	char text[AUTH_TOKEN_MAX];
	struct credential_terms wanted;

	if (!admin_parse_terms(call, &wanted, err) ||
		!token_add(admin->store, label ? label : call->operand, &wanted, text, err))
		return false;
	print_and_wipe(admin, text);
	return true;
}

static bool print_token(const struct token *token, void *data)
{
	struct admin_list *admin_list = data;
	const struct credential_terms *terms = &token->terms;
	char rights[RIGHTS_TEXT_SIZE], made[ADMIN_DATE_SIZE], end[ADMIN_DATE_SIZE];
	enum validity validity = VALIDITY_LIVE;
	bool known = token_validity(
		admin_list->admin->store, token, admin_list->now, &validity, admin_list->err);
	bool replaced = validity == VALIDITY_LIVE && token->replaced_at != 0;
	const struct cell row[] = {
		{ "label", token->label, NULL },
		{ "user", terms->user, NULL },
		{ "rights", rights, NULL },
		{ "expires", admin_list_date(terms->expires, end), "never" },
		{ "dialects", terms->dialects[0] ? terms->dialects : NULL, "all" },
		{ "created", admin_list_date(terms->created, made), "-" },
		{ "state", replaced ? "replaced" : admin_list_validity(validity), NULL },
	};

	admin_list->failed = !known;
	rights_format(terms->rights, rights, sizeof(rights));
	return known && admin_list_row(admin_list, row, sizeof(row) / sizeof(row[0]));
}

bool admin_token_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct admin_list admin_list;

	admin_list_begin(&admin_list, admin, call, err);
	return token_each(admin->store, print_token, &admin_list, err) && !admin_list.failed;
}

bool admin_token_revoke(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return token_revoke(admin->store, call->operand, clock_wall_ms(), err);
}

bool admin_token_expire(struct admin *admin, const struct admin_call *call, struct err *err)
{
	int64_t now = clock_wall_ms(), expires;

	return admin_parse_expires(call, now, &expires, err) &&
	       token_expire(admin->store, call->operand, expires, now, err);
}

bool admin_token_rotate(struct admin *admin, const struct admin_call *call, struct err *err)
{
	char text[AUTH_TOKEN_MAX];
	int64_t overlap;

	if (!admin_parse_overlap(call, &overlap, err) ||
		!token_rotate(admin->store, call->operand, overlap, clock_wall_ms(), text, err))
		return false;
	print_and_wipe(admin, text);
	return true;
}
