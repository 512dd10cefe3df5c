#include "sys/reach.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

#define GROUPS_MAX 256
#define MAY_ENTER  1U
#define MAY_WRITE  2U

struct subject {
	uid_t uid;
	gid_t groups[GROUPS_MAX];
	int count;
};

static bool find_subject(struct subject *subject, const char *name)
{
	const struct passwd *user = getpwnam(name);

	subject->count = GROUPS_MAX;
	if (!user || getgrouplist(name, user->pw_gid, subject->groups, &subject->count) < 0)
		return false;
	subject->uid = user->pw_uid;
	return true;
}

static bool has_group(const struct subject *subject, gid_t group)
{
	for (int i = 0; i < subject->count; i++) {
		if (subject->groups[i] == group)
			return true;
	}
	return false;
}

/* path_resolution(7): only the first class that matches counts. */
static bool is_permitted(const struct subject *subject, const struct stat *info, mode_t right)
{
	unsigned shift = info->st_uid == subject->uid	    ? 6
			 : has_group(subject, info->st_gid) ? 3
							    : 0;

	return subject->uid == 0 || (info->st_mode >> shift & right) != 0;
}

bool reach_check(const char *path, const char *user, struct err *err)
{
	char part[PATH_MAX];
	struct subject subject;
	struct stat info;

	if (strlen(path) >= sizeof(part) || !find_subject(&subject, user))
		return true;
	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(part, i + 1, "%s", path);
		if (stat(part, &info) == 0 && !is_permitted(&subject, &info, MAY_ENTER))
			return err_set(err, ERR_FORBIDDEN, "socket",
				"user %s may not enter %s (mode %04o)", user, part,
				(unsigned)info.st_mode & 07777);
	}
	return stat(path, &info) != 0 || is_permitted(&subject, &info, MAY_WRITE) ||
	       err_set(err, ERR_FORBIDDEN, "socket", "user %s may not open %s (mode %04o)", user,
		       path, (unsigned)info.st_mode & 07777);
}
