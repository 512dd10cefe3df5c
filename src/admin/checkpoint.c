#include "admin/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* The turn is a lock on the home itself, which the kernel takes back from the dead. -1 in *fd: not
 * now. */
static bool lock_home(int *fd, const struct conf *conf, bool wait, struct err *err)
{
	int home = open(conf->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (home >= 0 && flock(home, wait ? LOCK_EX : LOCK_EX | LOCK_NB) == 0) {
		*fd = home;
		return true;
	}
	if (home >= 0 && errno == EWOULDBLOCK) {
		close(home);
		*fd = -1;
		return true;
	}
	err_set(err, ERR_INTERNAL, "home", "the home cannot be locked: %s", strerror(errno));
	if (home >= 0)
		close(home);
	return false;
}

bool checkpoint_write(struct store *store, const struct conf *conf, uint64_t min_kbytes, bool wait,
	struct err *err)
{
	int lock_fd;
	bool ok;

	if (!lock_home(&lock_fd, conf, wait, err))
		return false;
	if (lock_fd < 0)
		return true;
	ok = store_checkpoint(store, min_kbytes, 0, err);
	close(lock_fd);
	return ok;
}

bool checkpoint_trim(
	struct store *store, const struct conf *conf, bool wait, unsigned *removed, struct err *err)
{
	int lock_fd;
	bool ok;

	if (!lock_home(&lock_fd, conf, wait, err))
		return false;
	*removed = 0;
	if (lock_fd < 0)
		return true;
	ok = store_trim_logs(store, conf->archive, removed, err);
	close(lock_fd);
	return ok;
}
