#pragma once
/*
 * The ground a process stands on before it opens the store: directories and whom it runs as.
 */
#include <sys/types.h>

#include "sys/conf.h"

struct service_user {
	uid_t uid;
	gid_t gid;	  /* also the group of the FastCGI socket */
	bool switch_user; /* started by root, with a user configured */
	char name[CONF_TEXT_MAX];
};

/* Whom the configuration wants: conf->user and group when root asks, else whoever we are. */
bool service_user_find(struct service_user *owner, const struct conf *conf, struct err *err);
/*
 * Makes what is missing of home, regions, archive, and the sockets' directories; owned rightly.
 * ERR_INVALID when root is asked to work as one user in the home of another.
 */
bool service_user_make_directories(
	const struct conf *conf, const struct service_user *owner, struct err *err);
/* Becomes the owner for good; a no-op unless owner->change. */
bool service_user_become(const struct service_user *owner, struct err *err);
