#pragma once
/* The user that the service runs as, and its directories: prepared before the store is opened. */
#include <sys/types.h>

#include "sys/conf.h"

struct service_user {
	uid_t uid;
	gid_t gid;	  /* also the group of the FastCGI socket */
	bool switch_user; /* started by root, and a user is configured */
	char name[CONF_TEXT_MAX];
};

/*
 * Looks up conf->user if started by root, else takes the current user; conf->group, if set,
 * replaces the user's own group. ERR_INVALID if the system does not know a name; err->field is the
 * option.
 */
bool service_user_find(struct service_user *owner, const struct conf *conf, struct err *err);
/*
 * Creates missing directories (home, regions, archive, those of the sockets) with the right owner.
 * ERR_INVALID if root would work in a home that belongs to a user other than the configured one, or
 * with regions in the folder of a third user.
 */
bool service_user_make_directories(
	const struct conf *conf, const struct service_user *owner, struct err *err);
/* For the end of a message about a file: what to do if errno is that of missing rights; else "". */
const char *service_user_hint(int error);
/* ERR_FORBIDDEN for such an errno, else ERR_INTERNAL. */
enum err_code service_user_error(int error);
/* Changes to the user permanently, if owner->switch_user. */
bool service_user_become(const struct service_user *owner, struct err *err);
