#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "sys/process_info.h"
#include "sys/service_user.h"

#define ORPHAN_GRACE_MS 2000
#define LOCK_TIMEOUT_MS 8000
/* A killed process may have closed the lock of its home, but not yet that of its regions. */
#define CLOSE_GRACE_MS 500
#define POLL_MS	       20
#define LOCK_PATH_MAX  (PATH_MAX + 8)

/* The file has the pid and the start time of the holder, so that a reused pid is recognised. */
static bool owner_is_alive(int fd, pid_t *owner)
{
	struct process_info stat;
	uint64_t start;
	char text[64];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	int pid;

	if (len <= 0)
		return false;
	text[len] = '\0';
	if (sscanf(text, "%d %" SCNu64, &pid, &start) != 2 || pid <= 0)
		return false;
	*owner = pid;
	/* Alive, but hidden: /proc is mounted with hidepid. */
	if (!process_info_read(pid, &stat))
		return kill(pid, 0) == 0 || errno == EPERM;
	return stat.state != 'Z' && stat.start == start;
}

/* Always of the same length, so that rewriting succeeds on a full disk. */
static bool write_owner(int fd)
{
	struct process_info stat = { 0 };
	char text[64];
	int len;

	process_info_read(getpid(), &stat);
	len = snprintf(text, sizeof(text), "%10d %20" PRIu64 "\n", (int)getpid(), stat.start);
	return pwrite(fd, text, (size_t)len, 0) == len;
}

/* Kills one orphan per call, and none twice in a row: the last one may still be exiting. */
static void kill_orphan(int fd, const char *path, pid_t *last)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK || lock.l_pid <= 0 ||
		lock.l_pid == *last || kill(lock.l_pid, SIGKILL) != 0)
		return;
	*last = lock.l_pid;
	log_warn("orphans", "killed process %d, an orphan that held %s", (int)lock.l_pid, path);
}

/* A lock, the message if another process has it, and the time to wait for it. */
struct lock_target {
	const char *folder, *option;
	const char *remedy;	  /* the end of the message */
	enum err_code held;	  /* the error if another process has it */
	int64_t grace_ms;	  /* for an owner that is alive */
	int64_t timeout_ms;	  /* for any */
	char path[LOCK_PATH_MAX]; /* of the file */
};

static bool fail(const struct lock_target *target, const char *what, struct err *err)
{
	return err_set(err, errno == ENOSPC ? ERR_DISK_FULL : service_user_error(errno),
		target->option, "%s cannot be %s: %s%s", target->path, what, strerror(errno),
		service_user_hint(errno));
}

/* A command ends by itself, for instance a backup; its lock keeps a service from starting. */
static bool fail_held(const struct lock_target *target, pid_t owner, struct err *err)
{
	struct process_info info;

	if (!*target->remedy && process_info_read(owner, &info) &&
		strcmp(info.name, "polytaskctl") == 0)
		return err_set(err, target->held, target->option,
			"polytaskctl (process %d) is using %s: wait until it ends", (int)owner,
			target->folder);
	return err_set(err, target->held, target->option, "process %d is using %s%s", (int)owner,
		target->folder, target->remedy);
}

/* Waits for the lock as long as only orphans hold it. */
static bool wait_for_lock(int fd, const struct lock_target *target, struct err *err)
{
	int64_t began = clock_mono_ms();
	pid_t owner = 0, killed = 0;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int64_t waited = clock_mono_ms() - began;

		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(target, "locked", err);
		/* A new holder writes its pid shortly after it has taken the lock. */
		if (owner_is_alive(fd, &owner) && waited >= target->grace_ms)
			return fail_held(target, owner, err);
		if (waited >= target->timeout_ms)
			return err_set(err, target->held, target->option,
				"another process holds %s%s", target->path, target->remedy);
		if (owner && waited > ORPHAN_GRACE_MS)
			kill_orphan(fd, target->path, &killed);
		poll(NULL, 0, POLL_MS);
	}
	return true;
}

static bool make_path(char path[LOCK_PATH_MAX], const char *folder)
{
	int len = snprintf(path, LOCK_PATH_MAX, "%s/lock", folder);

	return len > 0 && len < LOCK_PATH_MAX;
}

/* A cleaner of temporary files may have removed the file since it was opened. */
static bool is_in_place(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* The service's user owns the folder: root, which opens the file first, must not follow a link. */
static bool open_lock(const struct lock_target *target, int *fd, struct err *err)
{
	int opened = open(target->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (opened < 0)
		return fail(target, "opened", err);
	if (!wait_for_lock(opened, target, err)) {
		close(opened);
		return false;
	}
	*fd = opened;
	return true;
}

static bool take(struct lock_target target, int *fd, struct err *err)
{
	int lock = -1;

	if (!make_path(target.path, target.folder))
		return err_set(err, ERR_INVALID, target.option, "%s is too long", target.folder);
	do {
		if (lock >= 0)
			close(lock);
		if (!open_lock(&target, &lock, err))
			return false;
	} while (!is_in_place(lock, target.path));
	if (!write_owner(lock)) {
		/* Without it, the next instance would take us for orphans. */
		fail(&target, "written", err);
		close(lock);
		return false;
	}
	*fd = lock;
	return true;
}

bool lock_take(const char *home, int *fd, struct err *err)
{
	return take((struct lock_target){ .folder = home,
			    .option = "home",
			    .remedy = "",
			    .held = ERR_BUSY,
			    .timeout_ms = LOCK_TIMEOUT_MS },
		fd, err);
}

bool lock_take_regions(const char *regions, bool wait, int *fd, struct err *err)
{
	return take((struct lock_target){ .folder = regions,
			    .option = "regions",
			    .remedy = LOCK_REGIONS_REMEDY,
			    .held = ERR_CONFLICT,
			    .grace_ms = wait ? CLOSE_GRACE_MS : 0,
			    .timeout_ms = wait ? LOCK_TIMEOUT_MS : 0 },
		fd, err);
}

bool lock_try_file(const char *folder, const char *name, int *fd, bool *taken, struct err *err)
{
	struct lock_target target = { .folder = folder, .option = "home", .remedy = "" };
	int len = snprintf(target.path, sizeof(target.path), "%s/%s", folder, name), lock;
	bool held;

	if (len <= 0 || len >= (int)sizeof(target.path))
		return err_set(err, ERR_INVALID, target.option, "%s is too long", folder);
	lock = open(target.path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock < 0)
		return fail(&target, "opened", err);
	*taken = flock(lock, LOCK_EX | LOCK_NB) == 0;
	if (*taken) {
		*fd = lock;
		return true;
	}
	held = errno == EWOULDBLOCK || errno == EINTR;
	fail(&target, "locked", err);
	close(lock);
	return held;
}

bool lock_is_in_place(const char *folder, int fd)
{
	char path[LOCK_PATH_MAX];

	return make_path(path, folder) && is_in_place(fd, path);
}

bool lock_exists(const char *folder)
{
	struct stat info;
	char path[LOCK_PATH_MAX];

	return make_path(path, folder) && lstat(path, &info) == 0;
}

bool lock_is_held(const char *folder, pid_t *owner)
{
	char path[LOCK_PATH_MAX];
	int fd = make_path(path, folder)
			 ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
			 : -1;
	bool held;

	if (fd < 0)
		return false;
	held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK &&
	       owner_is_alive(fd, owner);
	close(fd);
	return held;
}

void lock_register_child(int fd)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETLK, &lock) != 0)
		log_warn("lock", "this process cannot be registered on the lock: %s",
			strerror(errno));
}
