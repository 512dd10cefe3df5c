/* Confinement of processes that connect to the server of a shared store. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "sys/confine.h"

/* Independent of the list in confine.c. With arguments of -1, none of these has an effect. */
static const char *const denied[] = { "execve", "socketpair", "bind", "listen", "kill", "tkill",
	"tgkill", "pidfd_open", "rt_sigqueueinfo", "fchownat", "mknodat", "setsid",
#ifndef POLYTASK_SANITIZED
	"clone", "clone3", "fork", "vfork", "ptrace",
#endif
	NULL };

static int count_permitted(const char *const *names)
{
	int wrong = 0;

	for (; *names; names++) {
		int number = seccomp_syscall_resolve_name(*names);

		errno = 0;
		if (number >= 0 &&
			(syscall(number, -1L, -1L, -1L, -1L, -1L, -1L) != -1 || errno != EPERM)) {
			fprintf(stderr, "# %s: %s\n", *names, strerror(errno));
			wrong++;
		}
	}
	return wrong;
}

/* Runs the function in a child process and returns its exit status. */
static int in_child(int (*act)(const unsigned *sockets), unsigned sockets)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(act(&sockets));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool has_seccomp(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

/* The families whose sockets can be made, as a set of enum confine_sockets; -1: others, too. */
static int families_of_client(void)
{
	static const int others[] = { AF_UNSPEC, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK };
	int inet = socket(AF_INET, SOCK_STREAM, 0), inet6 = socket(AF_INET6, SOCK_STREAM, 0);
	int local = socket(AF_UNIX, SOCK_STREAM, 0);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (socket(others[i], SOCK_STREAM, 0) >= 0 || errno != EPERM)
			return -1;
	}
	if (syscall(SYS_socket, 1L << 32 | AF_UNIX, SOCK_STREAM, 0) >= 0 || errno != EPERM)
		return -1;
	return (local >= 0 ? CONFINE_LOCAL : 0) | (inet >= 0 && inet6 >= 0 ? CONFINE_HOSTS : 0);
}

/* A process of a shared store connects to its server, and can do nothing else besides. */
static int use_server(const unsigned *sockets)
{
	struct sockaddr_un nobody = { .sun_family = AF_UNIX, .sun_path = "/nonexistent" };

	confine_supervisor();
	confine_child(CONFINE_CHILD, *sockets);
	if (count_permitted(denied) > 0)
		return 1;
	if (families_of_client() != (int)*sockets)
		return 2;
	if (*sockets & CONFINE_LOCAL && (connect(socket(AF_UNIX, SOCK_STREAM, 0),
						 (struct sockaddr *)&nobody, sizeof(nobody)) == 0 ||
						errno != ENOENT))
		return 3;
	return 0;
}

static void client_connects_by_the_sockets_of_its_server(void **state)
{
	static const unsigned sets[] = { CONFINE_LOCAL, CONFINE_HOSTS,
		CONFINE_LOCAL | CONFINE_HOSTS };

	(void)state;
	if (!has_seccomp())
		skip();
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		assert_int_equal(in_child(use_server, sets[i]), 0);
}

/* Its webhooks need hosts; a store at a local socket adds that. */
static int notify_with_a_local_server(const unsigned *sockets)
{
	confine_supervisor();
	confine_child(CONFINE_NOTIFIER, *sockets);
	return families_of_client() == (CONFINE_LOCAL | CONFINE_HOSTS) ? 0 : 1;
}

static void notifier_reaches_hosts_and_the_server(void **state)
{
	(void)state;
	if (!has_seccomp())
		skip();
	assert_int_equal(in_child(notify_with_a_local_server, CONFINE_LOCAL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(client_connects_by_the_sockets_of_its_server),
		CHECK(notifier_reaches_hosts_and_the_server),
	};

	return CHECK_RUN(tests);
}
