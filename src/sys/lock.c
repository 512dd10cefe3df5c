#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "sys/process_info.h"

#define ORPHAN_GRACE_MS 2000
#define LOCK_TIMEOUT_MS 8000
#define POLL_MS		20

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

/* Waits for the lock as long as only orphans hold it. */
static bool wait_for_lock(int fd, const char *path, const char *home, struct err *err)
{
	int64_t began = clock_mono_ms();
	pid_t owner = 0, killed = 0;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int64_t waited = clock_mono_ms() - began;

		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(err, ERR_INTERNAL, "home", "%s cannot be locked: %s", path,
				strerror(errno));
		/* A new holder writes its pid shortly after it has taken the lock. */
		if (owner_is_alive(fd, &owner))
			return err_set(
				err, ERR_BUSY, "home", "process %d is using %s", (int)owner, home);
		if (waited > LOCK_TIMEOUT_MS)
			return err_set(err, ERR_BUSY, "home", "another process holds %s", path);
		if (owner && waited > ORPHAN_GRACE_MS)
			kill_orphan(fd, path, &killed);
		poll(NULL, 0, POLL_MS);
	}
	return true;
}

bool lock_take(const char *home, int *fd, struct err *err)
{
	char path[512];
	int lock;

	snprintf(path, sizeof(path), "%s/lock", home);
	/* The service's user owns the home: root, which opens it first, must not follow a link. */
	lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock < 0)
		return err_set(err, ERR_INTERNAL, "home", "%s cannot be opened: %s", path,
			strerror(errno));
	if (!wait_for_lock(lock, path, home, err))
		goto fail;
	if (!write_owner(lock)) {
		/* Without it, the next instance would take us for orphans. */
		err_set(err, ERR_INTERNAL, "home", "%s cannot be written: %s", path,
			strerror(errno));
		goto fail;
	}
	*fd = lock;
	return true;
fail:
	close(lock);
	return false;
}

void lock_register_child(int fd)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETLK, &lock) != 0)
		log_warn("lock", "this process cannot be registered on the lock: %s",
			strerror(errno));
}
