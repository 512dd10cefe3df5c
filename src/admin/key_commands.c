#include "admin/key_commands.h"

#include "admin/credential_options.h"
#include "admin/list.h"
#include "auth/key.h"
#include "base/clock.h"

/* A line of the input if --secret is given, else NULL. */
static const char *read_secret(
	struct admin *admin, const struct admin_call *call, char line[AUTH_SECRET_MAX + 2])
{
	if (!call->options[ADMIN_SECRET])
		return NULL;
	admin_read_line(admin->in, line, AUTH_SECRET_MAX + 2);
	return line;
}

static void print_and_wipe(struct admin *admin, struct key *key)
{
	admin_print(admin, "id: %s", key->id);
	admin_print_secret(admin, "secret: ", key->secret, sizeof(key->secret));
	explicit_bzero(key->previous_secret, sizeof(key->previous_secret));
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
	struct admin_list *list = data;
	struct admin_terms_texts texts;
	char overlap_end[ADMIN_DATE_SIZE];
	bool overlaps = key->previous_secret[0] && list->now < key->previous_expires;
	enum validity validity;
	struct admin_cell row[1 + ADMIN_TERMS_CELLS + 2] = { { key->id, NULL } };

	if (!key_validity(list->admin->store, key, list->now, &validity, list->err)) {
		list->failed = true;
		return false;
	}
	admin_list_terms(row + 1, &key->terms, &texts);
	row[1 + ADMIN_TERMS_CELLS] = (struct admin_cell){ admin_list_validity(validity), NULL };
	row[2 + ADMIN_TERMS_CELLS] = (struct admin_cell){
		overlaps ? admin_list_date(key->previous_expires, overlap_end) : NULL, "-"
	};
	return admin_list_row(list, row, sizeof(row) / sizeof(row[0]));
}

bool admin_key_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct admin_list list;

	admin_list_begin(&list, admin, call, err);
	return admin_list_end(&list, key_each(admin->store, print_key, &list, err));
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
