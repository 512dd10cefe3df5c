#pragma once
/*
 * Internal to src/auth: the networks from which users have logged in, which login_limit.h treats
 * apart. A network is the result of limit_network(). A user's record has digests of the
 * USER_NETWORKS_MAX that were added last. A digest does not hide its network: IPv4 has few of them.
 */
#include "auth/user.h"

/* False also for a user without a name. */
bool user_knows_network(const struct user *user, struct str network);
/* Adds the network of a login, in place of the one that was added first. ERR_NOT_FOUND. */
bool user_add_network(struct store *store, const char *name, struct str network, struct err *err);
