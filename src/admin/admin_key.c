#include "admin/admin_credential.h"
#include "base/clock.h"
#include "task/right.h"

/* --secret: as it stands there, or a line of the input. NULL: none is given. */
static const char *take_secret(
	struct admin *admin, const struct admin_call *call, char line[AUTH_SECRET_MAX + 2])
{
	if (!admin_reads_secret(call))
		return call->options[ADMIN_SECRET];
	credential_line(admin->in, line, AUTH_SECRET_MAX + 2);
	return line;
}

static void print_once(struct admin *admin, struct key *key)
{
	admin_print(admin, "id: %s", key->id);
	admin_print(admin, "secret: %s", key->secret);
	explicit_bzero(key, sizeof(*key));
}

bool admin_key_add(struct admin *admin, const struct admin_call *call, struct err *err)
{
	char line[AUTH_SECRET_MAX + 2] = "";
	struct terms wanted;
	struct key made;
	bool ok = credential_terms(call, &wanted, err) &&
		  key_add(admin->store, call->options[ADMIN_ID], take_secret(admin, call, line),
			  &wanted, &made, err);

	if (ok)
		print_once(admin, &made);
	explicit_bzero(line, sizeof(line));
	return ok;
}

bool admin_key_rotate(struct admin *admin, const struct admin_call *call, struct err *err)
{
	char line[AUTH_SECRET_MAX + 2] = "";
	int64_t overlap;
	struct key made;
	bool ok = credential_overlap(call, &overlap, err) &&
		  key_rotate(admin->store, call->operand, take_secret(admin, call, line), overlap,
			  clock_wall_ms(), &made, err);

	if (ok)
		print_once(admin, &made);
	explicit_bzero(line, sizeof(line));
	return ok;
}

static bool print_key(const struct key *key, void *data)
{
	struct listing *listing = data;
	const struct terms *terms = &key->terms;
	char rights[RIGHTS_TEXT_SIZE], made[CREDENTIAL_DATE], end[CREDENTIAL_DATE];
	char until[CREDENTIAL_DATE];
	bool overlaps = key->previous[0] && listing->now < key->previous_until;
	enum standing standing = STANDING_LIVE;
	bool known = key_standing(
		listing->admin->store, key, listing->now, &standing, listing->err);
	const struct cell row[] = {
		{ "id", key->id, NULL },
		{ "user", terms->user, NULL },
		{ "rights", rights, NULL },
		{ "expires", listing_date(terms->expires, end), "never" },
		{ "dialects", terms->dialects[0] ? terms->dialects : NULL, "all" },
		{ "created", listing_date(terms->created, made), "-" },
		{ "state", listing_standing(standing), NULL },
		{ "overlap", overlaps ? listing_date(key->previous_until, until) : NULL, "-" },
	};

	listing->failed = !known;
	rights_format(terms->rights, rights, sizeof(rights));
	return known && listing_row(listing, row, sizeof(row) / sizeof(row[0]));
}

bool admin_key_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct listing listing;

	listing_begin(&listing, admin, call, err);
	return key_each(admin->store, print_key, &listing, err) && !listing.failed;
}

bool admin_key_revoke(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return key_revoke(admin->store, call->operand, clock_wall_ms(), err);
}

bool admin_key_expire(struct admin *admin, const struct admin_call *call, struct err *err)
{
	int64_t expires;

	return credential_expiry(call, clock_wall_ms(), &expires, err) &&
	       key_expire(admin->store, call->operand, expires, err);
}
