#include "admin/admin_credential.h"
#include "base/clock.h"
#include "task/right.h"

/* --secret: as it stands there, or a line of the input. NULL: none is given. */
static const char *read_secret(
	struct admin *admin, const struct admin_call *call, char line[AUTH_SECRET_MAX + 2])
{
	if (!admin_reads_secret(call))
		return call->options[ADMIN_SECRET];
	admin_read_line(admin->in, line, AUTH_SECRET_MAX + 2);
	return line;
}

static void print_and_wipe(struct admin *admin, struct key *key)
{
	admin_print(admin, "id: %s", key->id);
	admin_print(admin, "secret: %s", key->secret);
	explicit_bzero(key, sizeof(*key));
}

bool admin_key_add(struct admin *admin, const struct admin_call *call, struct err *err)
{
	char line[AUTH_SECRET_MAX + 2] = "";
	struct credential_terms wanted;
	struct key made;
	bool ok = admin_parse_terms(call, &wanted, err) &&
		  key_add(admin->store, call->options[ADMIN_ID], read_secret(admin, call, line),
			  &wanted, &made, err);

	if (ok)
		print_and_wipe(admin, &made);
	explicit_bzero(line, sizeof(line));
	return ok;
}

bool admin_key_rotate(struct admin *admin, const struct admin_call *call, struct err *err)
{
	char line[AUTH_SECRET_MAX + 2] = "";
	int64_t overlap;
	struct key made;
	bool ok = admin_parse_overlap(call, &overlap, err) &&
		  key_rotate(admin->store, call->operand, read_secret(admin, call, line), overlap,
			  clock_wall_ms(), &made, err);

	if (ok)
		print_and_wipe(admin, &made);
	explicit_bzero(line, sizeof(line));
	return ok;
}

static bool print_key(const struct key *key, void *data)
{
	struct admin_list *admin_list = data;
	const struct credential_terms *terms = &key->terms;
	char rights[RIGHTS_TEXT_SIZE], made[ADMIN_DATE_SIZE], end[ADMIN_DATE_SIZE];
	char until[ADMIN_DATE_SIZE];
	bool overlaps = key->previous_secret[0] && admin_list->now < key->previous_expires;
	enum validity validity = VALIDITY_LIVE;
	bool known = key_validity(
		admin_list->admin->store, key, admin_list->now, &validity, admin_list->err);
	const struct cell row[] = {
		{ "id", key->id, NULL },
		{ "user", terms->user, NULL },
		{ "rights", rights, NULL },
		{ "expires", admin_list_date(terms->expires, end), "never" },
		{ "dialects", terms->dialects[0] ? terms->dialects : NULL, "all" },
		{ "created", admin_list_date(terms->created, made), "-" },
		{ "state", admin_list_validity(validity), NULL },
		{ "overlap", overlaps ? admin_list_date(key->previous_expires, until) : NULL, "-" },
	};

	admin_list->failed = !known;
	rights_format(terms->rights, rights, sizeof(rights));
	return known && admin_list_row(admin_list, row, sizeof(row) / sizeof(row[0]));
}

bool admin_key_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct admin_list admin_list;

	admin_list_begin(&admin_list, admin, call, err);
	return key_each(admin->store, print_key, &admin_list, err) && !admin_list.failed;
}

bool admin_key_revoke(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return key_revoke(admin->store, call->operand, clock_wall_ms(), err);
}

bool admin_key_expire(struct admin *admin, const struct admin_call *call, struct err *err)
{
	int64_t expires;

	return admin_parse_expires(call, clock_wall_ms(), &expires, err) &&
	       key_expire(admin->store, call->operand, expires, err);
}
