#include "sys/service_user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool service_user_find(struct service_user *owner, const struct conf *conf, struct err *err)
{
	struct service_user found = { .uid = geteuid(), .gid = getegid() };

	if (conf->user[0] && geteuid() == 0) {
		const struct passwd *user = getpwnam(conf->user);

		if (!user)
			return err_set(err, ERR_INVALID, "user", "there is no user %s", conf->user);
		found.uid = user->pw_uid;
		found.gid = user->pw_gid;
		found.switch_user = true;
		snprintf(found.name, sizeof(found.name), "%s", conf->user);
	}
	if (conf->group[0]) {
		const struct group *group = getgrnam(conf->group);

		if (!group)
			return err_set(
				err, ERR_INVALID, "group", "there is no group %s", conf->group);
		found.gid = group->gr_gid;
	}
	*owner = found;
	return true;
}

/*
 * By descriptor: in a directory of the service's user, the new directory may be replaced by a link
 * before root changes its owner. Only if something changes: the systemd unit forbids chown(2).
 */
static bool give_to_user(const char *path, mode_t mode, const struct service_user *owner)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat info;
	bool given = fd >= 0 && fstat(fd, &info) == 0 &&
		     ((info.st_uid == owner->uid && info.st_gid == owner->gid) ||
			     fchown(fd, owner->uid, owner->gid) == 0) &&
		     fchmod(fd, mode) == 0;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return given;
}

/* Creates the last component of the path; sets the owner only of a new one. */
static bool create_directory(
	const char *path, mode_t mode, const struct service_user *owner, struct err *err)
{
	struct stat info;

	if (mkdir(path, 0700) != 0) {
		if (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
			return true;
		return err_set(err, service_user_error(errno), "home", "%s cannot be created: %s%s",
			path, strerror(errno == EEXIST ? ENOTDIR : errno),
			service_user_hint(errno));
	}
	if (!give_to_user(path, mode, owner))
		return err_set(err, ERR_INTERNAL, "home", "the owner of %s cannot be set: %s", path,
			strerror(errno));
	return true;
}

/* Creates missing parents with mode 0755. A slash at the end of the path does not make a parent. */
static bool make_path(
	const char *path, mode_t mode, const struct service_user *owner, struct err *err)
{
	char part[CONF_TEXT_MAX];
	struct stat info;

	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/' || i >= sizeof(part) || !path[i + strspn(path + i, "/")])
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (stat(part, &info) != 0 && !create_directory(part, 0755, owner, err))
			return false;
	}
	return create_directory(path, mode, owner, err);
}

/* The web server reaches the socket by its group. */
static bool make_parent(const char *socket, const struct service_user *owner, struct err *err)
{
	char copy[CONF_SOCKET_MAX];

	snprintf(copy, sizeof(copy), "%s", socket);
	return make_path(dirname(copy), 0750, owner, err);
}

/* Root would create files in it that the service cannot open later. */
static bool check_home_owner(const char *home, const struct service_user *owner, struct err *err)
{
	struct stat info;

	return geteuid() != 0 || stat(home, &info) != 0 || info.st_uid == owner->uid ||
	       err_set(err, ERR_INVALID, "user",
		       "%s belongs to user %u: the option user must name it", home,
		       (unsigned)info.st_uid);
}

/* Another user's service could not open the lock that root would make there. */
static bool check_regions_owner(
	const char *regions, const struct service_user *owner, struct err *err)
{
	struct stat info;

	return geteuid() != 0 || stat(regions, &info) != 0 || info.st_uid == 0 ||
	       info.st_uid == owner->uid ||
	       err_set(err, ERR_INVALID, "regions",
		       "%s belongs to user %u: set regions to a folder of its own", regions,
		       (unsigned)info.st_uid);
}

bool service_user_make_directories(
	const struct conf *conf, const struct service_user *owner, struct err *err)
{
	bool files = !conf_is_shared(conf);

	return check_home_owner(conf->home, owner, err) &&
	       (!files || check_regions_owner(conf->regions, owner, err)) &&
	       make_path(conf->home, 0700, owner, err) && make_parent(conf->socket, owner, err) &&
	       make_parent(conf->control, owner, err) &&
	       (!files || make_path(conf->regions, 0700, owner, err)) &&
	       (!files || !conf->archive[0] || make_path(conf->archive, 0700, owner, err));
}

static bool is_about_rights(int error)
{
	return error == EACCES || error == EPERM;
}

const char *service_user_hint(int error)
{
	return is_about_rights(error) ? " (are you root or the service's user?)" : "";
}

enum err_code service_user_error(int error)
{
	return is_about_rights(error) ? ERR_FORBIDDEN : ERR_INTERNAL;
}

bool service_user_become(const struct service_user *owner, struct err *err)
{
	if (!owner->switch_user)
		return true;
	if (initgroups(owner->name, owner->gid) != 0 || setgid(owner->gid) != 0 ||
		setuid(owner->uid) != 0)
		return err_set(err, ERR_INTERNAL, "user", "cannot become %s: %s", owner->name,
			strerror(errno));
	if (owner->uid != 0 && setuid(0) == 0)
		return err_set(
			err, ERR_INTERNAL, "user", "root privileges were not dropped permanently");
	return true;
}
