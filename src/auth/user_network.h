#pragma once
/*
 * Internal to src/auth: the networks from which users have logged in, which login_limit.h treats
 * apart. A network is the result of limit_network(). A user's record has digests of the
 * USER_NETWORKS_MAX of the latest logins. A digest does not hide its network: IPv4 has few of them.
 */
#include "auth/user.h"

/* False also for a user without a name. */
bool user_knows_network(const struct user *user, struct str network);
/*
 * Puts the network first in the user's record, which keeps USER_NETWORKS_MAX of them. Writes
 * nothing if it is first already. `user` is the record as it was read at this login. ERR_NOT_FOUND.
 */
bool user_note_network(
	struct store *store, const struct user *user, struct str network, struct err *err);
