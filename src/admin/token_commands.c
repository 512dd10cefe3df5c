#include "admin/token_commands.h"

#include "admin/credential_options.h"
#include "admin/list.h"
#include "auth/token_change.h"
#include "base/clock.h"

static bool add_given(struct admin *admin, const char *label, const struct credential_terms *wanted,
	struct err *err)
{
	char line[TOKEN_GIVEN_MAX + 2];
	bool ok;

	admin_read_line(admin->in, line, sizeof(line));
	ok = token_add_given(admin->store, label, wanted, str_cstr(line), err);
	explicit_bzero(line, sizeof(line));
	return ok;
}

bool admin_token_add(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *label = call->options[ADMIN_LABEL];
	char text[AUTH_TOKEN_MAX];
	struct credential_terms wanted;

	label = label ? label : call->operand;
	if (!admin_parse_terms(call, &wanted, err))
		return false;
	if (call->options[ADMIN_SECRET])
		return add_given(admin, label, &wanted, err);
	if (!token_add(admin->store, label, &wanted, text, err))
		return false;
	admin_print_secret(admin, "", text, sizeof(text));
	return true;
}

static bool print_token(const struct token *token, void *data)
{
	struct admin_list *list = data;
	struct admin_terms_texts texts;
	enum validity validity;
	bool replaced;
	struct admin_cell row[1 + ADMIN_TERMS_CELLS + 2] = { { token->label, NULL } };

	if (!token_validity(list->admin->store, token, list->now, &validity, list->err)) {
		list->failed = true;
		return false;
	}
	replaced = validity == VALIDITY_LIVE && token->replaced_at != 0;
	admin_list_terms(row + 1, &token->terms, &texts);
	row[1 + ADMIN_TERMS_CELLS] = (struct admin_cell){ token->is_refresh ? "refresh" : "access",
		NULL };
	row[1 + ADMIN_TERMS_CELLS + 1] = (struct admin_cell){
		replaced ? "replaced" : admin_list_validity(validity), NULL
	};
	return admin_list_row(list, row, sizeof(row) / sizeof(row[0]));
}

bool admin_token_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct admin_list list;

	admin_list_begin(&list, admin, call, err);
	return admin_list_end(&list, token_each(admin->store, print_token, &list, err));
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
	admin_print_secret(admin, "", text, sizeof(text));
	return true;
}
