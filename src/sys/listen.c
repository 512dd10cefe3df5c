#include "sys/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"

#define CLOSE_GRACE_MS 2000
#define CLOSE_POLL_MS  500 /* each look fills the queue of a listener that does not accept */

static bool set_address(struct sockaddr_un *un, const char *path)
{
	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	errno = ENAMETOOLONG;
	return (size_t)snprintf(un->sun_path, sizeof(un->sun_path), "%s", path) <
	       sizeof(un->sun_path);
}

/* connect(2) waits while the queue of the listener is full. 0: for ever. */
static void limit_connect(int sock, time_t seconds)
{
	struct timeval timeout = { .tv_sec = seconds };

	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static int new_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static bool socket_error(struct err *err, const char *path, const char *what)
{
	return err_set(
		err, ERR_INTERNAL, "socket", "%s cannot be %s: %s", path, what, strerror(errno));
}

bool listen_connect(int *fd, const char *path)
{
	struct sockaddr_un un;
	int sock;

	if (!set_address(&un, path))
		return false;
	sock = new_socket();
	if (sock < 0)
		return false;
	limit_connect(sock, LISTEN_CONNECT_SECONDS);
	if (connect(sock, (const struct sockaddr *)&un, sizeof(un)) != 0) {
		int error = errno;

		close(sock);
		errno = error;
		return false;
	}
	limit_connect(sock, 0);
	*fd = sock;
	return true;
}

/* A listener that does not accept is one, too. */
static bool has_listener(const char *path)
{
	int fd;

	if (!listen_connect(&fd, path))
		return errno == EAGAIN;
	close(fd);
	return true;
}

/*
 * The caller has the lock of the home, but a killed process of the instance before it may still be
 * closing its files, in their order: the lock first.
 */
static bool wait_for_end(const char *path)
{
	int64_t began = clock_mono_ms();
	bool listens;

	while ((listens = has_listener(path)) && clock_mono_ms() - began < CLOSE_GRACE_MS)
		poll(NULL, 0, CLOSE_POLL_MS);
	return !listens;
}

static bool remove_stale(const char *path, struct err *err)
{
	struct stat info;

	if (lstat(path, &info) != 0)
		return errno == ENOENT || socket_error(err, path, "looked at");
	if (!S_ISSOCK(info.st_mode))
		return err_set(err, ERR_INTERNAL, "socket", "%s exists and is not a socket", path);
	if (!wait_for_end(path))
		return err_set(err, ERR_BUSY, "socket", "another process listens on %s", path);
	return unlink(path) == 0 || socket_error(err, path, "replaced");
}

static bool set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	       fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/*
 * The umask sets the mode at creation. A later chmod by path could be redirected: in a directory of
 * the service's user, the path may have become a symbolic link.
 */
static bool bind_with_mode(int sock, const struct sockaddr_un *un, mode_t mode)
{
	mode_t mask = umask(0777 & ~mode);
	bool bound = bind(sock, (const struct sockaddr *)un, sizeof(*un)) == 0;

	umask(mask);
	return bound;
}

bool listen_bind(int *fd, const char *path, mode_t mode, uid_t owner, gid_t group, int backlog,
	struct err *err)
{
	struct sockaddr_un un;
	int sock = -1;

	if (!set_address(&un, path))
		return err_set(err, ERR_INVALID, "socket", "%s is too long for a socket", path);
	if (!remove_stale(path, err))
		return false;
	sock = new_socket();
	if (sock < 0 || !set_nonblocking(sock) || !bind_with_mode(sock, &un, mode)) {
		socket_error(err, path, "bound");
		goto fail;
	}
	/* Only if something changes: the systemd unit forbids chown(2). */
	if ((!(owner == (uid_t)-1 && group == (gid_t)-1) && lchown(path, owner, group) != 0) ||
		listen(sock, backlog) != 0) {
		socket_error(err, path, "opened");
		unlink(path);
		goto fail;
	}
	*fd = sock;
	return true;
fail:
	if (sock >= 0)
		close(sock);
	return false;
}

static bool is_listening(int fd)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value;
}

/* Moves it away from descriptor 0, which a child or a library would read as standard input. */
static bool move_stdin_socket(int *fd, struct err *err)
{
	int moved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_RDWR);

	if (moved < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0)
		return socket_error(err, "descriptor 0", "taken");
	if (null != STDIN_FILENO)
		close(null);
	*fd = moved;
	return true;
}

static bool take_passed(int *fd, int passed, struct err *err)
{
	if (!is_listening(passed))
		return err_set(err, ERR_INVALID, "socket",
			"a descriptor passed by systemd is not a listening socket");
	*fd = passed;
	return true;
}

static bool take_from_systemd(struct fcgi_sockets *sockets, int count, struct err *err)
{
	if (count > FCGI_SOCKETS)
		return err_set(err, ERR_INVALID, "socket",
			"systemd passed %d sockets instead of one or two", count);
	return take_passed(&sockets->main, SD_LISTEN_FDS_START, err) &&
	       (count == 1 || take_passed(&sockets->read, SD_LISTEN_FDS_START + 1, err));
}

static bool read_path(char *path, size_t size, const struct conf *conf)
{
	return (size_t)snprintf(path, size, "%s" LISTEN_READ_SUFFIX, conf->socket) < size;
}

static bool bind_both(struct fcgi_sockets *sockets, const struct conf *conf, uid_t owner,
	gid_t group, struct err *err)
{
	mode_t mode = (mode_t)conf->socket_mode;
	int backlog = (int)conf->backlog;
	char read[CONF_SOCKET_MAX];

	if (!read_path(read, sizeof(read), conf))
		return err_set(err, ERR_INVALID, "socket",
			"%s" LISTEN_READ_SUFFIX " is too long for a socket", conf->socket);
	if (!listen_bind(&sockets->main, conf->socket, mode, owner, group, backlog, err))
		return false;
	if (!listen_bind(&sockets->read, read, mode, owner, group, backlog, err)) {
		close(sockets->main);
		unlink(conf->socket);
		return false;
	}
	sockets->bound = true;
	return true;
}

bool listen_open(struct fcgi_sockets *sockets, const struct conf *conf, uid_t owner, gid_t group,
	struct err *err)
{
	struct fcgi_sockets opened = { .main = -1, .read = -1 };
	int passed = sd_listen_fds(1);
	bool ok = passed > 0		       ? take_from_systemd(&opened, passed, err)
		  : is_listening(STDIN_FILENO) ? move_stdin_socket(&opened.main, err)
					       : bind_both(&opened, conf, owner, group, err);

	if (!ok)
		return false;
	if (!set_nonblocking(opened.main) || (opened.read >= 0 && !set_nonblocking(opened.read)))
		return socket_error(err, conf->socket, "used");
	*sockets = opened;
	return true;
}

void listen_remove(const struct fcgi_sockets *sockets, const struct conf *conf)
{
	char read[CONF_SOCKET_MAX];

	if (!sockets->bound)
		return;
	unlink(conf->socket);
	if (read_path(read, sizeof(read), conf))
		unlink(read);
}
